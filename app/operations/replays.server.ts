import type { Actor } from "~/billing/audit.server";
import { type Cursor, type Page, pageOf } from "~/billing/paging.server";
import { type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { type EventFilter, filterOfReplay, scanOf } from "./event-filter.server";
import { latestTask, noteProgress, readTask, requestTask, type Task } from "./tasks.server";

/**
 * What came of replaying one event. NOTHING: all was so already. GRANTED: the payment's credits were booked now. PROCESSED: something
 * else moved. STILL_FAILING: the event stays FAILED. SKIPPED: a settled event could not be looked at again, and stays settled.
 */
export const REPLAY_RESULTS = ["GRANTED", "PROCESSED", "NOTHING", "IGNORED", "STILL_FAILING", "SKIPPED"] as const;

export type ReplayResult = (typeof REPLAY_RESULTS)[number];

/** How many events came to what. */
export type ReplayCounts = Partial<Record<ReplayResult, number>>;

/** Where a replay is: behind the event that came at `micros` with this `id`. */
export interface ReplayPosition {
  micros: string;
  id: string;
  counts: ReplayCounts;
}

/** What one event came to; `detail` is the stored fault, if there was one. */
export interface EventResult {
  eventId: string;
  result: ReplayResult;
  detail: string | null;
}

/** Counting and finding a sparse filter may read the whole log, beside requests; in milliseconds. */
const PATIENCE = "120000";

function patiently<T>(sql: Sql, work: (tx: Tx) => Promise<T>): Promise<T> {
  return transaction(sql, async (tx) => {
    await tx`select set_config('statement_timeout', ${PATIENCE}, true)`;
    return work(tx);
  });
}

/** The events of a filter that had come when the replay was asked for. */
function setOf(tx: Tx, taskId: number, filter: EventFilter) {
  const { along, rest } = scanOf(tx, filter);
  return tx`${along} ${rest ? tx`and ${rest}` : tx``} and received_at <= (select requested_at from task where id = ${taskId})`;
}

/** How many events a replay is about. */
export function countReplay(sql: Sql, taskId: number, filter: EventFilter): Promise<number> {
  return patiently(sql, async (tx) => {
    const [row] = await tx<{ count: number }[]>`
      select count(*)::int as count from stripe_event where ${setOf(tx, taskId, filter)}`;
    return row?.count ?? 0;
  });
}

/** The replay's next events in the order of arrival: their ids and places. None: it is at its end. */
export function nextOfReplay(
  sql: Sql,
  taskId: number,
  filter: EventFilter,
  after: ReplayPosition | null,
  limit: number,
): Promise<Array<{ id: string; micros: string }>> {
  return patiently(
    sql,
    (tx) => tx<Array<{ id: string; micros: string }>>`
      select id, (extract(epoch from received_at) * 1000000)::bigint::text as micros from stripe_event
      where ${setOf(tx, taskId, filter)}
        ${after ? tx`and (received_at, id) > (timestamptz 'epoch' + ${after.micros}::bigint * interval '1 microsecond', ${after.id})` : tx``}
      order by received_at, id limit ${limit}`,
  );
}

/**
 * Writes down what events came to and how far the replay is, in one transaction, so that whoever goes on neither repeats nor
 * forgets a line. @returns false: somebody else has gone on in the meantime, and nothing was written
 */
export function saveResults(
  sql: Sql,
  task: Pick<Task, "id" | "position" | "done" | "total">,
  results: readonly EventResult[],
  position: string,
): Promise<boolean> {
  return transaction(sql, async (tx) => {
    const [mine] = await tx`
      select 1 from task where id = ${task.id} and finished_at is null and position is not distinct from ${task.position}
      for update`;
    if (!mine) return false;
    const rows = results.map((it, i) => ({
      task_id: task.id,
      seq: task.done + i + 1,
      event_id: it.eventId,
      result: it.result,
      detail: it.detail,
    }));
    if (rows.length > 0) await tx`insert into replay_result ${tx(rows)}`;
    await noteProgress(tx, task.id, { total: task.total, done: task.done + rows.length, position });
    return true;
  });
}

/** How an event stands: settled ones are left as they are by a replay that fails. Null: it is not there. */
export async function standingOf(sql: Sql, eventId: string): Promise<"settled" | "failed" | "waiting" | null> {
  const [row] = await sql<{ status: string }[]>`select status from stripe_event where id = ${eventId}`;
  if (!row) return null;
  return row.status === "FAILED" ? "failed" : row.status === "RECEIVED" ? "waiting" : "settled";
}

/**
 * Whether the very transaction that processed an event also booked its order's purchase: both bear the time at which it
 * began.
 */
export async function hasGranted(sql: Sql, eventId: string): Promise<boolean> {
  const rows = await sql`
    select 1 from stripe_event e
    join billing_order o on o.id = e.order_id and o.tenant_id = e.tenant_id and o.credits_granted_at = e.processed_at
    join tenant_credit_ledger l on l.order_id = o.id and l.tenant_id = o.tenant_id and l.reason = 'STRIPE_PURCHASE'
      and l.created_at = e.processed_at
    where e.id = ${eventId} limit 1`;
  return rows.length > 0;
}

/** The counts of a replay, running or finished. */
export function countsOf({ result, position }: Pick<Task, "result" | "position">): ReplayCounts {
  if (result !== null) return JSON.parse(result) as ReplayCounts;
  return position === null ? {} : (JSON.parse(position) as ReplayPosition).counts;
}

/** A line of a replay's list. */
export interface ReplayFailure extends EventResult {
  seq: number;
  type: string;
  /** Of the amounts in `detail`. */
  currency: string | null;
}

/** A line's key in a cursor: its number in the replay. */
export const FAILURE_KEY = [/^\d{1,10}$/];

/** One page of the events of a replay that could not be processed, the last one first. */
export async function listFailures(
  sql: Sql,
  taskId: number,
  cursor: Cursor | null,
  limit: number,
): Promise<Page<ReplayFailure>> {
  const seq = Number(cursor?.key[0] ?? 0);
  const isNewer = cursor?.direction === "newer";
  const order = isNewer ? sql`seq asc` : sql`seq desc`;
  const part = (result: ReplayResult) => sql`
    (select task_id, seq, event_id, result, detail from replay_result
    where task_id = ${taskId} and result = ${result} ${cursor ? (isNewer ? sql`and seq > ${seq}` : sql`and seq < ${seq}`) : sql``}
    order by ${order} limit ${limit + 1})`;
  const rows = await sql<ReplayFailure[]>`
    select r.seq, r.event_id, r.result, r.detail, e.type, o.currency
    from (${part("STILL_FAILING")} union all ${part("SKIPPED")}) as r join stripe_event e on e.id = r.event_id
    left join billing_order o on o.id = e.order_id and o.tenant_id = e.tenant_id
    order by r.${order} limit ${limit + 1}`;
  return pageOf(rows, limit, cursor, (row) => [String(row.seq)]);
}

/** An earlier replay's line about an event. */
export interface EarlierReplay {
  taskId: number;
  requestedAt: Date;
  requestedByName: string;
  result: ReplayResult;
  detail: string | null;
}

/** What the last replays came to for an event, newest first, five at most. */
export function listReplaysOf(sql: Sql, eventId: string): Promise<EarlierReplay[]> {
  return sql<EarlierReplay[]>`
    select r.task_id, k.requested_at, u.name as requested_by_name, r.result, r.detail
    from replay_result r join task k on k.id = r.task_id join app_user u on u.id = k.requested_by
    where r.event_id = ${eventId} order by r.task_id desc limit 5`;
}

/** A replay of one event as its page shows it: the task that `asked` names, and its result once it is known. Null: no such replay. */
export async function readOnlyReplay(
  sql: Sql,
  asked: string | null,
  eventId: string,
): Promise<{ task: Task; result: EventResult | null } | null> {
  if (!asked || !TASK_ID.test(asked)) return null;
  const [[result], task] = await Promise.all([
    sql<EventResult[]>`
      select event_id, result, detail from replay_result where task_id = ${asked} and seq = 1 and event_id = ${eventId}`,
    readReplay(sql, asked).catch(() => null),
  ]);
  if (!task || filterOfReplay(task.request).eventId !== eventId) return null;
  return { task, result: result ?? null };
}

const TASK_ID = /^\d{1,15}$/;

/** A replay by the id in an address. Throws NOT_FOUND. */
export async function readReplay(sql: Sql, id: string): Promise<Task> {
  if (!TASK_ID.test(id)) throw new DomainError("NOT_FOUND");
  return readTask(sql, "REPLAY", Number(id));
}

/**
 * Asks for a replay of the events that fit a request (`replayRequest`). The same person's same request, while it runs, is the one that
 * runs: a second click. Throws INVALID_STATE while another one runs.
 * @returns the task's id
 */
export async function askForReplay(sql: Sql, actor: Actor, request: Record<string, string>): Promise<number> {
  try {
    return await requestTask(sql, actor, "REPLAY", request);
  } catch (error) {
    const running = await latestTask(sql, "REPLAY");
    const isMine = running?.finishedAt === null && running.requestedBy === actor.userId;
    if (isMine && running.request === JSON.stringify(request)) return running.id;
    throw error;
  }
}
