import type { EventOutcome } from "~/billing/stripe-events.server";
import { log } from "~/log.server";
import type { VerifiedEvent } from "~/stripe/signature.server";
import { metrics } from "./metrics.server";

/** Counts what became of an event and logs what went wrong. `source`: a trace id, or the job that processed it. */
export function reportEvent(event: VerifiedEvent, outcome: EventOutcome, source: string): void {
  metrics().events.inc({ result: outcome.result });
  if (outcome.result !== "set aside" && outcome.result !== "retry") return;
  const line = {
    traceId: source,
    eventId: event.id,
    type: event.type,
    fault: outcome.fault.message,
    err: outcome.cause,
  };
  if (outcome.result === "set aside" || outcome.fault.code === "UNEXPECTED") log.error(line, `event ${outcome.result}`);
  else log.warn(line, "event will be tried again");
}
