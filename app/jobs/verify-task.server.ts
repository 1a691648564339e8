import { verifyBooks } from "~/billing/verification.server";
import { log } from "~/log.server";
import { noteProgress, type Task } from "~/operations/tasks.server";
import type { Workshop } from "./tasks.server";

/** More named findings than this help nobody; the sum tells how many there are. */
const MOST_NAMED = 100;

/**
 * «Bücher prüfen»: every invariant and every chain, in one snapshot, with the lots checked so far as progress.
 * @returns rows, lots and findings as JSON; null when the server stops, and another one begins anew
 */
export async function verifyTask({ sql, ending }: Workshop, task: Task): Promise<string | null> {
  // Not waited for in between: with a pool of one connection the snapshot holds it.
  let told: Promise<unknown> = Promise.resolve();
  const onProgress = (progress: { done: number; total: number }) => {
    told = told
      .then(() => noteProgress(sql, task.id, { ...progress, position: null }))
      .catch((err: unknown) => log.warn({ err, task: task.id }, "progress not noted"));
  };
  try {
    const { rows, lots, findings } = await verifyBooks(sql, { onProgress, signal: ending });
    await told;
    return JSON.stringify({ rows, lots, findings: findings.length, named: findings.slice(0, MOST_NAMED) });
  } catch (error) {
    if (ending.aborted) return null;
    throw error;
  }
}
