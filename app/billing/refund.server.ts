import type Stripe from "stripe";
import { type Db, type Sql, type Tx, transaction } from "~/db/transaction.server";
import {
  type Payment,
  type PaymentHint,
  readPayment,
  StripeAnswerError,
  sessionOfPayment,
} from "~/stripe/payment.server";
import { settleGrant } from "./clawback.server";
import { withDeadline } from "./deadline";
import { EventFault, mismatch } from "./event-faults";
import { lockOrder, type Order, orderUnknown, putInReview } from "./order.server";
import type { OrderStatus } from "./order-status";

// An order's later chapters, refund and dispute. Level-triggered: the event is a hint, Stripe is read again.

/** What was read of a payment, and since when (the database's clock, before the first call). */
export interface PaymentReading {
  orderId: string;
  readAt: Date;
  payment: Payment;
}

/** Slow answers of several calls add up, and who delivers waits 10 s at most. */
const READING_MS = 7_000;

/**
 * Finds the order of a payment and reads the payment from Stripe, in 7 s at most; no transaction is open. Null: not one of
 * ours. Throws a transient `EventFault` for a payment that is ours while its order is unknown, and what the client throws.
 */
export function readOrderPayment(sql: Sql, stripe: Stripe, hint: PaymentHint): Promise<PaymentReading | null> {
  const late = () => new StripeAnswerError(`no answer within ${READING_MS} ms`);
  return withDeadline(locateAndRead(sql, stripe, hint), READING_MS, late);
}

async function locateAndRead(sql: Sql, stripe: Stripe, hint: PaymentHint): Promise<PaymentReading | null> {
  const orderId = (await orderOfPayment(sql, hint)) ?? hint.orderId ?? (await orderAtStripe(stripe, hint));
  if (orderId === null) return null;
  const [order] = await sql<{ id: string; tenantId: string; readAt: Date }[]>`
    select id, tenant_id, now() as read_at from billing_order where id = ${orderId}`;
  if (!order) throw orderUnknown(orderId);
  const payment = await readPayment(stripe, hint);
  if (!payment) throw new EventFault("PAYMENT_PENDING", false, "Stripe does not know the payment", order);
  return { orderId: order.id, readAt: order.readAt, payment };
}

/**
 * Whether a reading that began later has been applied already: then this one has nothing to say. What its event was about
 * had happened before either began.
 */
export function isOvertaken(order: Order, reading: PaymentReading): boolean {
  return order.paymentReadAt !== null && order.paymentReadAt > reading.readAt;
}

/**
 * Brings a locked order to the state of its payment: status, refunded cents, clawback, hold. Throws a transient fault for
 * an order whose payment was not booked yet, a permanent one for another currency.
 * @param at when it happened, for the rows of the ledger
 * @returns whether anything was not so already
 */
export async function applyPayment(
  tx: Tx,
  order: Order,
  reading: PaymentReading,
  hint: PaymentHint,
  at: Date,
): Promise<boolean> {
  const { payment } = reading;
  if (payment.currency !== order.currency) throw mismatch("CURRENCY_MISMATCH", order.currency, payment.currency);
  if (!order.creditsGrantedAt) {
    // Set aside for a person, who has given the money back: there is nothing to take.
    if (!order.reviewReason) throw new EventFault("PAYMENT_PENDING", false, "not paid here yet", order);
    if (isThere(order, payment, order.status)) return false;
    await write(tx, order, reading, order.status);
    return true;
  }
  const paidCents = order.paidCents ?? 0;
  if (isThere(order, payment, statusOf(payment, paidCents))) return false;
  const { changed, spent } = await settleGrant(tx, order, {
    paidCents,
    refundedCents: payment.refundedCents,
    dispute: payment.dispute,
    wasOpen: order.disputeStatus === "open",
    refundId: hint.isDispute ? (payment.refundIds[0] ?? null) : (hint.subjectId ?? payment.refundIds[0] ?? null),
    disputeId: payment.disputeId,
    at,
  });
  await write(tx, order, reading, statusOf(payment, paidCents));
  if (changed) await noteShortfall(tx, order, spent);
  if (payment.refundedCents > paidCents) {
    await putInReview(tx, order, `REFUND_EXCEEDS_PAYMENT: ${payment.refundedCents} of ${paidCents}`);
  }
  return true;
}

/** Tells those who began to read before us that they have been overtaken, although there was nothing to write. */
export async function markRead(tx: Tx, order: Order, reading: PaymentReading): Promise<void> {
  await tx`
    update billing_order set payment_read_at = ${reading.readAt}
    where id = ${order.id} and tenant_id = ${order.tenantId}`;
}

function isThere(order: Order, payment: Payment, status: OrderStatus): boolean {
  return (
    order.status === status &&
    order.refundedCents === payment.refundedCents &&
    order.lostCents === payment.lostCents &&
    order.disputeStatus === payment.dispute &&
    order.stripeChargeId === payment.chargeId
  );
}

