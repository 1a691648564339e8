import type { Db, Fragment } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import type { CreditType, Grants } from "./credit-types";
import type { LedgerReason } from "./ledger-reasons";
import type { OrderStatus } from "./order-status";
import { type Cursor, type Page, pageOf } from "./paging.server";

/** An order as the API gives it: the columns of the contract. Amounts in cents. */
export interface OrderItem extends Grants {
  id: string;
  number: string;
  tenantId: string;
  skuId: string;
  userId: string | null;
  status: OrderStatus;
  currency: string;
  amountCents: number;
  stripePriceId: string;
  creditExpiresInDays: number;
  stripeCheckoutSessionId: string | null;
  stripePaymentIntentId: string | null;
  paidAt: Date | null;
  paidCents: number | null;
  creditsGrantedAt: Date | null;
  refundedCents: number;
  reviewReason: string | null;
  createdAt: Date;
  updatedAt: Date;
}

interface ListedOrder extends OrderItem {
  /** The creation in microseconds, exact, for the cursor. */
  createdMicros: string;
}

/** An order's key in a cursor: when it was placed, in microseconds, and its id. */
export const ORDER_KEY = [/^\d{1,17}$/, /^[\x21-\x7d]{1,100}$/];

const ITEM = [
  "id",
  "number",
  "tenant_id",
  "sku_id",
  "user_id",
  "status",
  "currency",
  "amount_cents",
  "stripe_price_id",
  "grant_license_30d",
  "grant_license_365d",
  "grant_device_slots",
  "credit_expires_in_days",
  "stripe_checkout_session_id",
  "stripe_payment_intent_id",
  "paid_at",
  "paid_cents",
  "credits_granted_at",
  "refunded_cents",
  "review_reason",
  "created_at",
  "updated_at",
];

/** One page of a tenant's orders, newest first. */
export function listOrders(db: Db, tenantId: string, cursor: Cursor | null, limit: number): Promise<Page<OrderItem>> {
  return pageOfOrders(db, db`tenant_id = ${tenantId}`, cursor, limit);
}

/** One page of the orders that fit a condition, newest first. The caller sees to it that it names a tenant, or that staff ask. */
export async function pageOfOrders(
  db: Db,
  condition: Fragment,
  cursor: Cursor | null,
  limit: number,
): Promise<Page<OrderItem>> {
  const isNewer = cursor?.direction === "newer";
  const [micros = "0", id = ""] = cursor?.key ?? [];
  const at = db`timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond'`;
  const rows = await db<ListedOrder[]>`
    select ${db(ITEM)}, (extract(epoch from created_at) * 1000000)::bigint::text as created_micros
    from billing_order
    where ${condition}
      ${cursor ? (isNewer ? db`and (created_at, id) > (${at}, ${id})` : db`and (created_at, id) < (${at}, ${id})`) : db``}
    order by created_at ${isNewer ? db`asc` : db`desc`}, id ${isNewer ? db`asc` : db`desc`}
    limit ${limit + 1}`;
  const page = pageOf(rows, limit, cursor, (row) => [row.createdMicros, row.id]);
  return { ...page, items: page.items.map(({ createdMicros, ...item }) => item) };
}

/** How many orders a tenant has placed. */
export async function countOrders(db: Db, tenantId: string): Promise<number> {
  const [count] = await db<{ orders: number }[]>`
    select count(*)::int as orders from billing_order where tenant_id = ${tenantId}`;
  return count?.orders ?? 0;
}

/** One order of a tenant. Throws NOT_FOUND, for another tenant's, too. */
export async function readOrder(db: Db, tenantId: string, orderId: string): Promise<OrderItem> {
  const [order] = await db<OrderItem[]>`
    select ${db(ITEM)} from billing_order where tenant_id = ${tenantId} and id = ${orderId}`;
  if (!order) throw new DomainError("NOT_FOUND");
  return order;
}

