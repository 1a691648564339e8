import { execFileSync } from "node:child_process";
import os from "node:os";
import { parseArgs } from "node:util";
import { table } from "./figures";
import { runChaos } from "./run";

/**
 * `npm run chaos -- --purchases N --seed S`: thousands of purchases while servers are killed, PostgreSQL crashes, replies to
 * COMMIT get lost and deliveries come twice, late, shuffled and corrupted. Then the books are compared with Stripe.
 * All must be bought and delivered within `--limit` seconds (300). Exits with 1 on any fault. REUSE_BUILD=1 keeps the last
 * build.
 */
const GRACE_MS = 60_000;

const { values } = parseArgs({
  options: {
    purchases: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    buyers: { type: "string", default: "16" },
    limit: { type: "string", default: "300" },
  },
});
const [purchases, seed, buyers, seconds] = [values.purchases, values.seed, values.buyers, values.limit].map(Number) as [
  number,
  number,
  number,
  number,
];

async function main(): Promise<number> {
  if (![purchases, seed, buyers, seconds].every((it) => Number.isInteger(it) && it >= 0) || buyers === 0) {
    console.error("--purchases, --seed, --buyers and --limit (in seconds) must be whole numbers.");
    return 1;
  }
  if (!process.env.REUSE_BUILD) {
    execFileSync(process.execPath, ["node_modules/@remix-run/dev/dist/cli.js", "build"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupt.abort());
  // Only for a run that hangs against all limits of its own: what was started is ended on the way out.
  const watchdog = setTimeout(() => interrupt.abort(), seconds * 1_000 + GRACE_MS);
  console.log(`Chaos with seed ${seed}: ${purchases} purchases, ${buyers} buyers; load ${os.loadavg()[0]?.toFixed(2)}`);
  try {
    const { figures, faults } = await runChaos({
      purchases,
      seed,
      buyers,
      killEveryMs: 2_000,
      restartEveryMs: 15_000,
      restarts: 1_000,
      apiTroubleEveryMs: 4_000,
      cutPercent: 2,
      limitMs: seconds * 1_000,
      quietMs: 10_000,
      signal: interrupt.signal,
      onProgress: (text) => console.log(text),
    });
    console.log(table(figures));
    for (const fault of faults) console.error(`\nFAULT ${fault}`);
    console.log(faults.length === 0 ? "\nNo fault." : `\nFaults with seed ${seed}.`);
    return faults.length === 0 ? 0 : 1;
  } catch (error) {
    console.error(`The run with seed ${seed} broke off.`, error);
    return 1;
  } finally {
    clearTimeout(watchdog);
  }
}

process.exit(await main());