/**
 * Follows a payment without an event, for the reconciliation: the same reading, the same writing. Null: not one of ours.
 * Throws as `readOrderPayment` and `applyPayment` do.
 */
export async function followPayment(sql: Sql, stripe: Stripe, hint: PaymentHint): Promise<Payment | null> {
  const reading = await readOrderPayment(sql, stripe, hint);
  if (!reading) return null;
  await transaction(sql, async (tx) => {
    const [[order], [clock]] = await Promise.all([
      lockOrder(tx, reading.orderId),
      tx<{ now: Date }[]>`select now() as now`,
    ]);
    if (!order || !clock) throw orderUnknown(reading.orderId);
    if (!isOvertaken(order, reading)) await applyPayment(tx, order, reading, hint, clock.now);
  });
  return reading.payment;
}

/**
 * Notes charge and receipt on the order, and while it is unpaid a refused attempt; never a reason to grant. The first charge and
 * receipt stay, so that the order of the events does not matter.
 * @returns the order and whether anything was new; null if it is not ours
 */
export async function notePayment(
  db: Db,
  hint: PaymentHint,
  facts: { receiptUrl: string | null; failure: string | null },
): Promise<{ id: string; tenantId: string; changed: boolean } | null> {
  const [order] = await db<{ id: string; tenantId: string }[]>`
    select id, tenant_id from billing_order
    where stripe_payment_intent_id = ${hint.paymentIntentId}
      or (id = ${hint.orderId} and (${hint.paymentIntentId}::text is null
        or coalesce(stripe_payment_intent_id, ${hint.paymentIntentId}) = ${hint.paymentIntentId}))
    limit 1`;
  if (!order) return null;
  const { failure } = facts;
  const noted =
    failure === null
      ? await db`
        update billing_order
        set stripe_charge_id = coalesce(stripe_charge_id, ${hint.chargeId}),
          receipt_url = coalesce(receipt_url, ${facts.receiptUrl}), updated_at = now()
        where id = ${order.id} and tenant_id = ${order.tenantId}
          and ((stripe_charge_id is null and ${hint.chargeId}::text is not null)
            or (receipt_url is null and ${facts.receiptUrl}::text is not null))`
      : await db`
        update billing_order set payment_failure = ${failure}, updated_at = now()
        where id = ${order.id} and tenant_id = ${order.tenantId}
          and credits_granted_at is null and payment_failure is distinct from ${failure}`;
  return { ...order, changed: noted.count > 0 };
}

function statusOf(payment: Payment, paidCents: number): OrderStatus {
  if (payment.dispute === "open" || payment.dispute === "lost") return "DISPUTED";
  if (payment.refundedCents === 0) return "PAID";
  return payment.refundedCents >= paidCents ? "REFUNDED" : "PARTIALLY_REFUNDED";
}

async function write(tx: Tx, order: Order, { payment, readAt }: PaymentReading, status: OrderStatus): Promise<void> {
  await tx`
    update billing_order
    set status = ${status}, refunded_cents = ${payment.refundedCents}, lost_cents = ${payment.lostCents},
      dispute_status = ${payment.dispute}, stripe_charge_id = ${payment.chargeId},
      stripe_payment_intent_id = coalesce(stripe_payment_intent_id, ${payment.paymentIntentId}),
      receipt_url = coalesce(receipt_url, ${payment.receiptUrl}),
      payment_read_at = ${readAt}, updated_at = now()
    where id = ${order.id} and tenant_id = ${order.tenantId}`;
}

/** The reason follows the shortfall; a reason of another kind stays. */
async function noteShortfall(tx: Tx, order: Order, spent: Array<{ type: string; quantity: number }>): Promise<void> {
  const reason =
    spent.length > 0 ? `SHORTFALL: ${spent.map((it) => `${it.quantity} × ${it.type}`).join(", ")} already spent` : null;
  await tx`
    update billing_order set review_reason = ${reason}, updated_at = now()
    where id = ${order.id} and tenant_id = ${order.tenantId}
      and (review_reason is null or starts_with(review_reason, 'SHORTFALL'))`;
}

/** By payment intent, then by charge: older payloads have no payment intent. */
async function orderOfPayment(db: Db, hint: PaymentHint): Promise<string | null> {
  const [order] = await db<{ id: string }[]>`
    select id from billing_order
    where stripe_payment_intent_id = ${hint.paymentIntentId} or stripe_charge_id = ${hint.chargeId}
    order by stripe_payment_intent_id is not distinct from ${hint.paymentIntentId} desc
    limit 1`;
  return order?.id ?? null;
}

/** By the session that Stripe has for the payment; null when there is none of ours. */
async function orderAtStripe(stripe: Stripe, hint: PaymentHint): Promise<string | null> {
  const session = await sessionOfPayment(stripe, hint);
  return session === "foreign" ? null : (session.orderId ?? "");
}
