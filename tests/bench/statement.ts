import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { connect } from "~/db/client.server";
import { migrate } from "../../db/migrate";
import { seed } from "../../db/seed";
import { startPostgres } from "../sandbox/postgres";
import { freePort } from "../support/ports";
import { type AppServer, startAppServer } from "../support/server";
import { fillLedger } from "./full-ledger";
import { comparePages, signInAt } from "./load";

/**
 * `npm run bench:statement`: what a million movements of one tenant cost, beside a tenant without any, on the same server in turn: overview and
 * statement by p99, the CSV by the memory it takes. Only ratios mean anything. Smaller with BENCH_LOTS.
 */
const SIZE = { tenants: 1, lotsOfTenant: Number(process.env.BENCH_LOTS || 1_000), rowsOfLot: 1_000 };

async function main(): Promise<void> {
  execFileSync(process.execPath, ["node_modules/@remix-run/dev/dist/cli.js", "build"], { stdio: "ignore" });
  const folder = mkdtempSync(path.join(os.tmpdir(), "leadradar-bench-"));
  chmodSync(folder, 0o755);
  const pg = await startPostgres({ dataDir: path.join(folder, "postgres"), port: await freePort() });
  await pg.createDatabase("billing");
  const url = pg.url("billing");
  await migrate(url);
  await seed(url);
  const owner = postgres(url, { max: 1, onnotice: () => {} });
  const app = connect(url, 1);
  let server: AppServer | undefined;
  try {
    const rows = await fillLedger(owner, app, SIZE);
    await owner`
      insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at)
      select 'bench_1', 'LICENSE_365D', 5, 'MANUAL_ADJUST', now() + make_interval(days => n * 20) from generate_series(1, 10) as n`;
    for (const [tenant, email] of [
      ["bench_1", "full@bench.example"],
      ["lr_tenant_jura", "empty@bench.example"],
    ]) {
      await owner`
        insert into app_user (tenant_id, email, password_hash, role)
        select ${tenant ?? ""}, ${email ?? ""}, password_hash, 'OWNER' from app_user where id = 'lr_user_owner_alpen'`;
    }
    console.log(`${rows} movements; load ${os.loadavg()[0]?.toFixed(2)}`);
    server = await startAppServer({ databaseUrl: url });
    await measure(server);
  } finally {
    await server?.stop();
    await Promise.all([owner.end(), app.end()]);
    await pg.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(server: AppServer): Promise<void> {
  const full = await signInAt(server.origin, "full@bench.example");
  const empty = await signInAt(server.origin, "empty@bench.example");
  for (const at of ["/api/admin/v1/billing/overview", "/admin/billing"]) {
    await comparePages(`${at}: full beside empty`, [server.origin, full, at], [server.origin, empty, at]);
  }
  const list = "/api/admin/v1/billing/ledger?limit=50";
  const far = `${list}&cursor=${await cursorOfPage(server, full, list, 1_000)}`;
  await comparePages("ledger API: page 1000 beside page 1", [server.origin, full, far], [server.origin, full, list]);
  const page = "/admin/billing/ledger";
  const farPage = `${page}?cursor=${new URL(far, server.origin).searchParams.get("cursor")}`;
  await comparePages(
    "ledger page: page 1000 beside page 1",
    [server.origin, full, farPage],
    [server.origin, full, page],
  );
  await memoryOfCsv(server, full, "fast", Number.POSITIVE_INFINITY);
  await memoryOfCsv(server, full, "slow", 4 * 1024 * 1024);
}

async function cursorOfPage(server: AppServer, cookie: string, list: string, page: number): Promise<string> {
  let cursor = "";
  // A hundred rows a step are two pages of fifty.
  for (let at = 1; at < page; at += 2) {
    const answer = await fetch(`${server.origin}${list.replace("50", "100")}&cursor=${cursor}`, {
      headers: { cookie },
    });
    cursor = ((await answer.json()) as { data: { nextCursor: string } }).data.nextCursor;
  }
  return cursor;
}

/** Downloads the whole statement and watches the server's memory meanwhile. `bytesASecond`: how fast the reader reads. */
async function memoryOfCsv(server: AppServer, cookie: string, name: string, bytesASecond: number): Promise<void> {
  const before = memoryOf(server);
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, memoryOf(server))), 100);
  const began = performance.now();
  let lines = 0;
  let bytes = 0;
  await new Promise<void>((resolve, reject) => {
    const call = request(`${server.origin}/admin/billing/ledger.csv`, { headers: { cookie } }, async (answer) => {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        for (const byte of chunk) if (byte === 10) lines += 1;
        const ahead = bytes / bytesASecond - (performance.now() - began) / 1_000;
        if (ahead > 0.05) await sleep(ahead * 1_000);
      }
      resolve();
    });
    call.once("error", reject);
    call.end();
  });
  clearInterval(watch);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(
    `CSV, ${name} reader: ${lines - 1} rows, ${(bytes / 1e6).toFixed(0)} MB in ${seconds} s; memory ${before.toFixed(0)} MB, ` +
      `${(most - before).toFixed(0)} MB more at most`,
  );
}

/** Resident memory in MB. */
function memoryOf(server: AppServer): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, "utf8"))?.[1]) / 1_000;
}

await main();
