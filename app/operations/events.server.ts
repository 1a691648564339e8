import { type Cursor, encodeCursor, type Page } from "~/billing/paging.server";
import type { Db } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { type EventFilter, type EventState, scanOf } from "./event-filter.server";

/** How many rows a page, or a count, looks at in the filter's index when other parts of the filter may refuse them. */
const LOOKED_AT = 500;
/** How far is counted: what the filter's index answers alone, and what must be looked at one by one. */
const COUNTED = 1_000;
const COUNTED_ONE_BY_ONE = 200;

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
 * One page of events, newest first. Looks at 500 rows at most, however many there are: where few of them fit, the page is short, or
 * empty, and `older` goes on behind the last one that was looked at.
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
  const down = isNewer ? db`asc` : db`desc`;
  const { along, rest } = scanOf(db, filter);
  // First the index by itself: only then is the filter's own index always the cheapest, also when what it finds is long ago.
  const rows = await db<Scanned[]>`
    with driven as materialized (
      select id, received_at from stripe_event
      where ${along}
        ${cursor ? (isNewer ? db`and (received_at, id) > (${at}, ${id})` : db`and (received_at, id) < (${at}, ${id})`) : db``}
      order by received_at ${down}, id ${down} limit ${rest ? LOOKED_AT : limit + 1}
    ), judged as (
      select d.id, row_number() over (order by d.received_at ${down}, d.id ${down})::int as place, count(*) over ()::int as scanned,
        ${rest ?? db`true`} as fits
      from driven d ${rest ? db`join (select id as event_id, type, status, tenant_id, next_attempt_at from stripe_event) as it on it.event_id = d.id` : db``}
    ), counted as (
      select *, count(*) filter (where fits) over (order by place) as fitting from judged
    )
    select e.id, e.type, ${stateOf(db)} as state, e.attempts, e.received_at, e.next_attempt_at, e.error_message, e.tenant_id,
      t.name as tenant_name, e.order_id, o.number as order_number, c.place, c.scanned, c.fits,
      (extract(epoch from e.received_at) * 1000000)::bigint::text as micros
    from counted c
    join stripe_event e on e.id = c.id
    left join tenant t on t.id = e.tenant_id
    left join billing_order o on o.id = e.order_id and o.tenant_id = e.tenant_id
    where (c.fits and c.fitting <= ${limit + 1}) or c.place in (1, c.scanned)
    order by c.place`;
  return pageOfScan(rows, limit, cursor, rest !== null);
}

/** As `pageOf`, but a page ends where the looking ended. */
function pageOfScan(rows: Scanned[], limit: number, cursor: Cursor | null, isPartial: boolean): Page<EventRow> {
  const [start, end] = [rows[0], rows.at(-1)];
  if (!start || !end) return { items: [], older: null, newer: null, first: 1 };
  const isNewer = cursor?.direction === "newer";
  const fitting = rows.filter((row) => row.fits);
  const isFull = fitting.length > limit;
  const goesOn = isFull || (isPartial && end.scanned === LOOKED_AT);
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
 * How many events a filter has, counted as far as 1 000, or of the newest 200 of those that must be looked at one by one. `isAll`: there
 * are no others; `isMore`: there are more, else there may be.
 */
export async function countEvents(db: Db, filter: EventFilter): Promise<EventCount> {
  const { along, rest } = scanOf(db, filter);
  const limit = rest ? COUNTED_ONE_BY_ONE : COUNTED;
  const driven = db`
    select id as event_id from stripe_event where ${along} order by received_at desc, id desc limit ${limit + 1}`;
  const [row] = rest
    ? await db<{ count: number; scanned: number }[]>`
      with driven as materialized (${driven})
      select count(*) filter (where ${rest})::int as count, count(*)::int as scanned
      from driven join stripe_event on id = event_id`
    : await db<{ count: number; scanned: number }[]>`
      select count(*)::int as count, count(*)::int as scanned from (${driven}) as driven`;
  const { count = 0, scanned = 0 } = row ?? {};
  return { count: Math.min(count, limit), isAll: scanned <= limit, isMore: rest === null && scanned > limit };
}

/** A count that is bounded. */
export interface EventCount {
  count: number;
  isAll: boolean;
  isMore: boolean;
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
