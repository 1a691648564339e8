import type postgres from "postgres";
import type { Bought } from "./buyers";
import type { PaymentTruth } from "./truth";

/** What may be wrong with the books; the run is good when each is zero. */
export const FINDINGS = {
  lost: "paid at Stripe, not granted",
  double: "granted more than once",
  differs: "granted otherwise than the snapshot says",
  "wrong tenant": "credits, order or session of another tenant than the buyer's",
  unpaid: "granted, not paid at Stripe",
  unfinished: "events neither PROCESSED nor IGNORED",
  lots: "lots that differ from the sum of their ledger rows",
  order: "a purchase without exactly one order, or a session that no order knows",
  status: "orders whose status or amounts differ from what Stripe says",
  clawback: "credits taken back or frozen otherwise than refunds and disputes say",
} as const;

export type Findings = Record<keyof typeof FINDINGS, string[]>;

interface OrderRow {
  id: string;
  tenant: string;
  key: string | null;
  session: string | null;
  status: string;
  granted: boolean;
  paid_cents: number | null;
  refunded_cents: number;
  review: string | null;
  /** Quantity by type, the snapshot. */
  snapshot: Record<string, number>;
}

interface OrderRows {
  order: string;
  tenant: string;
  type: string;
  grants: number;
  granted: number;
  net: number;
  held: number;
}

/** Compares the database, read as its owner, with what the buyers did and with what Stripe says. Reads with SQL of its own. */
export async function audit(sql: postgres.Sql, bought: Bought[], truth: PaymentTruth[]): Promise<Findings> {
  const findings = Object.fromEntries(Object.keys(FINDINGS).map((kind) => [kind, [] as string[]])) as Findings;
  const orders = await readOrders(sql);
  const byId = new Map(orders.map((order) => [order.id, order]));
  const rows = groupBy(await readRows(sql), (row) => row.order);
  const payments = new Map(truth.map((payment) => [payment.sessionId, payment]));

  for (const payment of truth) {
    const order = byId.get(payment.orderId ?? "");
    if (order?.session !== payment.sessionId) findings.order.push(`session ${payment.sessionId} is nobody's`);
    if (payment.isPaid && !order?.granted) findings.lost.push(`${payment.sessionId}, order ${payment.orderId}`);
    if (order && payment.tenantId !== order.tenant) findings["wrong tenant"].push(`session ${payment.sessionId}`);
  }
  for (const order of orders) {
    checkGrant(findings, order, rows.get(order.id) ?? []);
    checkAgainstStripe(findings, order, rows.get(order.id) ?? [], payments.get(order.session ?? ""));
  }
  checkPurchases(findings, bought, orders, byId);
  findings.unfinished.push(...(await readUnfinished(sql)));
  findings.lots.push(...(await readBrokenLots(sql)));
  return findings;
}

function checkGrant(findings: Findings, order: OrderRow, rows: OrderRows[]): void {
  for (const row of rows) {
    if (row.tenant !== order.tenant) findings["wrong tenant"].push(`ledger of order ${order.id}`);
    if (row.grants > 1) findings.double.push(`order ${order.id}: ${row.grants} × ${row.type}`);
  }
  const expected = order.granted ? order.snapshot : {};
  for (const type of new Set([...Object.keys(expected), ...rows.map((row) => row.type)])) {
    const granted = rows.find((row) => row.type === type)?.granted ?? 0;
    if (granted !== (expected[type] ?? 0)) {
      findings.differs.push(`order ${order.id}: ${granted} instead of ${expected[type] ?? 0} ${type}`);
    }
  }
}

