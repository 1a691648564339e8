import { setTimeout as sleep } from "node:timers/promises";
import type postgres from "postgres";

/** Our reading of column types: bigint as number (money and counters stay far below 2^53). */
export type ColumnTypes = { bigint: number };

declare const transactional: unique symbol;

/** The pool. It may open a transaction; a function that takes one decides about its own transaction. */
export type Sql = postgres.Sql<ColumnTypes>;
/** A running transaction. A function that takes one must be called inside it; the pool does not compile. */
export type Tx = postgres.TransactionSql<ColumnTypes> & { readonly [transactional]: true };
/** Either: a function that takes this runs one statement and does not care. */
export type Db = Sql | Tx;
/** A piece of a statement. Never hand one through a promise: awaiting sends it. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

const RETRYABLE = new Set(["40001", "40P01"]);
const ATTEMPTS = 4;
const CONNECTION_LOST = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "ECONNRESET",
  "EPIPE",
  "57P01",
  "57P02",
  "57P03",
]);
const CLOSE_GRACE_MS = 5_000;

/**
 * Runs `work` in one READ COMMITTED transaction; a throw rolls it back. A deadlock or serialization failure is tried
 * again with a fresh transaction, nothing else is. It is the only caller of `sql.begin`, because the driver needs a guard
 * (docs/decisions/0003-driver-guard.md): when a backend dies, postgres.js 3.4.9 rejects `begin` while the callback
 * runs on, on the connection that replaces the dead one. Here a callback that has lost its transaction can neither query
 * nor settle, so that no late statement, COMMIT or ROLLBACK reaches somebody else's transaction.
 */
export async function transaction<T>(sql: Sql, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await guardedBegin(sql, work);
    } catch (error) {
      if (attempt === ATTEMPTS || !RETRYABLE.has(errorCode(error))) throw error;
      await sleep(Math.random() * 20 * attempt);
    }
  }
}

/** Whether the failure lies with the connection or the server's state, so that the same call may succeed later. */
export function isTransient(error: unknown): boolean {
  const code = errorCode(error);
  return (
    CONNECTION_LOST.has(code) ||
    RETRYABLE.has(code) ||
    code === "55P03" || // lock timeout
    code === "57014" || // statement timeout
    code === "CONNECT_TIMEOUT" ||
    code === "ECONNREFUSED" ||
    code === "ENOENT" || // a unix socket that is gone
    code === "TRANSACTION_LOST" ||
    /^(08|53|57P)/.test(code)
  );
}

/** Whether a parameter is no text that the database can hold (U+0000), as an id in an address may be: there is nothing with that name. */
export function isUnholdable(error: unknown): boolean {
  return errorCode(error) === "22021";
}

/** The SQLSTATE or driver code of an error, "" when it has none. */
function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

async function guardedBegin<T>(sql: Sql, work: (tx: Tx) => Promise<T>): Promise<T> {
  const life = { over: false };
  const never = new Promise<never>(() => {});
  try {
    const result = await sql.begin(async (raw) => {
      try {
        const value = await work(guard(raw, life));
        return life.over ? await never : value;
      } catch (error) {
        // The connection is going: `begin` rejects as soon as the socket closes. Settling now would send a ROLLBACK
        // into a closing socket. The grace is for an error that only looks like a lost connection.
        if (CONNECTION_LOST.has(errorCode(error))) await sleep(CLOSE_GRACE_MS, undefined, { ref: false });
        return life.over ? await never : Promise.reject(error);
      }
    });
    return result as T;
  } finally {
    life.over = true;
  }
}

/** A transaction handle that refuses every query once `life.over`, also one that was written before and awaited after. */
function guard(raw: postgres.TransactionSql<ColumnTypes>, life: { over: boolean }): Tx {
  const lost = () => Object.assign(new Error("This transaction has ended."), { code: "TRANSACTION_LOST" });
  return new Proxy(raw, {
    apply(target, self, args) {
      if (life.over) throw lost();
      return watch(Reflect.apply(target as (...args: unknown[]) => unknown, self, args), life, lost);
    },
    get(target, key, self) {
      if (life.over) throw lost();
      return Reflect.get(target, key, self);
    },
  }) as Tx;
}

interface DriverQuery {
  handler: (query: DriverQuery) => unknown;
  reject: (error: Error) => void;
}

function watch(query: unknown, life: { over: boolean }, lost: () => Error): unknown {
  if (query instanceof Promise && "handler" in query) {
    const driverQuery = query as unknown as DriverQuery;
    const send = driverQuery.handler;
    driverQuery.handler = (it) => (life.over ? it.reject(lost()) : send(it));
  }
  return query;
}
