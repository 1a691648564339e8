import { storedEvent, storedEvents } from "~/billing/event-inbox.server";
import { type EventOutcome, processEvent } from "~/billing/stripe-events.server";
import type { VerifiedEvent } from "~/stripe/signature.server";
import { command } from "./command.server";

/**
 * `npm run replay -- <event id>` or `-- --all`: processes stored events once more through the normal path. What was right stays as
 * it is. Exits 1 when an event is unknown or still fails.
 */
await command(async ({ sql, stripe, livemode, args, say }) => {
  const [asked] = args;
  if (!asked) throw new Error("Which event? npm run replay -- <event id>, or -- --all");
  const counts: Record<EventOutcome["result"], number> = {
    processed: 0,
    ignored: 0,
    done: 0,
    "set aside": 0,
    retry: 0,
  };
  const replay = async (event: VerifiedEvent) => {
    const outcome = await processEvent(sql, stripe, event, livemode, "replay");
    counts[outcome.result] += 1;
    if ("fault" in outcome) say(`${event.id} ${event.type}: ${outcome.result}: ${outcome.fault.message}`);
    else if (asked !== "--all")
      say(`${event.id} ${event.type}: ${outcome.result === "done" ? "nothing to do" : outcome.result}`);
  };
  if (asked === "--all") {
    for await (const event of storedEvents(sql)) await replay(event);
  } else {
    const event = await storedEvent(sql, asked);
    if (!event) throw new Error(`There is no event ${asked}.`);
    await replay(event);
  }
  say(
    `${counts.processed} processed, ${counts.ignored} ignored, ${counts.done} with nothing to do, ` +
      `${counts.retry + counts["set aside"]} failing`,
  );
  return counts.retry + counts["set aside"] === 0;
});
