import type Stripe from "stripe";
import type { Sql } from "~/db/transaction.server";
import { type ListedCharge, listCharges, listSessions } from "~/stripe/listing.server";
import { isStripeTrouble, readSessionNow } from "~/stripe/payment.server";
import type { PaidSession } from "~/stripe/session.server";
import { zurichMonth } from "./expiry";
import { inParallel } from "./parallel";
import { followPayment, notePayment } from "./refund.server";
import { settleOrder } from "./settlement.server";

const BESIDE = 4;

/** Sums of one month and currency, in cents: what Stripe says, what the orders say, what the grants were worth at sale. */
export interface BookSums {
  payments: number;
  refunds: number;
  lost: number;
  ordersPaid: number;
  ordersRefunded: number;
  ordersLost: number;
  granted: number;
}

export type Books = Record<string, BookSums>;

/** What a run has counted so far. */
export interface Tally {
  checked: number;
  healed: number;
  differences: Array<{ kind: string; subject: string; detail: string }>;
  books: Books;
}

interface ComparedOrder {
  id: string;
  tenantId: string;
  sessionId: string | null;
  paymentIntentId: string | null;
  chargeId: string | null;
  currency: string;
  paidCents: number | null;
  refundedCents: number;
  lostCents: number;
  disputeStatus: "open" | "won" | "lost" | null;
  granted: boolean;
  reviewReason: string | null;
}

/**
 * Each completed session of ours must have its order, each paid one its grant; each granted order a paid session. Missing
 * grants are healed through the return page's motor; the rest is named.
 */
export async function compareSessions(sql: Sql, stripe: Stripe, since: Date, tally: Tally): Promise<void> {
  const seen = new Set<string>();
  for await (const page of listSessions(stripe, since)) {
    const paid = page.filter((session) => session.paymentStatus !== "unpaid");
    const orders = await ordersOf(sql, { ids: paid.map((session) => session.orderId) });
    await inParallel(paid, BESIDE, async (session) => {
      tally.checked += 1;
      if (session.orderId) seen.add(session.orderId);
      const order = orders.find((it) => it.id === session.orderId);
      if (!order) return name(tally, "SESSION_WITHOUT_ORDER", `session ${session.id}`, `order ${session.orderId}`);
      await compareSession(sql, stripe, session, order, tally);
    });
  }
  const granted = await sql<{ id: string; sessionId: string | null }[]>`
    select id, stripe_checkout_session_id as session_id from billing_order where paid_at >= ${since}`;
  const unseen = granted.filter((order) => !seen.has(order.id));
  await inParallel(unseen, BESIDE, async ({ id, sessionId }) => {
    tally.checked += 1;
    const found = sessionId ? await readSessionNow(stripe, sessionId) : null;
    const paid = found && typeof found === "object" && found.session.paymentStatus !== "unpaid";
    if (!paid) name(tally, "ORDER_WITHOUT_PAID_SESSION", `order ${id}`, `session ${sessionId}`);
  });
}

async function compareSession(sql: Sql, stripe: Stripe, session: PaidSession, order: ComparedOrder, tally: Tally) {
  if (order.granted) {
    if (order.sessionId !== session.id) {
      name(tally, "SESSION_DIFFERS", `order ${order.id}`, `paid by ${order.sessionId} and by ${session.id}`);
    } else if (session.amountTotal !== order.paidCents) {
      name(tally, "AMOUNT_DIFFERS", `order ${order.id}`, `Stripe ${session.amountTotal}, order ${order.paidCents}`);
    }
    return;
  }
  const settled = order.reviewReason ? "review" : await settleOrder(sql, stripe, order, session.id);
  if (settled === "fulfil") tally.healed += 1;
  // "nothing": somebody else has just booked it.
  else if (settled !== "nothing") {
    name(tally, "PAYMENT_NOT_GRANTED", `order ${order.id}`, order.reviewReason ?? `session ${session.id}: ${settled}`);
  }
}

