import type Stripe from "stripe";
import { isTransient, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { isStripeTrouble } from "~/stripe/payment.server";
import type { VerifiedEvent } from "~/stripe/signature.server";
import { markPricesChanged, pricesOfProduct } from "./catalog.server";
import { EventFault } from "./event-faults";
import {
  type InboxRow,
  lockEvent,
  markIgnored,
  markProcessed,
  markSetAside,
  noteFailure,
  storeEvents,
  wakeEvents,
} from "./event-inbox.server";
import { type Task, taskOf } from "./event-tasks.server";
import { decideStep, lockOrder, type Order, orderUnknown, putInReview, takeStep } from "./order.server";
import { applyPayment, isOvertaken, markRead, notePayment, readOrderPayment } from "./refund.server";

/**
 * What became of an event. "done": there was nothing (more) to do. "set aside": a permanent fault, a person must look.
 * "retry": it will be tried again; Stripe is told so, too.
 */
export type EventOutcome =
  | { result: "processed" | "ignored" | "done" }
  | { result: "set aside" | "retry"; fault: EventFault; cause?: unknown };

/** How an event is processed: as a delivery that waits for its locks, by the drainer, or once more on request. */
export type Manner = "delivery" | "drain" | "replay";

/** The drainer waits for nobody: what is locked is being worked on, and the next event may be another tenant's. */
const DRAIN_LOCK_TIMEOUT = "150ms";

/**
 * Takes a delivery in: stores it in a commit of its own, so that it outlives a crash, then processes it. Throws only when
 * it could not be stored.
 * @param livemode the mode of our key; an event of the other mode is not ours
 */
export async function receiveEvent(
  sql: Sql,
  stripe: Stripe,
  event: VerifiedEvent,
  livemode: boolean,
): Promise<EventOutcome> {
  await storeEvents(sql, [event]);
  return processEvent(sql, stripe, event, livemode);
}

/**
 * Processes a stored event at most once: lock the event, lock its order, decide, write, all in one transaction. Safe to
 * call again and in parallel. PROCESSED and IGNORED end it, except for a replay, which changes nothing that was right.
 */
export async function processEvent(
  sql: Sql,
  stripe: Stripe,
  event: VerifiedEvent,
  livemode: boolean,
  manner: Manner = "delivery",
): Promise<EventOutcome> {
  try {
    const task = taskOf(event, livemode);
    if (task.kind === "ignore") return await ignore(sql, event.id);
    if (task.kind === "payment") return await performPayment(sql, stripe, event, task, manner);
    const priceIds = task.kind === "product" ? await pricesOfProduct(stripe, task.productId) : [];
    return await transaction(sql, (tx) => perform(tx, event, task, manner, priceIds));
  } catch (cause) {
    const fault = asFault(cause);
    const gaveUp = await noteFailure(sql, event.id, fault);
    return { result: gaveUp ? "set aside" : "retry", fault, cause };
  }
}

async function ignore(sql: Sql, eventId: string): Promise<EventOutcome> {
  return { result: (await markIgnored(sql, eventId)) ? "ignored" : "done" };
}

async function perform(
  tx: Tx,
  event: VerifiedEvent,
  task: Exclude<Task, { kind: "ignore" | "payment" }>,
  manner: Manner,
  priceIds: string[],
): Promise<EventOutcome> {
  const [row, order] = await lock(tx, event.id, task.kind === "session" ? task.orderId : "", manner);
  if (!row) return { result: "done" };
  switch (task.kind) {
    case "garbled":
      return setAside(tx, event.id, row, new EventFault("PAYLOAD_GARBLED", true), null);
    case "session":
      return performSession(tx, event, row, task, order);
    case "note": {
      const noted = await notePayment(tx, task.hint, task.facts);
      if (!noted && task.hint.orderId !== null) throw orderUnknown(task.hint.orderId);
      return noted ? finish(tx, event.id, row, noted, noted.changed) : finishIgnored(tx, event.id);
    }
    case "price":
    case "product": {
      const changed = await markPricesChanged(tx, task.kind === "price" ? [task.priceId] : priceIds, event.createdAt);
      return changed > 0 ? finish(tx, event.id, row, null) : finishIgnored(tx, event.id);
    }
  }
}

async function performSession(
  tx: Tx,
  event: VerifiedEvent,
  row: InboxRow,
  task: Extract<Task, { kind: "session" }>,
  order: Order | undefined,
): Promise<EventOutcome> {
  if (!order) throw orderUnknown(task.orderId);
  let step: ReturnType<typeof decideStep>;
  try {
    step = decideStep(order, task.news, task.session);
  } catch (error) {
    if (error instanceof EventFault && error.permanent) return setAside(tx, event.id, row, error, order);
    throw error;
  }
  const [outcome] = await Promise.all([
    finish(tx, event.id, row, order, step !== "nothing"),
    takeStep(tx, order, step, task.session, event.createdAt ?? row.receivedAt),
    step === "fulfil" ? wakeEvents(tx, order) : null,
  ]);
  return outcome;
}

/** Refunds and disputes: Stripe is read before the transaction opens. */
async function performPayment(
  sql: Sql,
  stripe: Stripe,
  event: VerifiedEvent,
  task: Extract<Task, { kind: "payment" }>,
  manner: Manner,
): Promise<EventOutcome> {
  const reading = await readOrderPayment(sql, stripe, task.hint);
  if (!reading) return ignore(sql, event.id);
  return transaction(sql, async (tx) => {
    const [row, order] = await lock(tx, event.id, reading.orderId, manner);
    if (!row) return { result: "done" };
    if (!order) throw orderUnknown(reading.orderId);
    if (isOvertaken(order, reading)) return finish(tx, event.id, row, order, false);
    let changed: boolean;
    try {
      changed = await applyPayment(tx, order, reading, task.hint, event.createdAt ?? row.receivedAt);
    } catch (error) {
      if (error instanceof EventFault && error.permanent) return setAside(tx, event.id, row, error, order);
      throw error;
    }
    if (!changed && manner !== "replay") await markRead(tx, order, reading);
    return finish(tx, event.id, row, order, changed);
  });
}

/** Locks the event, then its order. No row: it is settled, or (for the drainer) in somebody else's hands. */
async function lock(
  tx: Tx,
  eventId: string,
  orderId: string,
  manner: Manner,
): Promise<[InboxRow | undefined, Order | undefined]> {
  const [, [row], [order]] = await Promise.all([
    manner === "drain" ? tx`select set_config('lock_timeout', ${DRAIN_LOCK_TIMEOUT}, true)` : null,
    lockEvent(tx, eventId, manner === "drain"),
    lockOrder(tx, isPlain(orderId) ? orderId : ""),
  ]);
  const settled = row?.status === "PROCESSED" || row?.status === "IGNORED";
  return [settled && manner !== "replay" ? undefined : row, order];
}

/** A replayed event that was processed before keeps its row as it is. */
async function finish(
  tx: Tx,
  eventId: string,
  row: InboxRow,
  order: { id: string; tenantId: string } | null,
  changed = true,
): Promise<EventOutcome> {
  if (row.status === "PROCESSED") return { result: changed ? "processed" : "done" };
  await markProcessed(tx, eventId, order);
  return { result: "processed" };
}

async function finishIgnored(tx: Tx, eventId: string): Promise<EventOutcome> {
  return { result: (await markIgnored(tx, eventId)) ? "ignored" : "done" };
}

/** A permanent fault: the event stays with its reason, the order is marked for a person, nothing is granted. */
async function setAside(
  tx: Tx,
  eventId: string,
  row: InboxRow,
  fault: EventFault,
  order: { id: string; tenantId: string } | null,
): Promise<EventOutcome> {
  if (row.status !== "PROCESSED") {
    await markSetAside(tx, eventId, fault, order);
    if (order) await putInReview(tx, order, fault.message);
  }
  return { result: "set aside", fault };
}

function asFault(error: unknown): EventFault {
  if (error instanceof EventFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isStripeTrouble(error)) return new EventFault("STRIPE_UNAVAILABLE", false, message.slice(0, 500));
  if (isTransient(error)) return new EventFault("DATABASE_BUSY", false, message);
  return new EventFault("UNEXPECTED", false, message);
}

/** An id of ours is short and plain; anything else cannot name an order, and U+0000 cannot even be asked for. */
function isPlain(id: string): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(id);
}
