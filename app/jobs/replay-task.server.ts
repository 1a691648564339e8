import { storedEvent } from "~/billing/event-inbox.server";
import { processEvent } from "~/billing/stripe-events.server";
import { reportEvent } from "~/http/event-report.server";
import { filterOfReplay } from "~/operations/event-filter.server";
import {
  countReplay,
  countsOf,
  type EventResult,
  hasGranted,
  nextOfReplay,
  type ReplayPosition,
  saveResults,
  standingOf,
} from "~/operations/replays.server";
import type { Task } from "~/operations/tasks.server";
import type { Workshop } from "./tasks.server";

/** How many events are done before their results are written down together. */
const BATCH = 100;

/**
 * Replays the events that an operator has chosen, one after the other in the order of arrival, each through the normal path. An event
 * that changed something is written down at once, the others a batch at a time: what a killed server has not written down is done
 * again, and comes to the same. Gives the counts; null when the server stops, or another one has gone on.
 */
export async function replayEvents(workshop: Workshop, task: Task): Promise<string | null> {
  const { sql, ending } = workshop;
  const filter = filterOfReplay(task.request);
  const run = { ...task, total: task.total ?? (await countReplay(sql, task.id, filter)) };
  let at: ReplayPosition | null = task.position === null ? null : JSON.parse(task.position);
  const counts = countsOf(task);
  const waiting: EventResult[] = [];
  /** @returns false: the replay is somebody else's now */
  const save = async () => {
    const position = JSON.stringify({ micros: "0", id: "", ...at, counts });
    if (!(await saveResults(sql, run, waiting, position))) return false;
    Object.assign(run, { position, done: run.done + waiting.length });
    waiting.length = 0;
    return true;
  };
  if (!(await save())) return null;
  for (;;) {
    const batch = await nextOfReplay(sql, task.id, filter, at, BATCH);
    if (batch.length === 0) return JSON.stringify(counts);
    for (const { id, micros } of batch) {
      if (ending.aborted) break;
      const result = await replayOne(workshop, task, id);
      waiting.push(result);
      counts[result.result] = (counts[result.result] ?? 0) + 1;
      at = { micros, id, counts };
      if (result.result !== "NOTHING" && !(await save())) return null;
    }
    if (!(await save()) || ending.aborted) return null;
  }
}

/** Replays one event and says truly what came of it, also when it was not the replay that did it. */
async function replayOne({ sql, stripe, livemode }: Workshop, task: Task, eventId: string): Promise<EventResult> {
  const event = await storedEvent(sql, eventId);
  if (!event) return { eventId, result: "SKIPPED", detail: null };
  const before = await standingOf(sql, eventId);
  const outcome = await processEvent(sql, stripe, event, livemode, "replay");
  reportEvent(event, outcome, task.traceId);
  switch (outcome.result) {
    case "done":
      return { eventId, result: "NOTHING", detail: null };
    case "ignored":
      return { eventId, result: "IGNORED", detail: null };
    case "processed": {
      const isGrant = before !== "settled" && (await hasGranted(sql, eventId));
      return { eventId, result: isGrant ? "GRANTED" : "PROCESSED", detail: null };
    }
    default: {
      const isFailing = (await standingOf(sql, eventId)) === "failed";
      return { eventId, result: isFailing ? "STILL_FAILING" : "SKIPPED", detail: outcome.fault.message };
    }
  }
}
