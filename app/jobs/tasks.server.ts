import type Stripe from "stripe";
import { isTransient, type Sql } from "~/db/transaction.server";
import { log } from "~/log.server";
import { finishTask, startTask, type Task, type TaskKind, unfinishedTasks } from "~/operations/tasks.server";
import { asOnlyOne, LOCKS } from "./holder.server";

import { reconcileTask } from "./reconcile-task.server";
import { replayEvents } from "./replay-task.server";
import { verifyTask } from "./verify-task.server";

/** What a task works with. `ending`: the server stops; another one goes on where this one was. */
export interface Workshop {
  sql: Sql;
  stripe: Stripe;
  databaseUrl: string;
  livemode: boolean;
  ending: AbortSignal;
}

/**
 * Does a task and gives its result as JSON; null: not now, or not to the end, and the next look for work goes on. A failure
 * that passes by is thrown and tried again; any other one ends the task.
 */
type Doing = (workshop: Workshop, task: Task) => Promise<string | null>;

const DOING: Record<TaskKind, Doing> = { REPLAY: replayEvents, VERIFY: verifyTask, RECONCILE: reconcileTask };

/** Takes up what people have asked for: one server at a time does one kind of task. @returns false: nothing waits for it */
export async function doTasks(workshop: Workshop): Promise<boolean> {
  const tasks = await unfinishedTasks(workshop.sql);
  // Beside each other: a long replay holds up no check of the books.
  const ends = await Promise.allSettled(
    tasks.map((task) =>
      asOnlyOne(workshop.databaseUrl, LOCKS[task.kind], () => doTask(workshop, task, DOING[task.kind])),
    ),
  );
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
  return false;
}

async function doTask(workshop: Workshop, task: Task, work: Doing): Promise<void> {
  const { sql } = workshop;
  await startTask(sql, task.id);
  try {
    const result = await work(workshop, task);
    if (result !== null) await finishTask(sql, task.id, { result });
  } catch (error) {
    if (isTransient(error)) throw error;
    log.error({ err: error, task: task.id, kind: task.kind, traceId: task.traceId }, "task broke off");
    await finishTask(sql, task.id, { failure: error instanceof Error ? error.message : String(error) });
  }
}