function checkAgainstStripe(
  findings: Findings,
  order: OrderRow,
  rows: OrderRows[],
  payment: PaymentTruth | undefined,
): void {
  if (order.granted && !payment?.isPaid) findings.unpaid.push(`order ${order.id}, session ${order.session}`);
  if (order.review !== null) findings.status.push(`order ${order.id} is in review: ${order.review}`);
  if (payment === undefined) return;
  const wanted = wantedStatus(payment);
  const paid = payment.isPaid ? payment.amount : null;
  if (!wanted.includes(order.status) || order.paid_cents !== paid || order.refunded_cents !== payment.refunded) {
    const { status, paid_cents, refunded_cents } = order;
    findings.status.push(`order ${order.id}: ${JSON.stringify({ status, paid_cents, refunded_cents, payment })}`);
  }
  if (!order.granted) return;
  for (const { type, granted, net, held } of rows) {
    const share = payment.refunded >= payment.amount ? 1 : payment.refunded / payment.amount;
    const left = payment.dispute === "lost" ? 0 : granted - Math.floor(granted * share + 1e-9);
    const frozen = payment.dispute === "open" ? left : 0;
    if (net !== left || held !== frozen) {
      findings.clawback.push(
        `order ${order.id}: ${net} left, ${held} held of ${granted} ${type}: ${JSON.stringify(payment)}`,
      );
    }
  }
}

function wantedStatus(payment: PaymentTruth): string[] {
  if (payment.dispute === "open" || payment.dispute === "lost") return ["DISPUTED"];
  if (payment.isPaid) {
    if (payment.refunded === 0) return ["PAID"];
    return payment.refunded >= payment.amount ? ["REFUNDED"] : ["PARTIALLY_REFUNDED"];
  }
  if (payment.status === "complete") return ["FAILED", "PROCESSING"];
  return payment.status === "expired" ? ["EXPIRED"] : ["PENDING"];
}

function checkPurchases(findings: Findings, bought: Bought[], orders: OrderRow[], byId: Map<string, OrderRow>): void {
  const byKey = groupBy(orders, (order) => order.key);
  for (const { purchase, orderId, sessionId } of bought) {
    const order = byId.get(orderId);
    if (order?.session !== sessionId || byKey.get(`api:${purchase.key}`)?.length !== 1) {
      findings.order.push(`purchase ${purchase.index}: order ${orderId}, session ${sessionId}`);
    } else if (order.tenant !== purchase.tenantId) {
      findings["wrong tenant"].push(`purchase ${purchase.index}: order ${orderId}`);
    }
  }
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

function readOrders(sql: postgres.Sql): Promise<OrderRow[]> {
  return sql<OrderRow[]>`
    select id, tenant_id as tenant, request_key as key, stripe_checkout_session_id as session, status,
      credits_granted_at is not null as granted, paid_cents, refunded_cents, review_reason as review,
      jsonb_build_object('LICENSE_30D', grant_license_30d, 'LICENSE_365D', grant_license_365d, 'DEVICE_SLOT',
        grant_device_slots) as snapshot
    from billing_order`;
}

function readRows(sql: postgres.Sql): Promise<OrderRows[]> {
  return sql<OrderRows[]>`
    select l.order_id as "order", l.tenant_id as tenant, l.type,
      count(*) filter (where reason = 'STRIPE_PURCHASE')::int as grants,
      coalesce(sum(delta) filter (where reason = 'STRIPE_PURCHASE'), 0)::int as granted,
      sum(delta)::int as net,
      coalesce((select c.held from order_credit c where c.order_id = l.order_id and c.type = l.type), 0) as held
    from tenant_credit_ledger l where order_id is not null group by 1, 2, 3`;
}

async function readUnfinished(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ text: string }[]>`
    select concat_ws(' ', id, type, status, attempts, error_message, next_attempt_at - now()) as text
    from stripe_event where status not in ('PROCESSED', 'IGNORED')`;
  return rows.map((row) => row.text);
}

async function readBrokenLots(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ text: string }[]>`
    select concat_ws(' ', 'lot', b.id, b.quantity, l.sum, b.ledger_rows, l.count) as text
    from tenant_credit_balance b
    left join (select balance_id, sum(delta), count(*) from tenant_credit_ledger group by 1) l on l.balance_id = b.id
    where b.quantity is distinct from coalesce(l.sum, 0) or b.ledger_rows is distinct from coalesce(l.count, 0)`;
  return rows.map((row) => row.text);
}
