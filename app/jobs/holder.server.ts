import { connect } from "~/db/client.server";

/** Numbers that nobody else locks. */
export const LOCKS = {
  reconcile: 727_010,
  expire: 727_011,
  REPLAY: 727_012,
  VERIFY: 727_013,
  RECONCILE: 727_014,
} as const;

/**
 * Runs `work` as the one holder of a lock, over all servers and commands. The lock lives on a connection of its own, so that no
 * transaction is open while the work asks Stripe, and dies with it.
 * @returns null when somebody else holds it
 */
export async function asOnlyOne<T>(databaseUrl: string, lock: number, work: () => Promise<T>): Promise<T | null> {
  const sql = connect(databaseUrl, 1);
  try {
    const [row] = await sql<{ mine: boolean }[]>`select pg_try_advisory_lock(${lock}) as mine`;
    return row?.mine ? await work() : null;
  } finally {
    await sql.end({ timeout: 5 });
  }
}
