import type Stripe from "stripe";
import { type ReconciliationReport, type ReconciliationScope, reconcile } from "~/billing/reconciliation.server";
import type { Sql } from "~/db/transaction.server";
import { reportEvent } from "~/http/event-report.server";
import { log } from "~/log.server";
import { asOnlyOne, LOCKS } from "./holder.server";

/** How long a server waits after the last run, whoever ran it. */
const EVERY_MINUTES = 5;
/** How often everything is compared, not only what is new. */
const FULL_EVERY_HOURS = 24;

/** Runs the reconciliation as its only holder. Null: somebody else is at it. */
export async function runReconciliation(
  sql: Sql,
  stripe: Stripe,
  setting: { databaseUrl: string; livemode: boolean },
  scope: Omit<ReconciliationScope, "onEvent">,
): Promise<ReconciliationReport | null> {
  return asOnlyOne(setting.databaseUrl, LOCKS.reconcile, async () => {
    const onEvent: ReconciliationScope["onEvent"] = (event, outcome) => reportEvent(event, outcome, "reconcile");
    return reconcile(sql, stripe, setting.livemode, { ...scope, onEvent });
  });
}

/** Logs a run: its figures, its digest, which nobody can rewrite there, and each difference. */
export function logReconciliation(report: ReconciliationReport): void {
  const { differences, books, ...figures } = report;
  log.info({ ...figures, differences: differences.length }, "reconciled");
  for (const difference of differences) log.error(difference, "difference in the books");
}

/**
 * Whether a run is due: five minutes after the last one, or after this server's start where there was none.
 * @returns null if not, else whether it should be a full one
 */
export async function dueReconciliation(sql: Sql, startedAt: Date): Promise<{ full: boolean } | null> {
  const [row] = await sql<{ due: boolean; full: boolean }[]>`
    select coalesce(max(finished_at), ${startedAt}) < now() - make_interval(mins => ${EVERY_MINUTES}) as due,
      coalesce(max(finished_at) filter (where complete and window_from < started_at - interval '29 days'), '-infinity')
        < now() - make_interval(hours => ${FULL_EVERY_HOURS}) as full
    from reconciliation_report`;
  return row?.due ? { full: row.full } : null;
}
