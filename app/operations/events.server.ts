import { type Cursor, encodeCursor, type Page } from "~/billing/paging.server";
import type { Db } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { type EventFilter, type EventState, scanOf } from "./event-filter.server";

/** How many rows a page, or a count, looks at in the filter's index when other parts of the filter may refuse them. */
export const EVENTS_LOOKED_AT = 1_000;

/** An event's key in a cursor: when it came, in microseconds, and its id. */
export const EVENT_KEY = [/^\d{1,17}$/, /^[\w-]{1,255}$/];

/** An event in the list. */
export interface EventRow {
  id: string;
  type: string;
  state: EventState;
  attempts: number;
  receivedAt: Date;
  nextAttemptAt: Date | null;
  errorMessage: string | null;
  tenantId: string | null;
  tenantName: string | null;
  orderId: string | null;
  orderNumber: string | null;
}

interface Scanned extends EventRow {
  micros: string;
  /** The row's number among those looked at, from 1, and how many these are. */
  place: number;
  scanned: number;
  fits: boolean | null;
}

/**
 * One page of events, newest first. Reads at most `EVENTS_LOOKED_AT` rows, however many there are: where few of them fit, the page
 * is short, or empty, and `older` goes on behind the last one that was looked at.
 */
export async function listEvents(
  db: Db,
  filter: EventFilter,
  cursor: Cursor | null,
  limit: number,
): Promise<Page<EventRow>> {
  const isNewer = cursor?.direction === "newer";
  const [micros = "0", id = ""] = cursor?.key ?? [];
  const at = db`timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond'`;
  const order = isNewer ? db`received_at asc, id asc` : db`received_at desc, id desc`;
  const { along, rest } = scanOf(db, filter);
  const rows = await db<Scanned[]>`
    with scanned as materialized (
      select id, type, status, attempts, received_at, next_attempt_at, error_message, tenant_id, order_id
      from stripe_event
      where ${along}
        ${cursor ? (isNewer ? db`and (received_at, id) > (${at}, ${id})` : db`and (received_at, id) < (${at}, ${id})`) : db``}
      order by ${order} limit ${rest ? EVENTS_LOOKED_AT : limit + 1}
    ), judged as (
      select *, row_number() over (order by ${order})::int as place, count(*) over ()::int as scanned, ${rest ?? db`true`} as fits
      from scanned
    ), counted as (
      select *, count(*) filter (where fits) over (order by place) as fitting from judged
    )
    select e.id, e.type, ${stateOf(db)} as state, e.attempts, e.received_at, e.next_attempt_at, e.error_message, e.tenant_id,
      t.name as tenant_name, e.order_id, o.number as order_number, e.place, e.scanned, e.fits,
      (extract(epoch from e.received_at) * 1000000)::bigint::text as micros
    from counted e
    left join tenant t on t.id = e.tenant_id
    left join billing_order o on o.id = e.order_id and o.tenant_id = e.tenant_id
    where (e.fits and e.fitting <= ${limit + 1}) or e.place in (1, e.scanned)
    order by e.place`;
  return pageOfScan(rows, limit, cursor, rest !== null);
}

/** As `pageOf`, but a page ends where the looking ended. */
function pageOfScan(rows: Scanned[], limit: number, cursor: Cursor | null, isPartial: boolean): Page<EventRow> {
  const [start, end] = [rows[0], rows.at(-1)];
  if (!start || !end) return { items: [], older: null, newer: null, first: 1 };
  const isNewer = cursor?.direction === "newer";
  const fitting = rows.filter((row) => row.fits);
  const isFull = fitting.length > limit;
  const goesOn = isFull || (isPartial && end.scanned === EVENTS_LOOKED_AT);
  const kept = fitting.slice(0, limit);
  const last = isFull ? (kept.at(-1) ?? end) : end;
  const before = cursor === null ? 0 : isNewer ? Math.max(0, cursor.position - kept.length) : cursor.position;
  const key = (row: Scanned) => [row.micros, row.id];
  const older = isNewer ? start : goesOn ? last : null;
  const newer = isNewer ? (goesOn ? last : null) : cursor ? start : null;
  return {
    items: (isNewer ? kept.reverse() : kept).map(({ micros, place, scanned, fits, ...row }) => row),
    older: older && encodeCursor("o", before + kept.length, key(older)),
    newer: newer && encodeCursor("n", before, key(newer)),
    first: before + 1,
  };
}

function stateOf(db: Db) {
  return db`case when e.status = 'FAILED' and e.next_attempt_at is not null then 'RETRY' else e.status end`;
}

/**
 * How many events a filter has, of the newest `EVENTS_LOOKED_AT` that were looked at. `isAll`: there are no others; else there may be
 * more.
 */
export async function countEvents(db: Db, filter: EventFilter): Promise<{ count: number; isAll: boolean }> {
  const { along, rest } = scanOf(db, filter);
  const [row] = await db<{ count: number; scanned: number }[]>`
    with scanned as materialized (
      select status, type, tenant_id, order_id, next_attempt_at from stripe_event
      where ${along} order by received_at desc, id desc limit ${EVENTS_LOOKED_AT + 1})
    select count(*) filter (where ${rest ?? db`true`})::int as count, count(*)::int as scanned from scanned`;
  const { count = 0, scanned = 0 } = row ?? {};
  return { count: Math.min(count, EVENTS_LOOKED_AT), isAll: scanned <= EVENTS_LOOKED_AT };
}

/** The types that there are, in the alphabet's order, 100 at most: one look into the index for each. */
export async function listEventTypes(db: Db): Promise<string[]> {
  const rows = await db<{ type: string }[]>`
    with recursive kind as (
      (select type from stripe_event order by type limit 1)
      union all
      select (select e.type from stripe_event e where e.type > k.type order by e.type limit 1) from kind k
      where k.type is not null
    )
    select type from kind where type is not null limit 100`;
  return rows.map(({ type }) => type);
}

/** All that is known of an event. `payload` is the raw body: it is shown masked only. */
export interface EventDetail extends EventRow {
  livemode: boolean;
  apiVersion: string | null;
  payload: string;
  stripeCreatedAt: Date | null;
  processedAt: Date | null;
  /** Of its order: the currency of its amounts, and whether a person must look. */
  currency: string | null;
  inReview: boolean;
}

/** One event. Throws NOT_FOUND. */
export async function readEvent(db: Db, id: string): Promise<EventDetail> {
  if (!EVENT_KEY[1]?.test(id)) throw new DomainError("NOT_FOUND");
  const [event] = await db<EventDetail[]>`
    select e.id, e.type, ${stateOf(db)} as state, e.attempts, e.received_at, e.next_attempt_at, e.error_message, e.tenant_id,
      t.name as tenant_name, e.order_id, o.number as order_number, e.livemode, e.api_version, e.payload, e.stripe_created_at,
      e.processed_at, o.currency, o.review_reason is not null as in_review
    from stripe_event e
    left join tenant t on t.id = e.tenant_id
    left join billing_order o on o.id = e.order_id and o.tenant_id = e.tenant_id
    where e.id = ${id}`;
  if (!event) throw new DomainError("NOT_FOUND");
  return event;
}
