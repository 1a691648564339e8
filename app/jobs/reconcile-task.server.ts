import type { Task } from "~/operations/tasks.server";
import { logReconciliation, runReconciliation } from "./reconcile.server";
import type { Workshop } from "./tasks.server";

/**
 * «Jetzt abgleichen»: compares all that Stripe still knows, and heals through the normal path.
 * @returns the run's figures as JSON; null while the five-minute loop or a command is at it
 */
export async function reconcileTask({ sql, stripe, ...setting }: Workshop, _task: Task): Promise<string | null> {
  const report = await runReconciliation(sql, stripe, setting, { full: true, now: new Date() });
  if (!report) return null;
  logReconciliation(report);
  const { id, complete, checked, healed, differences } = report;
  return JSON.stringify({ report: id, complete, checked, healed, differences: differences.length });
}
