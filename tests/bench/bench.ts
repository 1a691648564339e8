import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import postgres from "postgres";
import { receiveEvent } from "~/billing/stripe-events.server";
import { connect } from "~/db/client.server";
import { migrate } from "../../db/migrate";
import { seed } from "../../db/seed";
import { startPostgres } from "../sandbox/postgres";
import { sessionEvent, signed, verified } from "../support/events";
import { noStripe } from "../support/no-stripe";
import { insertOrder } from "../support/orders";
import { freePort } from "../support/ports";
import { startAppServer, TEST_WEBHOOK_SECRET } from "../support/server";
import { type Delivery, inParallel, postAll } from "./load";

/**
 * `npm run bench`: grants a second through the webhook of the built server, beside a bare server and beside the same
 * grant without HTTP, measured in turn on the same machine. Only the ratios mean anything: the load generator runs on
 * the same cores.
 */
const IN_FLIGHT = [1, 16, 64];
const ROUNDS = Number(process.env.BENCH_ROUNDS || 3);
const COUNT: Record<number, number> = { 1: 300, 16: 1_500, 64: 1_500 };

async function main(): Promise<void> {
  execFileSync(process.execPath, ["node_modules/@remix-run/dev/dist/cli.js", "build"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const folder = mkdtempSync(path.join(os.tmpdir(), "leadradar-bench-"));
  chmodSync(folder, 0o755);
  const pg = await startPostgres({
    dataDir: path.join(folder, "postgres"),
    port: await freePort(),
    settings: { max_connections: "100" },
  });
  await pg.createDatabase("billing");
  const url = pg.url("billing");
  await migrate(url);
  await seed(url);
  const owner = postgres(url, { max: 8, onnotice: () => {} });
  const direct = connect(url, 10);
  const app = await startAppServer({ databaseUrl: url });
  const bare = await startBareServer(url);
  try {
    const targets = {
      app: async (inFlight: number) =>
        rate(inFlight, await postAll(app.port, await deliveries(owner, inFlight), inFlight)),
      bare: async (inFlight: number) =>
        rate(inFlight, await postAll(bare.port, await deliveries(owner, inFlight), inFlight)),
      direct: async (inFlight: number) => rate(inFlight, await grantDirectly(direct, owner, inFlight)),
    };
    for (const run of Object.values(targets)) await run(16); // warm
    console.log(`${os.cpus().length} cores, load ${load()} before; ${ROUNDS} rounds, medians; grants a second`);
    console.log("in flight   webhook   (a) bare   (b) direct   webhook/(a)   webhook/(b)");
    for (const inFlight of IN_FLIGHT) await measure(inFlight, targets);
    console.log(`load ${load()} after`);
  } finally {
    bare.process.kill();
    await app.stop();
    await Promise.all([owner.end(), direct.end()]);
    await pg.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Targets = Record<"app" | "bare" | "direct", (inFlight: number) => Promise<number>>;

async function measure(inFlight: number, targets: Targets): Promise<void> {
  const seen = { app: [] as number[], bare: [] as number[], direct: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of ["bare", "app", "direct"] as const) seen[name].push(await targets[name](inFlight));
  }
  const [app, bare, direct] = [median(seen.app), median(seen.bare), median(seen.direct)];
  const columns = [
    String(inFlight),
    app.toFixed(0),
    bare.toFixed(0),
    direct.toFixed(0),
    (app / bare).toFixed(2),
    (app / direct).toFixed(2),
  ];
  const widths = [9, 10, 11, 13, 14, 14];
  console.log(columns.map((text, i) => text.padStart(widths[i] ?? 10)).join(""));
}

/** Fresh orders of many days, so that lots are shared about as much as in real life. */
async function deliveries(owner: postgres.Sql, inFlight: number): Promise<Delivery[]> {
  return (await freshEvents(owner, inFlight))
    .map((event) => signed(JSON.stringify(event)))
    .map(({ body, header }) => ({ body: body.toString(), header }));
}

async function freshEvents(owner: postgres.Sql, inFlight: number) {
  const day = 86_400;
  const now = Math.floor(Date.now() / 1000);
  const count = COUNT[inFlight] ?? 300;
  const orders = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      insertOrder(owner, { tenantId: i % 2 ? "lr_tenant_alpen" : "lr_tenant_jura" }),
    ),
  );
  return orders.map((order, i) => sessionEvent(order, "completed", {}, now - (i % 200) * day));
}

async function grantDirectly(sql: ReturnType<typeof connect>, owner: postgres.Sql, inFlight: number): Promise<number> {
  const events = (await freshEvents(owner, inFlight)).map(verified);
  const before = performance.now();
  await inParallel(events, inFlight, (event) => receiveEvent(sql, noStripe, event, false));
  return (performance.now() - before) / 1000;
}

async function startBareServer(databaseUrl: string): Promise<{ port: number; process: ChildProcess }> {
  const port = await freePort();
  const child = spawn(process.execPath, ["--import", "tsx", "tests/bench/bare-server.ts"], {
    env: { ...process.env, DATABASE_URL: databaseUrl, PORT: String(port), SECRET: TEST_WEBHOOK_SECRET },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return { port, process: child };
}

function rate(inFlight: number, seconds: number): number {
  return (COUNT[inFlight] ?? 300) / seconds;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function load(): string {
  return os.loadavg()[0]?.toFixed(2) ?? "?";
}

await main();
