import type Stripe from "stripe";
import { dueEvents, type Lane } from "~/billing/event-inbox.server";
import { inParallel } from "~/billing/parallel";
import { processEvent } from "~/billing/stripe-events.server";
import type { Sql } from "~/db/transaction.server";
import { reportEvent } from "~/http/event-report.server";

/** How many events a lane takes at a time, and how many of them run beside each other. */
const BATCH = 32;
const BESIDE: Record<Lane, number> = { sessions: 3, others: 2 };

/**
 * Processes what a crash or a failure left in the inbox, once: events RECEIVED for more than two seconds and failed ones
 * that are due. Two lanes, so that events which ask Stripe, and may hang, never delay those that credit a payment. Safe
 * beside other servers: what one of them holds is skipped.
 * @returns whether there is likely more to do at once
 */
export async function drainOnce(sql: Sql, stripe: Stripe, livemode: boolean, lane: Lane): Promise<boolean> {
  const events = await dueEvents(sql, lane, BATCH);
  let settled = 0;
  await inParallel(events, BESIDE[lane], async (event) => {
    const outcome = await processEvent(sql, stripe, event, livemode, "drain");
    reportEvent(event, outcome, "drain");
    if (outcome.result !== "retry") settled += 1;
  });
  return events.length === BATCH && settled > 0;
}
