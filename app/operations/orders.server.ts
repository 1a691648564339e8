import { z } from "zod";
import { type Actor, recordChange } from "~/billing/audit.server";
import { lockOrder } from "~/billing/order.server";
import { type OrderItem, pageOfOrders } from "~/billing/order-history.server";
import type { OrderStatus } from "~/billing/order-status";
import { ORDER_STATUSES } from "~/billing/order-status";
import { type Cursor, countUpTo, type Page } from "~/billing/paging.server";
import { plainText } from "~/billing/schemas.server";
import { type Db, type Fragment, type Sql, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";

/** `?status=`, `?pruefung=1`, `?tenant=` and `?suche=` of the list of all orders. */
export const orderQuery = z.object({
  cursor: z.string().optional(),
  status: z.enum(ORDER_STATUSES, { message: "Diesen Status gibt es nicht." }).optional(),
  pruefung: z.literal("1").optional(),
  tenant: plainText(100).optional(),
  suche: plainText(200).optional(),
});

/** Which orders of all tenants; each part narrows the list. */
export interface OrderFilter {
  status?: OrderStatus | undefined;
  inReview: boolean;
  tenantId?: string | undefined;
  /** An order's id or number, a session, payment intent or charge, an e-mail, or a tenant. */
  text?: string | undefined;
}

/** An order with the name of its tenant. */
export interface FoundOrder extends OrderItem {
  tenantName: string;
}

/** More tenants than that fit no search that means anything. */
const MOST_TENANTS = 50;

/** One page of the orders of all tenants, newest first, and how many there are, counted to a thousand. */
export async function findOrders(
  db: Db,
  filter: OrderFilter,
  cursor: Cursor | null,
  limit: number,
): Promise<{ page: Page<FoundOrder>; total: number | "many" }> {
  const where = conditionOf(db, filter, filter.text ? await meant(db, filter.text) : null);
  const [page, total] = await Promise.all([
    pageOfOrders(db, where, cursor, limit),
    countUpTo(db, db`select 1 from billing_order where ${where}`),
  ]);
  const ids = [...new Set(page.items.map(({ tenantId }) => tenantId))];
  const names = await db<{ id: string; name: string }[]>`
    select id, name from tenant where id in ${db(ids.length > 0 ? ids : [""])}`;
  const nameOf = new Map(names.map(({ id, name }) => [id, name]));
  const items = page.items.map((order) => ({ ...order, tenantName: nameOf.get(order.tenantId) ?? "" }));
  return { page: { ...page, items }, total };
}

/** What a search text means. A fragment of SQL cannot be awaited: postgres.js would send it. */
type Meaning =
  | {
      by: "number" | "stripe_checkout_session_id" | "stripe_payment_intent_id" | "stripe_charge_id" | "id";
      value: string;
    }
  | { by: "email"; value: string }
  | { by: "tenants"; ids: string[] };

function conditionOf(db: Db, { status, inReview, tenantId }: OrderFilter, meaning: Meaning | null): Fragment {
  return db`
    true ${status ? db`and status = ${status}` : db``} ${inReview ? db`and review_reason is not null` : db``}
    ${tenantId ? db`and tenant_id = ${tenantId}` : db``} ${meaning ? meaningOf(db, meaning) : db``}`;
}

function meaningOf(db: Db, meaning: Meaning): Fragment {
  if (meaning.by === "tenants") {
    return meaning.ids.length > 0 ? db`and tenant_id in ${db(meaning.ids)}` : db`and false`;
  }
  if (meaning.by === "email") return db`and user_id in (select id from app_user where lower(email) = ${meaning.value})`;
  return db`and ${db(meaning.by)} = ${meaning.value}`;
}

/** Ids and numbers say by their form what they are; the rest is an order's id, an e-mail or a tenant. */
async function meant(db: Db, text: string): Promise<Meaning> {
  if (/^LR-\d{4}-\d{6,}$/i.test(text)) return { by: "number", value: text.toUpperCase() };
  if (text.startsWith("cs_")) return { by: "stripe_checkout_session_id", value: text };
  if (text.startsWith("pi_")) return { by: "stripe_payment_intent_id", value: text };
  if (/^(ch|py)_/.test(text)) return { by: "stripe_charge_id", value: text };
  if (text.includes("@")) return { by: "email", value: text.toLowerCase() };
  const [order] = await db<{ id: string }[]>`select id from billing_order where id = ${text}`;
  if (order) return { by: "id", value: order.id };
  const prefix = `${text.toLowerCase().replaceAll(/[\\%_]/g, "\\$&")}%`;
  const tenants = await db<{ id: string }[]>`
    select id from tenant where id = ${text} or slug = ${text} or lower(name) like ${prefix} limit ${MOST_TENANTS}`;
  return { by: "tenants", ids: tenants.map(({ id }) => id) };
}

/** Which tenant an order belongs to, for staff. Throws NOT_FOUND. */
export async function tenantOfOrder(db: Db, orderId: string): Promise<string> {
  const [order] = await db<{ tenantId: string }[]>`select tenant_id from billing_order where id = ${orderId}`;
  if (!order) throw new DomainError("NOT_FOUND");
  return order.tenantId;
}

/** What staff see of an order beside what its tenant sees. */
export interface OrderDesk {
  id: string;
  tenantId: string;
  tenantName: string;
  number: string;
  currency: string;
  status: OrderStatus;
  paidCents: number | null;
  refundedCents: number;
  lostCents: number;
  grantedAt: Date | null;
  sessionId: string | null;
  paymentIntentId: string | null;
  chargeId: string | null;
  reviewReason: string | null;
  failureReason: string | null;
  paymentFailure: string | null;
  events: Array<{ id: string; type: string; status: string; errorMessage: string | null; receivedAt: Date }>;
}

/** Reads what staff need to look into an order. Its newest 50 events. Throws NOT_FOUND. */
export async function readOrderDesk(db: Db, orderId: string): Promise<OrderDesk> {
  const [[order], events] = await Promise.all([
    db<Omit<OrderDesk, "events">[]>`
      select o.id, o.tenant_id, t.name as tenant_name, o.number, o.currency, o.status, o.paid_cents, o.refunded_cents, o.lost_cents,
        o.credits_granted_at as granted_at, o.stripe_checkout_session_id as session_id,
        o.stripe_payment_intent_id as payment_intent_id, o.stripe_charge_id as charge_id, o.review_reason, o.failure_reason,
        o.payment_failure
      from billing_order o join tenant t on t.id = o.tenant_id
      where o.id = ${orderId}`,
    db<OrderDesk["events"]>`
      select id, type, status, error_message, received_at from stripe_event where order_id = ${orderId}
      order by received_at desc, id desc limit 50`,
  ]);
  if (!order) throw new DomainError("NOT_FOUND");
  return { ...order, events };
}

/**
 * Ends a person's look into an order: the reason goes away, with a note that stays. Nothing is granted or taken by it.
 * Throws NOT_FOUND, and INVALID_STATE when nobody has to look.
 */
export function resolveReview(sql: Sql, actor: Actor, orderId: string, note: string): Promise<void> {
  return transaction(sql, async (tx) => {
    const [order] = await lockOrder(tx, orderId);
    if (!order) throw new DomainError("NOT_FOUND");
    if (order.reviewReason === null) throw new DomainError("INVALID_STATE");
    await tx`
      update billing_order set review_reason = null, updated_at = now()
      where id = ${orderId} and tenant_id = ${order.tenantId}`;
    await recordChange(tx, actor, {
      action: "REVIEW_RESOLVED",
      subject: { type: "ORDER", id: orderId },
      tenantId: order.tenantId,
      before: { reviewReason: order.reviewReason },
      after: { reviewReason: null },
      reason: note,
    });
  });
}
