import { type Actor, recordChange } from "~/billing/audit.server";
import type { AuditAction } from "~/billing/audit-actions";
import { type Db, type Fragment, type Sql, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";

/** Long work that a server does beside its requests. */
export type TaskKind = "REPLAY" | "VERIFY" | "RECONCILE";

/** A piece of long work: who asked for it, how far it is, and what it came to. `request` and `result` are JSON. */
export interface Task {
  id: number;
  kind: TaskKind;
  request: string;
  requestedBy: string;
  requestedByName: string;
  requestedAt: Date;
  traceId: string;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** null while it is not known how much there is. */
  total: number | null;
  done: number;
  position: string | null;
  result: string | null;
  /** Why it broke off. */
  failure: string | null;
}

const ACTION: Record<TaskKind, AuditAction> = {
  REPLAY: "REPLAY_REQUESTED",
  VERIFY: "VERIFY_REQUESTED",
  RECONCILE: "RECONCILE_REQUESTED",
};

/**
 * Asks for long work; a server begins within a second. In the audit trail it stands beside the event it is about, `eventId`, else by
 * itself. Throws INVALID_STATE while another of its kind runs.
 */
export function requestTask(sql: Sql, actor: Actor, kind: TaskKind, request: Record<string, string>): Promise<number> {
  return transaction(sql, async (tx) => {
    const [task] = await tx<{ id: number }[]>`
      insert into task (kind, request, requested_by, trace_id)
      values (${kind}, ${JSON.stringify(request)}, ${actor.userId}, ${actor.traceId})
      on conflict (kind) where finished_at is null do nothing
      returning id`;
    if (!task) throw new DomainError("INVALID_STATE");
    await recordChange(tx, actor, {
      action: ACTION[kind],
      subject: request.eventId ? { type: "EVENT", id: request.eventId } : { type: "TASK", id: String(task.id) },
      tenantId: null,
      before: null,
      after: request,
      reason: null,
    });
    return task.id;
  });
}

/** One task. Throws NOT_FOUND. */
export async function readTask(db: Db, kind: TaskKind, id: number): Promise<Task> {
  const [task] = await select(db, db`k.kind = ${kind} and k.id = ${id}`);
  if (!task) throw new DomainError("NOT_FOUND");
  return task;
}

/** The newest task of a kind, running or finished; null when there was none. */
export async function latestTask(db: Db, kind: TaskKind): Promise<Task | null> {
  const [task] = await select(db, db`k.kind = ${kind}`);
  return task ?? null;
}

/** The tasks that no server has finished, oldest first. */
export function unfinishedTasks(db: Db): Promise<Task[]> {
  return select(db, db`k.finished_at is null`);
}

function select(db: Db, which: Fragment): Promise<Task[]> {
  return db<Task[]>`
    select k.id, k.kind, k.request, k.requested_by, u.name as requested_by_name, k.requested_at, k.trace_id, k.started_at,
      k.finished_at, k.total, k.done, k.position, k.result, k.failure
    from task k join app_user u on u.id = k.requested_by
    where ${which} order by k.id desc limit 10`;
}

/** Notes that a server has taken the task up, also again after another one has died. */
export async function startTask(db: Db, id: number): Promise<void> {
  await db`update task set started_at = coalesce(started_at, now()) where id = ${id}`;
}

/** Notes how far a task is; `position` is where it would go on. */
export async function noteProgress(
  db: Db,
  id: number,
  { total, done, position }: { total: number | null; done: number; position: string | null },
): Promise<void> {
  await db`update task set total = ${total}, done = ${done}, position = ${position} where id = ${id}`;
}

/** Ends a task with what it came to, or with why it broke off. */
export async function finishTask(db: Db, id: number, end: { result: string } | { failure: string }): Promise<void> {
  const result = "result" in end ? end.result : null;
  const failure = "failure" in end ? end.failure : null;
  await db`
    update task set finished_at = now(), result = ${result}, failure = ${failure}
    where id = ${id} and finished_at is null`;
}
