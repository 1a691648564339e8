import type { Db, Sql, Tx } from "~/db/transaction.server";
import { readEvent, type VerifiedEvent } from "~/stripe/signature.server";
import type { EventFault } from "./event-faults";

/** How long an event is tried again before it becomes a permanent fault. */
const RETRY_DAYS = 4;
/** A delivery is processed by its own request; only what is older was left behind. */
const STRANDED_AFTER = "2 seconds";

/** The order that an event turned out to be about. */
export type EventOrder = { id: string; tenantId: string };

/** Puts events into the inbox, in a commit of their own, so that they outlive a crash. @returns the ids that are new */
export async function storeEvents(sql: Sql, events: readonly VerifiedEvent[]): Promise<string[]> {
  const rows = events.map((event) => ({
    id: event.id,
    type: event.type,
    livemode: event.livemode,
    api_version: event.apiVersion,
    payload: event.payload,
    stripe_created_at: event.createdAt,
  }));
  if (rows.length === 0) return [];
  const stored = await sql<{ id: string }[]>`
    insert into stripe_event ${sql(rows)} on conflict (id) do nothing returning id`;
  return stored.map((row) => row.id);
}

/** A locked event. */
export interface InboxRow {
  status: "RECEIVED" | "PROCESSED" | "IGNORED" | "FAILED";
  receivedAt: Date;
}

/** Locks an event. `skip`: nothing when another worker holds it. */
export function lockEvent(tx: Tx, eventId: string, skip: boolean): Promise<InboxRow[]> {
  return tx<InboxRow[]>`
    select status, received_at from stripe_event where id = ${eventId} for update ${skip ? tx`skip locked` : tx``}`;
}

/** Ends an event, in the transaction of its effect. */
export async function markProcessed(tx: Tx, eventId: string, order: EventOrder | null): Promise<void> {
  await tx`
    update stripe_event
    set status = 'PROCESSED', attempts = attempts + 1, processed_at = now(), next_attempt_at = null, error_message = null,
      tenant_id = ${order?.tenantId ?? null}, order_id = ${order?.id ?? null}
    where id = ${eventId}`;
}

/** Ends an event that asks nothing of us. @returns whether it was still open */
export async function markIgnored(db: Db, eventId: string): Promise<boolean> {
  const ignored = await db`
    update stripe_event
    set status = 'IGNORED', attempts = attempts + 1, processed_at = now(), next_attempt_at = null, error_message = null
    where id = ${eventId} and status in ('RECEIVED', 'FAILED')`;
  return ignored.count > 0;
}

/** A permanent fault: the event stays with its reason and is not tried again. */
export async function markSetAside(tx: Tx, eventId: string, fault: EventFault, order: EventOrder | null) {
  await tx`
    update stripe_event
    set status = 'FAILED', attempts = attempts + 1, processed_at = null, next_attempt_at = null,
      error_message = ${fault.message}, tenant_id = ${order?.tenantId ?? null}, order_id = ${order?.id ?? null}
    where id = ${eventId}`;
}

/**
 * Writes down why it failed and when to try again: after 1 s × 2ⁿ with jitter, an hour at most, for four days. Never
 * waits for a row that another worker holds, and never turns a settled event into a failed one.
 * @returns whether it was given up, since the four days are over
 */
export async function noteFailure(sql: Sql, eventId: string, fault: EventFault): Promise<boolean> {
  const order = fault.order;
  const [row] = await sql<{ nextAttemptAt: Date | null }[]>`
    update stripe_event
    set status = 'FAILED', attempts = attempts + 1, error_message = ${fault.message},
      tenant_id = coalesce(tenant_id, ${order?.tenantId ?? null}), order_id = coalesce(order_id, ${order?.id ?? null}),
      next_attempt_at = case when received_at > now() - make_interval(days => ${RETRY_DAYS})
        then now() + least(interval '1 hour', interval '1 second' * power(2, least(attempts, 12))) * (0.75 + random() / 2) end
    where id = (
      select id from stripe_event where id = ${eventId} and status in ('RECEIVED', 'FAILED') for update skip locked)
    returning next_attempt_at`.catch(() => []);
  return row !== undefined && row.nextAttemptAt === null;
}

/**
 * Brings forward the events that waited for this order's payment. What another worker holds is left alone: it waits for our order lock
 * and will see the payment.
 */
export async function wakeEvents(tx: Tx, order: EventOrder): Promise<void> {
  await tx`
    update stripe_event set next_attempt_at = now()
    where id in (
      select id from stripe_event
      where order_id = ${order.id} and tenant_id = ${order.tenantId} and status = 'FAILED' and next_attempt_at > now()
      for update skip locked)`;
}

/** Which part of the inbox: news about our sessions need no call to Stripe, everything else may. */
export type Lane = "sessions" | "others";

/** Events left behind by a crash and failed ones that are due, fresh ones first, without those being processed now. */
export async function dueEvents(sql: Sql, lane: Lane, limit: number): Promise<VerifiedEvent[]> {
  const rows = await sql<StoredRow[]>`
    select id, type, livemode, payload from stripe_event
    where ((status = 'RECEIVED' and received_at < now() - ${STRANDED_AFTER}::interval)
        or (status = 'FAILED' and next_attempt_at <= now()))
      and starts_with(type, 'checkout.session.') = ${lane === "sessions"}
    order by attempts, coalesce(next_attempt_at, received_at)
    limit ${limit}
    for update skip locked`;
  return rows.map(readStored);
}

/** One stored event; null when there is none. */
export async function storedEvent(db: Db, eventId: string): Promise<VerifiedEvent | null> {
  const [row] = await db<StoredRow[]>`select id, type, livemode, payload from stripe_event where id = ${eventId}`;
  return row ? readStored(row) : null;
}

/** Every stored event in the order of arrival, a batch at a time, so that memory stays bounded. */
export async function* storedEvents(sql: Sql, batch = 200): AsyncGenerator<VerifiedEvent> {
  let after: { at: string; id: string } | null = null;
  for (;;) {
    // The time as text, also on its way back: a Date would lose the microseconds, and every page would begin with the
    // end of its predecessor.
    const rows: Array<StoredRow & { at: string }> = await sql`
      select id, type, livemode, payload, received_at::text as at from stripe_event
      ${after ? sql`where (received_at, id) > (${after.at}::text::timestamptz, ${after.id})` : sql``}
      order by received_at, id limit ${batch}`;
    for (const row of rows) yield readStored(row);
    after = rows.at(-1) ?? null;
    if (!after) return;
  }
}

type StoredRow = Pick<VerifiedEvent, "id" | "type" | "livemode" | "payload">;

/** A payload that somebody has spoiled since stays an event, without an object: it will be set aside. */
function readStored(row: StoredRow): VerifiedEvent {
  try {
    return { ...readEvent(row.payload), id: row.id };
  } catch {
    return { ...row, apiVersion: null, createdAt: null, object: undefined };
  }
}
