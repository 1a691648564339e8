import type Stripe from "stripe";
import { type Sql, transaction } from "~/db/transaction.server";
import { isStripeTrouble, readSessionNow } from "~/stripe/payment.server";
import { EventFault } from "./event-faults";
import { wakeEvents } from "./event-inbox.server";
import { decideStep, lockOrder, putInReview, type SessionNews, type SessionStep, takeStep } from "./order.server";

/** What asking Stripe about an order's session came to. */
export type Settled = SessionStep | "unknown" | "review" | "stripe away";

/**
 * Asks Stripe about an order's session and books what it says, through the same function as the webhook: the motor of the
 * return page and of the reconciliation. No transaction is open during the call; the grant happens once, whoever is first.
 * "unknown": Stripe has no such session of ours. "review": it does not fit the order, a person must look.
 */
export async function settleOrder(
  sql: Sql,
  stripe: Stripe,
  order: { id: string; tenantId: string },
  sessionId: string,
): Promise<Settled> {
  let found: Awaited<ReturnType<typeof readSessionNow>>;
  try {
    found = await readSessionNow(stripe, sessionId);
  } catch (error) {
    if (isStripeTrouble(error)) return "stripe away";
    throw error;
  }
  if (found === null || found === "foreign" || found === "garbled") return "unknown";
  const news = newsOf(found);
  if (!news) return "nothing";
  const { session, paidAt } = found;

  return transaction(sql, async (tx): Promise<Settled> => {
    const [[locked], [clock]] = await Promise.all([lockOrder(tx, order.id), tx<{ now: Date }[]>`select now() as now`]);
    if (!locked || !clock || locked.tenantId !== order.tenantId) return "unknown";
    let step: SessionStep;
    try {
      step = decideStep(locked, news, session);
    } catch (error) {
      if (!(error instanceof EventFault)) throw error;
      await putInReview(tx, locked, error.message);
      return "review";
    }
    // A delayed payment arrives long after its charge was made: then the time of reading counts.
    const at = locked.status === "PROCESSING" ? clock.now : (paidAt ?? clock.now);
    await takeStep(tx, locked, step, session, at);
    if (step === "fulfil") await wakeEvents(tx, locked);
    return step;
  });
}

/** What the state of a session amounts to; null while nothing has happened. */
function newsOf(found: { status: string | null; paymentFailed: boolean }): SessionNews | null {
  if (found.status === "expired") return "expired";
  if (found.status !== "complete") return null;
  return found.paymentFailed ? "async_payment_failed" : "completed";
}
