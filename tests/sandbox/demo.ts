import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { migrate } from "../../db/migrate";
import { DEMO_PASSWORD, DEMO_SKUS, DEMO_USERS, seed } from "../../db/seed";
import { startPostgres } from "./postgres";
import { startLocalStripe } from "./stripe";

/** Prices that Stripe has and the shop does not sell yet: what an operator can make a package of, and one that does not fit. */
const SPARE_PRICES = [
  { id: "price_lr_30d_20", productName: "20 Lizenzen für 30 Tage", unitAmount: 54_000, currency: "chf" },
  { id: "price_lr_slot_5", productName: "5 Geräte-Slots", unitAmount: 45_000, currency: "chf" },
  { id: "price_lr_30d_20_eur", productName: "20 Lizenzen für 30 Tage (Euro)", unitAmount: 56_000, currency: "eur" },
];

/**
 * `npm run demo`: an embedded PostgreSQL, the local Stripe and the built app, with no key, no database and no network. The
 * data stays in `.data/demo`; Ctrl-C ends all three.
 */
const DATA = path.resolve(".data/demo");
const PID_FILE = path.join(DATA, "pid");
const POSTGRES_PORT = 54_329;
const STRIPE_PORT = 12_111;
const APP_PORT = Number(process.env.PORT || 3000);
const ORIGIN = `http://localhost:${APP_PORT}`;
const SECRET_KEY = "sk_test_demo";
const WEBHOOK_SECRET = "whsec_demo";

async function main(): Promise<void> {
  if (!Number.isInteger(APP_PORT) || APP_PORT < 1 || APP_PORT > 65_535)
    throw new Error("PORT must be a whole number from 1 to 65535.");
  mkdirSync(DATA, { recursive: true });
  takePidFile();
  await requireFreePort(APP_PORT, "the app", "Set PORT to another one, or end what uses it.");
  await requireFreePort(STRIPE_PORT, "the local Stripe", "End what uses it.");

  console.log("Starting PostgreSQL and the local Stripe, building the app …");
  const postgres = await startPostgres({ dataDir: path.join(DATA, "postgres"), port: POSTGRES_PORT });
  undo.push(() => postgres.stop());
  await postgres.createDatabase("billing");
  const databaseUrl = postgres.url("billing");
  await migrate(databaseUrl);
  await seed(databaseUrl);

  const stripe = await startLocalStripe({
    port: STRIPE_PORT,
    secretKey: SECRET_KEY,
    webhook: { url: `http://127.0.0.1:${APP_PORT}/api/webhooks/stripe`, secrets: [WEBHOOK_SECRET] },
    prices: [
      ...DEMO_SKUS.map((sku) => ({
        id: sku.priceId,
        productName: sku.name,
        unitAmount: sku.cents,
        currency: "chf",
      })),
      ...SPARE_PRICES,
    ],
    stateFile: path.join(DATA, "stripe.json"),
  });
  undo.push(() => stripe.close());

  execFileSync(process.execPath, ["node_modules/@remix-run/dev/dist/cli.js", "build"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const app = startApp(databaseUrl, stripe.url);
  undo.push(() => end(app));
  app.once("exit", (code) => void stop(code ?? 1));
  await untilAlive(app);
  printWelcome(stripe.url);
}

/** What has been started, newest last; ended in reverse. */
const undo: Array<() => Promise<void> | void> = [];
let stopping = false;

async function stop(code: number): Promise<never> {
  if (stopping) return new Promise(() => {});
  stopping = true;
  for (const step of undo.reverse()) await step();
  process.exit(code);
}

function startApp(databaseUrl: string, stripeUrl: string): ChildProcess {
  const settings = {
    APP_ORIGIN: ORIGIN,
    DATABASE_URL: databaseUrl,
    STRIPE_SECRET_KEY: SECRET_KEY,
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    STRIPE_API_BASE: stripeUrl,
  };
  // So that `npm run reconcile` and its like work on the running demo without any setting.
  const file = path.join(DATA, "env.json");
  writeFileSync(file, JSON.stringify(settings));
  undo.push(() => rmSync(file, { force: true }));
  return spawn(process.execPath, ["node_modules/@remix-run/serve/dist/cli.js", "build/index.js"], {
    // Not our process group: Ctrl-C reaches us first, and we stop things in order.
    detached: true,
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      NODE_ENV: "production",
      PORT: String(APP_PORT),
      HOST: "127.0.0.1",
      ...settings,
      LOG_LEVEL: process.env.LOG_LEVEL || "warn",
    },
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}

async function untilAlive(app: ChildProcess): Promise<void> {
  while (app.exitCode === null) {
    const alive = await fetch(`http://127.0.0.1:${APP_PORT}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (alive) return;
    await sleep(50);
  }
}

function printWelcome(stripeUrl: string): void {
  const logins = DEMO_USERS.map((user) => `  ${user.email.padEnd(30)} ${user.role?.toLowerCase() ?? "operator"}`);
  console.log(
    [
      "",
      `LeadRadar billing is running:  ${ORIGIN}`,
      `Local Stripe, its controls:    ${stripeUrl}/_control`,
      "",
      `Sign in with the password ${DEMO_PASSWORD} as`,
      ...logins,
      "",
      "Ctrl-C ends it; the data stays in .data/demo.",
    ].join("\n"),
  );
}

/** Refuses to start beside a running demo. A file left by a killed one is taken over. */
function takePidFile(): void {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = openSync(PID_FILE, "wx");
      writeSync(file, `${process.pid}\n${ORIGIN}\n`);
      closeSync(file);
      undo.push(() => rmSync(PID_FILE, { force: true }));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const [pid = "", origin = ""] = readFileSync(PID_FILE, "utf8").split("\n");
      if (isRunning(Number(pid))) throw new Error(`The demo is running already: ${origin} (process ${pid}).`);
      rmSync(PID_FILE, { force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Connecting tells more than listening would: a server on every interface does not stop us from listening on one. */
function requireFreePort(port: number, whose: string, remedy: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connect({ port, host: "127.0.0.1" });
    probe.once("connect", () => {
      probe.destroy();
      reject(new Error(`Port ${port}, which ${whose} needs, is in use. ${remedy}`));
    });
    probe.once("error", () => resolve());
  });
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));
await main().catch((error: Error) => {
  console.error(error.message);
  return stop(1);
});
