import { setTimeout as sleep } from "node:timers/promises";
import { expireLots } from "~/billing/credits.server";
import type { Lane } from "~/billing/event-inbox.server";
import { database } from "~/db/client.server";
import { isTransient } from "~/db/transaction.server";
import { type Env, isLivemode } from "~/env.server";
import { log } from "~/log.server";
import { comparePrices } from "~/operations/catalogue.server";
import { stripeClient } from "~/stripe/gateway.server";
import { drainOnce } from "./drain.server";
import { asOnlyOne, LOCKS } from "./holder.server";
import { dueReconciliation, logReconciliation, runReconciliation } from "./reconcile.server";
import { doTasks } from "./tasks.server";

const DRAIN_EVERY_MS = 1_000;
const LOOK_FOR_WORK_EVERY_MS = 15_000;
const COMPARE_EVERY_MS = 60_000;
const TASKS_EVERY_MS = 1_000;
const EXPIRE_EVERY_MS = 60 * 60 * 1_000;

const state = globalThis as { __jobs?: { stop(): Promise<void> } };

/**
 * Starts what every server does beside answering: draining the inbox, and, one server at a time, reconciling every five
 * minutes, booking lapsed credits at its start and every hour, and doing what operators have asked for. `stop` waits for what runs.
 */
export function startJobs(env: Env): { stop(): Promise<void> } {
  if (state.__jobs) return state.__jobs;
  const ending = new AbortController();
  const drain = (lane: Lane) => () => drainOnce(database(), stripeClient(), isLivemode(env), lane);
  const startedAt = new Date();
  const setting = { databaseUrl: env.DATABASE_URL, livemode: isLivemode(env) };
  const reconcileIfDue = async () => {
    const due = await dueReconciliation(database(), startedAt);
    if (!due) return false;
    const scope = { full: due.full, now: new Date() };
    const report = await runReconciliation(database(), stripeClient(), setting, scope);
    if (report) logReconciliation(report);
    return false;
  };
  const expire = async () => {
    const booked = await asOnlyOne(env.DATABASE_URL, LOCKS.expire, () => expireLots(database()));
    if (booked) log.info({ lots: booked }, "booked lapsed credits");
    return false;
  };
  // Once; while Stripe is away, again every minute.
  const compared = new AbortController();
  const compare = async () => {
    const faults = await comparePrices(database(), stripeClient());
    if (faults > 0) log.error({ faults }, "prices at Stripe do not fit the catalogue");
    compared.abort();
    return false;
  };
  const work = { stripe: stripeClient(), ...setting, ending: ending.signal };
  const loops = [
    repeat("tasks", TASKS_EVERY_MS, ending.signal, () => doTasks({ ...work, sql: database() })),
    repeat("compare prices", COMPARE_EVERY_MS, AbortSignal.any([ending.signal, compared.signal]), compare),
    repeat("expire", EXPIRE_EVERY_MS, ending.signal, expire),
    repeat("reconcile", LOOK_FOR_WORK_EVERY_MS, ending.signal, reconcileIfDue),
    repeat("drain sessions", DRAIN_EVERY_MS, ending.signal, drain("sessions")),
    repeat("drain others", DRAIN_EVERY_MS, ending.signal, drain("others")),
  ];
  state.__jobs = {
    async stop() {
      ending.abort();
      await Promise.all(loops);
    },
  };
  return state.__jobs;
}

/** Runs `work` again and again until the end; at once while it says that there is more. A failure is logged, not fatal. */
async function repeat(name: string, everyMs: number, signal: AbortSignal, work: () => Promise<boolean>): Promise<void> {
  while (!signal.aborted) {
    const more = await work().catch((error: unknown) => {
      if (!signal.aborted) log[isTransient(error) ? "warn" : "error"]({ err: error }, `job failed: ${name}`);
      return false;
    });
    if (!more) await sleep(everyMs, undefined, { signal, ref: false }).catch(() => {});
  }
}
