import type { Db } from "~/db/transaction.server";
import type { DayMovement } from "./credit-history";
import type { CreditType } from "./credit-types";
import { startOfZurichDay, zurichDay } from "./expiry";
import type { LedgerReason } from "./ledger-reasons";
import { type Cursor, type Page, pageOf } from "./paging.server";

/** Which rows of a tenant's ledger are asked for. `from` is the first instant, `before` the first one no longer in. */
export interface StatementFilter {
  type: CreditType | null;
  reason: LedgerReason | null;
  from: Date | null;
  before: Date | null;
  /** One lot, from its first row to its last. */
  lotId: string | null;
}

export const NO_FILTER: StatementFilter = { type: null, reason: null, from: null, before: null, lotId: null };

/** A row of the ledger, as the table has it; `id` grows with the ledger. */
export interface LedgerRow {
  id: string;
  tenantId: string;
  type: CreditType;
  delta: number;
  reason: LedgerReason;
  refId: string | null;
  balanceId: string;
  orderId: string | null;
  expiresAt: Date;
  quantityAfter: number;
  actorUserId: string | null;
  note: string | null;
  occurredAt: Date;
  createdAt: Date;
}

/** A row of the ledger with what it refers to. */
export interface StatementRow extends LedgerRow {
  orderNumber: string | null;
  /** What the credit was spent on. */
  validUntil: Date | null;
  maxDevices: number | null;
  couponCode: string | null;
  /** Who: a person's e-mail address, or a device's name; null for the system. */
  actor: string | null;
}

/** A row as the API gives it: the table's own columns. */
export function ledgerItem(row: StatementRow): LedgerRow {
  const { orderNumber, validUntil, maxDevices, couponCode, actor, ...item } = row;
  return item;
}

/** The ledger's key in a cursor: the row's id. */
export const LEDGER_KEY = [/^\d{1,15}$/];

/** One page of a tenant's ledger, newest first. Any page costs the same: it begins where the one before ended. */
export async function listLedger(
  db: Db,
  tenantId: string,
  filter: StatementFilter,
  cursor: Cursor | null,
  limit: number,
): Promise<Page<StatementRow>> {
  const rows = await readRows(db, tenantId, filter, cursor, limit + 1);
  return pageOf(rows, limit, cursor, (row) => [row.id]);
}

/** All rows of the filter, newest first, a batch at a time: memory does not grow with the ledger. */
export async function* streamLedger(
  db: Db,
  tenantId: string,
  filter: StatementFilter,
  batch = 500,
): AsyncGenerator<StatementRow[]> {
  let cursor: Cursor | null = null;
  for (;;) {
    const rows: StatementRow[] = await readRows(db, tenantId, filter, cursor, batch);
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < batch) return;
    cursor = { direction: "older", key: [last.id], position: 0 };
  }
}

function readRows(db: Db, tenantId: string, filter: StatementFilter, cursor: Cursor | null, limit: number) {
  const id = Number(cursor?.key[0] ?? 0);
  const isNewer = cursor?.direction === "newer";
  return db<StatementRow[]>`
    with page as materialized (
      select * from tenant_credit_ledger
      where tenant_id = ${tenantId} ${conditions(db, filter)}
        ${cursor ? (isNewer ? db`and id > ${id}` : db`and id < ${id}`) : db``}
      order by id ${isNewer ? db`asc` : db`desc`} limit ${limit})
    select l.id::text, l.tenant_id, l.type, l.delta, l.reason, l.ref_id, l.balance_id, l.order_id, l.expires_at, l.quantity_after,
      l.actor_user_id, l.note, l.occurred_at, l.created_at,
      o.number as order_number, a.valid_until, a.max_devices, c.code as coupon_code, coalesce(u.email, d.name) as actor
    from page l
    left join billing_order o on o.id = l.order_id and o.tenant_id = l.tenant_id
    left join activation a on l.reason = 'CREDIT_CONSUME' and a.id = l.ref_id and a.tenant_id = l.tenant_id
    left join promo_redemption r on l.reason = 'COUPON_REDEEM' and r.id = l.ref_id and r.tenant_id = l.tenant_id
    left join promo_code c on c.id = r.promo_code_id
    left join app_user u on u.id = l.actor_user_id
    left join device d on d.id = coalesce(a.device_id, r.device_id) and d.tenant_id = l.tenant_id
    order by l.id ${isNewer ? db`asc` : db`desc`}`;
}

function conditions(db: Db, { type, reason, from, before, lotId }: StatementFilter) {
  return db`
    ${type ? db`and type = ${type}` : db``} ${reason ? db`and reason = ${reason}` : db``}
    ${from ? db`and occurred_at >= ${from}` : db``} ${before ? db`and occurred_at < ${before}` : db``}
    ${lotId ? db`and balance_id = ${lotId}` : db``}`;
}

/** How many rows a filter has. From the sums by day where the filter is made of whole days, else from the rows. */
export async function countLedger(db: Db, tenantId: string, filter: StatementFilter): Promise<number> {
  const { type, reason, from, before, lotId } = filter;
  const isWholeDays = [from, before].every(
    (it) => it === null || startOfZurichDay(zurichDay(it)).getTime() === it.getTime(),
  );
  const [count] =
    lotId || !isWholeDays
      ? await db<{ rows: number }[]>`
        select count(*)::int as rows from tenant_credit_ledger where tenant_id = ${tenantId} ${conditions(db, filter)}`
      : await db<{ rows: number }[]>`
        select coalesce(sum(entries), 0)::int as rows from tenant_credit_day
        where tenant_id = ${tenantId} ${type ? db`and type = ${type}` : db``} ${reason ? db`and reason = ${reason}` : db``}
          ${from ? db`and day >= ${isoDay(zurichDay(from))}` : db``}
          ${before ? db`and day < ${isoDay(zurichDay(before))}` : db``}`;
  return count?.rows ?? 0;
}

/** Credits of each type that there are, or were. */
export type Balances = Record<CreditType, number>;

/**
 * What a tenant had at an instant: the sum of all that had happened by then (`occurred_at`), that instant included. Whole days come
 * from the sums by day, the rest from that day's rows.
 */
export async function balancesAt(db: Db, tenantId: string, at: Date): Promise<Balances> {
  const day = zurichDay(at);
  const sums = await db<{ type: CreditType; total: number }[]>`
    select type, sum(delta)::int as total from (
      select type, delta from tenant_credit_day where tenant_id = ${tenantId} and day < ${isoDay(day)}
      union all
      select type, delta from tenant_credit_ledger
      where tenant_id = ${tenantId} and occurred_at >= ${startOfZurichDay(day)} and date_trunc('milliseconds', occurred_at) <= ${at}
    ) as moved group by type`;
  const balances: Balances = { LICENSE_30D: 0, LICENSE_365D: 0, DEVICE_SLOT: 0 };
  for (const { type, total } of sums) balances[type] = total;
  return balances;
}

/** All that moved since the beginning of a Zurich day, oldest first. As many rows as days moved, however long the ledger is. */
export async function movementsSince(db: Db, tenantId: string, day: number): Promise<DayMovement[]> {
  return db<DayMovement[]>`
    select day - date '1970-01-01' as day, type, reason, delta::int as delta from tenant_credit_day
    where tenant_id = ${tenantId} and day >= ${isoDay(day)} and delta <> 0
    order by day, type, reason`;
}

/** 2026-11-22 */
function isoDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