/** What else belongs on an order's page. */
interface OrderExtras {
  checkoutUrl: string | null;
  checkoutExpiresAt: Date;
  receiptUrl: string | null;
  lostCents: number;
  disputeStatus: "open" | "won" | "lost" | null;
  buyer: string | null;
  /** Whether the same package can still be bought, and what it is called today. */
  skuActive: boolean;
  skuName: string;
  /** Who is billed, line by line: the company's address, else the tenant's name. */
  company: string;
  street: string | null;
  place: string | null;
  vatNumber: string | null;
  readAt: Date;
}

/** A movement of an order's credits, or of the lot that only this order has filled. */
export interface OrderMovement {
  type: CreditType;
  delta: number;
  reason: LedgerReason;
  quantityAfter: number;
  balanceId: string;
  expiresAt: Date;
  occurredAt: Date;
  validUntil: Date | null;
  maxDevices: number | null;
}

/** A lot that an order's credits went into. `shared`: other credits went into it, too, so that nobody can tell them apart. */
export interface OrderLot {
  id: string;
  type: CreditType;
  quantity: number;
  held: number;
  frozen: number;
  shared: boolean;
}

/** One order with its whole life: what Stripe said when, and what moved. */
export interface OrderHistory {
  order: OrderItem & OrderExtras;
  movements: OrderMovement[];
  lots: OrderLot[];
  /** When Stripe first said so, by type of event. */
  news: Map<string, Date>;
}

/** Reads one order's life. Four statements, sent together. Throws NOT_FOUND, for another tenant's, too. */
export async function readOrderHistory(db: Db, tenantId: string, orderId: string): Promise<OrderHistory> {
  const [[order], lots, movements, news] = await Promise.all([
    db<(OrderItem & OrderExtras)[]>`
      select o.*, u.email as buyer, s.active as sku_active, s.name as sku_name, now() as read_at,
        coalesce(a.legal_name, t.name) as company, a.street, nullif(trim(a.postal_code || ' ' || a.city), '') as place, a.vat_number
      from billing_order o
      join tenant t on t.id = o.tenant_id
      join billing_sku s on s.id = o.sku_id
      left join app_user u on u.id = o.user_id
      left join tenant_accounting a on a.tenant_id = o.tenant_id
      where o.tenant_id = ${tenantId} and o.id = ${orderId}`,
    db<OrderLot[]>`
      select b.id, b.type, b.quantity, b.held, coalesce(c.held, 0) as frozen,
        exists (
          select from tenant_credit_ledger other
          where other.balance_id = b.id and other.delta > 0 and other.order_id is distinct from g.order_id) as shared
      from tenant_credit_ledger g
      join tenant_credit_balance b on b.id = g.balance_id
      left join order_credit c on c.order_id = g.order_id and c.type = g.type
      where g.tenant_id = ${tenantId} and g.order_id = ${orderId} and g.reason = 'STRIPE_PURCHASE'
      order by b.type`,
    db<(OrderMovement & { own: boolean })[]>`
      select l.type, l.delta, l.reason, l.quantity_after, l.balance_id, l.expires_at, l.occurred_at, a.valid_until, a.max_devices,
        l.order_id is not null as own
      from tenant_credit_ledger l
      left join activation a on l.reason = 'CREDIT_CONSUME' and a.id = l.ref_id and a.tenant_id = l.tenant_id
      where l.tenant_id = ${tenantId} and (l.order_id = ${orderId} or l.order_id is null and l.balance_id in (
        select balance_id from tenant_credit_ledger
        where tenant_id = ${tenantId} and order_id = ${orderId} and reason = 'STRIPE_PURCHASE'))
      order by l.id limit 500`,
    db<{ type: string; at: Date }[]>`
      select type, min(coalesce(stripe_created_at, received_at)) as at from stripe_event
      where order_id = ${orderId} and tenant_id = ${tenantId} and status = 'PROCESSED' group by type`,
  ]);
  if (!order) throw new DomainError("NOT_FOUND");
  const shared = new Set(lots.filter((lot) => lot.shared).map((lot) => lot.id));
  return {
    order,
    lots,
    movements: movements.filter((it) => it.own || !shared.has(it.balanceId)),
    news: new Map(news.map(({ type, at }) => [type, at])),
  };
}