/** Each charge of ours against its order: amount, refunds, disputes. What differs is read again and followed. */
export async function comparePayments(sql: Sql, stripe: Stripe, since: Date, tally: Tally): Promise<void> {
  for await (const page of listCharges(stripe, since)) {
    const keys = {
      ids: page.map((charge) => charge.orderId),
      paymentIntents: page.map((charge) => charge.paymentIntentId),
    };
    const orders = await ordersOf(sql, keys);
    await inParallel(page, BESIDE, async (charge) => {
      const order = orderOf(orders, charge);
      if (!order) {
        if (charge.orderId !== null) {
          name(tally, "PAYMENT_WITHOUT_ORDER", `charge ${charge.id}`, `order ${charge.orderId}`);
        }
        return;
      }
      tally.checked += 1;
      add(tally.books, charge, await compareCharge(sql, stripe, charge, order, tally));
    });
  }
}

/** @returns the order as it stands afterwards */
async function compareCharge(
  sql: Sql,
  stripe: Stripe,
  charge: ListedCharge,
  order: ComparedOrder,
  tally: Tally,
): Promise<ComparedOrder> {
  if (!order.granted) return order; // named with its session
  const subject = `order ${order.id}`;
  if (charge.amountCents !== order.paidCents || charge.currency !== order.currency) {
    const theirs = `${charge.amountCents} ${charge.currency}`;
    name(tally, "AMOUNT_DIFFERS", subject, `charge ${theirs}, order ${order.paidCents} ${order.currency}`);
  }
  const hint = {
    paymentIntentId: charge.paymentIntentId ?? order.paymentIntentId,
    chargeId: charge.id,
    subjectId: null,
    isDispute: false,
    orderId: order.id,
  };
  const isOpen = charge.disputed && (order.disputeStatus === null || order.disputeStatus === "open");
  if (charge.refundedCents !== order.refundedCents || isOpen) {
    const before = order;
    await followPayment(sql, stripe, hint).catch((error: Error) => {
      if (isStripeTrouble(error)) throw error;
      name(tally, "REFUND_DIFFERS", subject, error.message);
    });
    const [after] = await ordersOf(sql, { ids: [order.id] });
    if (!after) return order;
    if (after.refundedCents !== before.refundedCents || after.disputeStatus !== before.disputeStatus) tally.healed += 1;
    return after;
  }
  if (order.chargeId === null) await notePayment(sql, hint, { receiptUrl: charge.receiptUrl, failure: null });
  return order;
}

async function ordersOf(
  sql: Sql,
  keys: { ids: Array<string | null>; paymentIntents?: Array<string | null> },
): Promise<ComparedOrder[]> {
  // Ids of ours are short and plain; a list must not be empty.
  const plain = (list: Array<string | null> = []) => [
    "",
    ...list.filter((id) => /^[\x21-\x7e]{1,255}$/.test(id ?? "")),
  ];
  return sql<ComparedOrder[]>`
    select id, tenant_id, stripe_checkout_session_id as session_id, stripe_payment_intent_id as payment_intent_id,
      stripe_charge_id as charge_id, currency, paid_cents, refunded_cents, lost_cents, dispute_status,
      credits_granted_at is not null as granted, review_reason
    from billing_order
    where id in ${sql(plain(keys.ids))} or stripe_payment_intent_id in ${sql(plain(keys.paymentIntents))}`;
}

function orderOf(orders: ComparedOrder[], charge: ListedCharge): ComparedOrder | undefined {
  const byPayment = orders.find((it) => it.paymentIntentId !== null && it.paymentIntentId === charge.paymentIntentId);
  return byPayment ?? orders.find((it) => it.id === charge.orderId);
}

function add(books: Books, charge: ListedCharge, order: ComparedOrder): void {
  const key = `${zurichMonth(charge.createdAt)} ${charge.currency}`;
  books[key] ??= { payments: 0, refunds: 0, lost: 0, ordersPaid: 0, ordersRefunded: 0, ordersLost: 0, granted: 0 };
  const sums = books[key];
  sums.payments += charge.amountCents;
  sums.refunds += charge.refundedCents;
  sums.lost += charge.disputed && order.disputeStatus === "lost" ? order.lostCents : 0;
  sums.ordersPaid += order.paidCents ?? 0;
  sums.ordersRefunded += order.refundedCents;
  sums.ordersLost += order.lostCents;
  sums.granted += order.granted ? (order.paidCents ?? 0) : 0;
}

function name(tally: Tally, kind: string, subject: string, detail: string): void {
  tally.differences.push({ kind, subject, detail });
}
