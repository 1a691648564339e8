import { replayEvents } from "~/jobs/replay-task.server";
import type { Workshop } from "~/jobs/tasks.server";
import { askForReplay } from "~/operations/replays.server";
import { finishTask, latestTask, startTask, type Task } from "~/operations/tasks.server";
import type { Shop } from "./books-shop";

export const OPERATOR = { userId: "lr_user_operator", traceId: "trace-of-a-test" };

type Bench = Pick<Shop, "db" | "client">;

/** What a server works with, and a switch that stops it. */
export function workshop({ db, client }: Bench, ending = new AbortController()): Workshop {
  return { sql: db.app, stripe: client, databaseUrl: db.url, livemode: false, ending: ending.signal };
}

/** The newest replay, as it stands. */
export async function newestReplay({ db }: Pick<Bench, "db">): Promise<Task> {
  const task = await latestTask(db.app, "REPLAY");
  if (!task) throw new Error("There is no replay.");
  return task;
}

/** Asks for a replay and does it to its end, as a server would. @returns the counts, and each event's result in order */
export async function replay(bench: Bench, request: Record<string, string> = {}) {
  const id = await askForReplay(bench.db.app, OPERATOR, request);
  return { id, ...(await goOn(bench)) };
}

/** Does the newest replay from where it is to its end. */
export async function goOn(bench: Bench) {
  const task = await newestReplay(bench);
  await startTask(bench.db.app, task.id);
  const result = await replayEvents(workshop(bench), task);
  if (result !== null) await finishTask(bench.db.app, task.id, { result });
  const rows = await bench.db.owner<{ line: string }[]>`
    select concat_ws(' ', event_id, result, detail) as line from replay_result where task_id = ${task.id} order by seq`;
  return { counts: result === null ? null : JSON.parse(result), lines: rows.map((row) => row.line) };
}
