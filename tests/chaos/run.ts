import { execFile } from "node:child_process";
import { setMaxListeners } from "node:events";
import { existsSync } from "node:fs";
import postgres from "postgres";
import type { Delivery } from "../sandbox/stripe/deliveries";
import { audit, FINDINGS, type Findings } from "./audit";
import { type Market, openMarket, runMarket } from "./buyers";
import { type Log, type Plan, runDisasters } from "./disasters";
import { type Figures, figuresOf, isTaken } from "./figures";
import { pause } from "./pause";
import { readTruth } from "./truth";
import { buildWorld, type Chance, type World } from "./world";

const EXAMPLES = 3;
const PROGRESS_MS = 10_000;
const VERIFY = "app/jobs/verify.ts";
const VERIFY_LIMIT_MS = 60_000;

export interface ChaosOptions extends Plan, Chance {
  purchases: number;
  buyers: number;
  /** How long all may be bought and delivered, in ms. */
  limitMs: number;
  /** How long the inbox may take to become empty after that, in ms. */
  quietMs: number;
  /** Ends the run early; it then fails. */
  signal: AbortSignal;
  /** Is told every ten seconds how far it is. */
  onProgress?: (text: string) => void;
}

/** How a run ended; it is good without faults. */
export interface ChaosResult {
  figures: Figures;
  faults: string[];
}

/** Buys under disasters, waits for quiet, compares the books with Stripe, and takes everything down. Throws when interrupted. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const begun = performance.now();
  const world = await buildWorld(options);
  try {
    const { market, disasters, inTime } = await storm(world, options);
    if (options.signal.aborted) throw new Error("interrupted");
    const settledMs = await untilQuiet(world, options);
    const deliveries = world.stripe.control.deliveries();
    const sql = postgres(world.databaseUrl, { max: 2, onnotice: () => {} });
    try {
      const findings = await audit(sql, market.bought, await readTruth(world.stripe.url));
      const durationMs = performance.now() - begun;
      const figures = await figuresOf(sql, {
        world,
        market,
        disasters,
        deliveries,
        findings,
        durationMs,
        settledMs,
      });
      const faults = [
        ...(inTime ? [] : [`not finished within ${options.limitMs / 1000} s`]),
        ...market.faults.slice(0, 2 * EXAMPLES),
        ...named(findings),
        ...faultsOf(deliveries),
        ...world.servers.crashes,
        ...world.servers.complaints.slice(0, 2 * EXAMPLES),
        ...(await verify(world)),
      ];
      return { figures, faults };
    } finally {
      await sql.end({ timeout: 5 });
    }
  } finally {
    await world.close();
  }
}

/** Everything at once; ends when all is bought and delivered, or the time is over. */
async function storm(
  world: World,
  options: ChaosOptions,
): Promise<{ market: Market; disasters: Log; inTime: boolean }> {
  const broken = new AbortController();
  const calm = new AbortController();
  // A timer of our own: Node 20 may collect the signal of AbortSignal.timeout inside AbortSignal.any before it fires.
  const late = setTimeout(() => broken.abort(), options.limitMs);
  const limit = AbortSignal.any([options.signal, broken.signal]);
  const stop = AbortSignal.any([limit, calm.signal]);
  // every buyer listens
  setMaxListeners(0, limit, stop);
  const market = openMarket();
  const begun = performance.now();
  const progress = setInterval(() => {
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    const underWay = world.stripe.deliveriesUnderWay();
    options.onProgress?.(
      `${seconds} s: ${market.bought.length} bought, ${underWay} deliveries under way, ${world.servers.kills.length} kills`,
    );
  }, PROGRESS_MS);
  const disasters = runDisasters(world, options, stop);
  // a database that does not come back ends the run; the failure itself is thrown below
  disasters.catch(() => broken.abort());
  try {
    await runMarket(world, market, { ...options, signal: limit });
    await Promise.race([world.stripe.control.idle(), aborted(limit)]);
    const inTime = !limit.aborted;
    calm.abort();
    return { market, disasters: await disasters, inTime };
  } finally {
    clearInterval(progress);
    clearTimeout(late);
    calm.abort();
    await disasters.catch(() => {});
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Waits until the servers have worked off the inbox. Answers how long that took in ms, null when it took too long. */
async function untilQuiet(world: World, options: ChaosOptions): Promise<number | null> {
  world.stopCutting();
  const begun = performance.now();
  await world.servers.allUp();
  const sql = postgres(world.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    for (;;) {
      const [open] = await sql<{ n: number }[]>`
        select count(*)::int as n from stripe_event
        where status = 'RECEIVED' or (status = 'FAILED' and next_attempt_at is not null)`;
      const took = performance.now() - begun;
      if (open?.n === 0) return Math.round(took);
      if (took > options.quietMs || options.signal.aborted) return null;
      await pause(50, options.signal);
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function named(findings: Findings): string[] {
  return Object.entries(findings)
    .filter(([, cases]) => cases.length > 0)
    .map(([kind, cases]) => {
      const examples = cases.slice(0, EXAMPLES).join("\n  ");
      return `${kind} (${FINDINGS[kind as keyof Findings]}): ${cases.length}\n  ${examples}`;
    });
}

/** Answers that no delivery should get: a corrupted copy nothing but 400, any other nothing but 200 and 503. */
function faultsOf(deliveries: Delivery[]): string[] {
  const wrong = deliveries.filter(
    (it) =>
      typeof it.status === "number" &&
      (it.kind === "corrupted" ? it.status !== 400 : !isTaken(it) && it.status !== 503),
  );
  const undelivered = new Set(deliveries.map((it) => it.eventId));
  for (const it of deliveries) if (it.kind !== "corrupted" && isTaken(it)) undelivered.delete(it.eventId);
  return [
    ...wrong.slice(0, EXAMPLES).map((it) => `a delivery got a wrong answer (${wrong.length}): ${JSON.stringify(it)}`),
    ...(undelivered.size > 0 ? [`${undelivered.size} events were never accepted`] : []),
  ];
}

/** The app's own proof of its books, where it has one. */
function verify(world: World): Promise<string[]> {
  if (!existsSync(VERIFY)) return Promise.resolve([]);
  const env = { ...process.env, DATABASE_URL: world.databaseUrl };
  return new Promise((resolve) => {
    execFile("npm", ["run", "--silent", "verify"], { env, timeout: VERIFY_LIMIT_MS }, (error, stdout, stderr) => {
      resolve(error ? [`npm run verify failed:\n${stdout}${stderr}`] : []);
    });
  });
}
