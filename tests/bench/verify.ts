import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import postgres from "postgres";
import { connect } from "~/db/client.server";
import { migrate } from "../../db/migrate";
import { seed } from "../../db/seed";
import { startPostgres } from "../sandbox/postgres";
import { freePort } from "../support/ports";
import { fillLedger } from "./full-ledger";

/**
 * `npm run bench:verify`: how long `npm run verify` takes over a million ledger rows, and how much memory. Smaller with
 * BENCH_TENANTS, more runs with BENCH_ROUNDS.
 */
const SIZE = { tenants: Number(process.env.BENCH_TENANTS || 200), lotsOfTenant: 100, rowsOfLot: 50 };
const ROUNDS = Number(process.env.BENCH_ROUNDS || 3);
/** The job says at its end how much memory it had at most, in KiB. */
const TELL_MEMORY = "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS))";

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "leadradar-bench-"));
  chmodSync(folder, 0o755);
  const pg = await startPostgres({ dataDir: path.join(folder, "postgres"), port: await freePort() });
  await pg.createDatabase("billing");
  const url = pg.url("billing");
  await migrate(url);
  await seed(url);
  const owner = postgres(url, { max: 1, onnotice: () => {} });
  const app = connect(url, 1);
  try {
    const began = performance.now();
    const rows = await fillLedger(owner, app, SIZE);
    console.log(`${rows} ledger rows in ${SIZE.tenants * SIZE.lotsOfTenant} lots, made in ${since(began)} s`);
    for (let round = 1; round <= ROUNDS; round++) await measure(url);
  } finally {
    await Promise.all([owner.end(), app.end()]);
    await pg.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(url: string): Promise<void> {
  const load = os.loadavg()[0]?.toFixed(2);
  const began = performance.now();
  const args = ["--import", `data:text/javascript,${TELL_MEMORY}`, "--import", "tsx", "app/jobs/verify.ts"];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, NODE_ENV: "production", DATABASE_URL: url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let errors = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  const [code] = await once(child, "close");
  const peak = Number(/^peak (\d+)$/m.exec(errors)?.[1]) / 1024;
  console.log(
    `exit ${code} after ${since(began)} s, ${peak.toFixed(0)} MiB at most, load ${load} before. ${said.trim()}`,
  );
}

function since(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}

await main();
