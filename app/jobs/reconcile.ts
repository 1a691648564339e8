import { command } from "./command.server";
import { runReconciliation } from "./reconcile.server";

/**
 * `npm run reconcile`: compares Stripe, orders and ledger over 30 days, heals what can be healed, names the rest. Exits 1 when
 * Stripe could not be read or a difference remains. Waits for a run that is under way elsewhere.
 */
await command(async ({ sql, stripe, env, livemode, say }) => {
  const setting = { databaseUrl: env.DATABASE_URL, livemode };
  for (let attempt = 1; attempt <= 120; attempt++) {
    const report = await runReconciliation(sql, stripe, setting, { full: true, now: new Date() });
    if (!report) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      continue;
    }
    for (const [period, sums] of Object.entries(report.books).sort()) {
      const net = sums.payments - sums.refunds - sums.lost;
      const ours = sums.ordersPaid - sums.ordersRefunded - sums.ordersLost;
      say(`${period}: Stripe ${francs(net)}, orders ${francs(ours)}, grants at sale ${francs(sums.granted)}`);
    }
    for (const { kind, subject, detail } of report.differences) say(`${kind}: ${subject}: ${detail}`);
    say(
      `Report ${report.id}: ${report.checked} checked, ${report.healed} healed, ${report.differences.length} differences, ` +
        `${report.durationMs} ms, digest ${report.digest}${report.complete ? "" : " (incomplete)"}`,
    );
    return report.complete && report.differences.length === 0;
  }
  throw new Error("Another reconciliation has been running for two minutes.");
});

function francs(cents: number): string {
  return (cents / 100).toFixed(2);
}
