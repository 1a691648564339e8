import postgres from "postgres";
import { env } from "~/env.server";
import type { Sql } from "./transaction.server";

/**
 * Opens a pool that works as the role `billing_app`, which owns nothing and cannot change the ledger's rows.
 * Rows come back in camelCase. A lock is waited for 3 s, a statement may take 8 s.
 */
export function connect(url: string, max: number): Sql {
  const sql: Sql = postgres(url, {
    max,
    connect_timeout: 5,
    // Seconds until the next try after a lost connection. The default grows to 20, long after the database is back.
    backoff: (tries) => Math.min(0.05 * 2 ** tries, 0.5),
    // We use no array parameters, and its failure on a dying connection would be nobody's to catch.
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: "leadradar-billing",
      role: "billing_app",
      lock_timeout: 3_000,
      statement_timeout: 8_000,
    },
    transform: { column: { from: postgres.toCamel } },
    types: {
      bigint: {
        to: 20,
        from: [20],
        parse: (text: string) => Number(text),
        serialize: (value: number) => String(value),
      },
    },
  });
  return withoutHoles(sql);
}

/**
 * Another known fault of postgres.js 3.4.9: it does not reset its row counter when a statement fails, or its connection
 * goes, after some of the rows have arrived. The next result on that connection begins with so many holes, and `const [row] = …`
 * finds nothing where there is a row. Transactions are free of it: the answer to BEGIN resets the counter.
 */
function withoutHoles(sql: Sql): Sql {
  return new Proxy(sql, {
    apply(target, self, args) {
      const query: unknown = Reflect.apply(target as (...args: unknown[]) => unknown, self, args);
      if (query instanceof Promise && "resolve" in query) fillHoles(query as unknown as DriverQuery);
      return query;
    },
  });
}

interface DriverQuery {
  resolve: (result: unknown) => void;
}

function fillHoles(query: DriverQuery): void {
  const { resolve } = query;
  query.resolve = (result) => {
    if (Array.isArray(result)) {
      const first = result.findIndex((_, index) => index in result);
      if (first > 0) result.splice(0, first);
    }
    resolve(result);
  };
}

let pool: Sql | undefined;

/** The server's one pool, opened at first use. */
export function database(): Sql {
  pool ??= connect(env().DATABASE_URL, env().DATABASE_POOL_MAX);
  return pool;
}

/** Ends the pool: waits up to 5 s for what runs. */
export async function closeDatabase(): Promise<void> {
  await pool?.end({ timeout: 5 });
}

/**
 * A known fault of postgres.js 3.4.9: a write that was scheduled before its socket went away throws from a timer, where
 * nobody can catch it. The queries concerned are rejected by the driver anyway, so this one error, and no other, may
 * be logged and survived (docs/decisions/0003-driver-guard.md).
 */
export function isDriverWriteFault(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    /reading 'write'|null.*write/.test(error.message) &&
    /nextWrite/.test(error.stack ?? "") &&
    /postgres/.test(error.stack ?? "")
  );
}
