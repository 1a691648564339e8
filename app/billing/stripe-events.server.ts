import { isTransient, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { type PaidSession, readSession } from "~/stripe/session.server";
import type { VerifiedEvent } from "~/stripe/signature.server";
import { EventFault } from "./event-faults";
import { decideStep, lockOrder, orderUnknown, putInReview, type SessionNews, takeStep } from "./order.server";

/**
 * What became of a delivery. "done": an earlier one had settled it. "set aside": a permanent fault, a person must look.
 * "retry": it will be tried again; Stripe is told so, too.
 */
export type EventOutcome =
  | { result: "processed" | "ignored" | "done" }
  | { result: "set aside" | "retry"; fault: EventFault; cause?: unknown };

/** What an event asks of us. */
type Task =
  | { kind: "ignore" }
  | { kind: "garbled" }
  | { kind: "session"; news: SessionNews; session: PaidSession; orderId: string };

const SESSION_NEWS: Record<string, SessionNews> = {
  "checkout.session.completed": "completed",
  "checkout.session.async_payment_succeeded": "async_payment_succeeded",
  "checkout.session.async_payment_failed": "async_payment_failed",
  "checkout.session.expired": "expired",
};

/** How long an event is tried again before it becomes a permanent fault. */
const RETRY_DAYS = 4;

/**
 * Takes a delivery in: stores it in a commit of its own, so that it outlives a crash, then processes it. Throws only when
 * it could not be stored.
 * @param livemode the mode of our key; an event of the other mode is not ours
 */
export async function receiveEvent(sql: Sql, event: VerifiedEvent, livemode: boolean): Promise<EventOutcome> {
  await sql`
    insert into stripe_event (id, type, livemode, api_version, payload, stripe_created_at)
    values (${event.id}, ${event.type}, ${event.livemode}, ${event.apiVersion}, ${event.payload}, ${event.createdAt})
    on conflict (id) do nothing`;
  return processEvent(sql, event, livemode);
}

/**
 * Processes a stored event at most once: lock the event, lock its order, decide, write, all in one transaction. Safe to
 * call again and in parallel; only PROCESSED and IGNORED end it.
 */
export async function processEvent(sql: Sql, event: VerifiedEvent, livemode: boolean): Promise<EventOutcome> {
  try {
    const task = taskOf(event, livemode);
    if (task.kind === "ignore") return await ignore(sql, event.id);
    return await transaction(sql, (tx) => perform(tx, event, task));
  } catch (cause) {
    const fault = asFault(cause);
    return noteFailure(sql, event.id, fault, cause);
  }
}

function taskOf(event: VerifiedEvent, livemode: boolean): Task {
  const news = SESSION_NEWS[event.type];
  if (!news || event.livemode !== livemode) return { kind: "ignore" };
  const session = readSession(event.object);
  if (session === "foreign") return { kind: "ignore" };
  if (session === "garbled") return { kind: "garbled" };
  return { kind: "session", news, session, orderId: session.orderId ?? "" };
}

async function ignore(sql: Sql, eventId: string): Promise<EventOutcome> {
  const ignored = await sql`
    update stripe_event
    set status = 'IGNORED', attempts = attempts + 1, processed_at = now(), next_attempt_at = null, error_message = null
    where id = ${eventId} and status in ('RECEIVED', 'FAILED')`;
  return { result: ignored.count > 0 ? "ignored" : "done" };
}

async function perform(tx: Tx, event: VerifiedEvent, task: Exclude<Task, { kind: "ignore" }>): Promise<EventOutcome> {
  const orderId = task.kind === "session" && isPlain(task.orderId) ? task.orderId : "";
  const [[row], [order]] = await Promise.all([
    tx<{ status: string; receivedAt: Date }[]>`
      select status, received_at from stripe_event where id = ${event.id} for update`,
    lockOrder(tx, orderId),
  ]);
  if (!row || row.status === "PROCESSED" || row.status === "IGNORED") return { result: "done" };
  if (task.kind === "garbled") return setAside(tx, event.id, new EventFault("PAYLOAD_GARBLED", true), null);
  if (!order) throw orderUnknown(orderId);

  let step: ReturnType<typeof decideStep>;
  try {
    step = decideStep(order, task.news, task.session);
  } catch (error) {
    if (error instanceof EventFault && error.permanent) return setAside(tx, event.id, error, order);
    throw error;
  }
  await Promise.all([
    takeStep(tx, order, step, task.session, event.createdAt ?? row.receivedAt),
    tx`
      update stripe_event
      set status = 'PROCESSED', attempts = attempts + 1, processed_at = now(), next_attempt_at = null, error_message = null,
        tenant_id = ${order.tenantId}, order_id = ${order.id}
      where id = ${event.id}`,
  ]);
  return { result: "processed" };
}

/** A permanent fault: the event stays with its reason, the order is marked for a person, nothing is granted. */
async function setAside(
  tx: Tx,
  eventId: string,
  fault: EventFault,
  order: { id: string; tenantId: string } | null,
): Promise<EventOutcome> {
  await tx`
    update stripe_event
    set status = 'FAILED', attempts = attempts + 1, processed_at = null, next_attempt_at = null,
      error_message = ${fault.message}, tenant_id = ${order?.tenantId ?? null}, order_id = ${order?.id ?? null}
    where id = ${eventId}`;
  if (order) await putInReview(tx, order, fault.message);
  return { result: "set aside", fault };
}

/**
 * Writes down why it failed and when to try again: after 1 s × 2ⁿ with jitter, an hour at most, for four days. Never
 * waits for a row that another worker holds, and never turns a settled event into a failed one.
 */
async function noteFailure(sql: Sql, eventId: string, fault: EventFault, cause: unknown): Promise<EventOutcome> {
  const [row] = await sql<{ status: string; nextAttemptAt: Date | null }[]>`
    update stripe_event
    set status = 'FAILED', attempts = attempts + 1, error_message = ${fault.message},
      next_attempt_at = case when received_at > now() - make_interval(days => ${RETRY_DAYS})
        then now() + least(interval '1 hour', interval '1 second' * power(2, least(attempts, 12))) * (0.75 + random() / 2) end
    where id = (
      select id from stripe_event where id = ${eventId} and status in ('RECEIVED', 'FAILED') for update skip locked)
    returning status, next_attempt_at`.catch(() => []);
  const gaveUp = row !== undefined && row.nextAttemptAt === null;
  return { result: gaveUp ? "set aside" : "retry", fault, cause };
}

function asFault(error: unknown): EventFault {
  if (error instanceof EventFault) return error;
  if (isTransient(error)) return new EventFault("DATABASE_BUSY", false, (error as Error).message);
  return new EventFault("UNEXPECTED", false, error instanceof Error ? error.message : String(error));
}

/** An id of ours is short and plain; anything else cannot name an order, and U+0000 cannot even be asked for. */
function isPlain(id: string): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(id);
}
