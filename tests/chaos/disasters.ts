import { seeded } from "../sandbox/random";
import { pause } from "./pause";
import type { World } from "./world";

/** How often what happens. Times in ms. */
export interface Plan {
  seed: number;
  killEveryMs: number;
  restartEveryMs: number;
  /** At most so many restarts of PostgreSQL. */
  restarts: number;
  /** The trouble of the API: a while of one kind, then a longer while of none. */
  apiTroubleEveryMs: number;
}

/** What happened. Times in ms. */
export interface Log {
  restarts: Array<{ down: number; up: number }>;
  apiTroubles: number;
}

const OLD_API_VERSION = "2016-07-06";

/** Lets disasters happen until the signal; resolves when the last one is over. */
export async function runDisasters(world: World, plan: Plan, signal: AbortSignal): Promise<Log> {
  const log: Log = { restarts: [], apiTroubles: 0 };
  faultDeliveries(world, plan.seed);
  await Promise.all([
    world.servers.killInTurn(plan.killEveryMs, signal),
    restartDatabase(world, plan, log, signal),
    troubleApi(world, plan, log, signal),
  ]);
  return log;
}

function faultDeliveries(world: World, seed: number): void {
  world.stripe.control.setFaults({
    seed,
    duplicatePercent: 35,
    corruptPercent: 5,
    dropPercent: 5,
    secondEventIdPercent: 5,
    reorder: 60,
    jitterMs: 250,
  });
}

async function restartDatabase(world: World, plan: Plan, log: Log, signal: AbortSignal): Promise<void> {
  while (log.restarts.length < plan.restarts) {
    await pause(plan.restartEveryMs, signal);
    if (signal.aborted) return;
    const down = Date.now();
    await world.pg.restart("immediate");
    log.restarts.push({ down, up: Date.now() });
  }
}

/** Stripe down, silent about what it did, slow, or speaking the language of old API versions: for a short while each. */
async function troubleApi(world: World, plan: Plan, log: Log, signal: AbortSignal): Promise<void> {
  const random = seeded(plan.seed, "api");
  const { control } = world.stripe;
  const usual = { apiDown: "off", apiDelayMs: 0, apiVersion: null } as const;
  const troubles = [
    { apiDown: "500" },
    { apiDown: "404" },
    { apiDown: "refuse" },
    { apiDown: "lost" },
    { apiDelayMs: 400 },
    { apiVersion: OLD_API_VERSION },
  ] as const;
  for (;;) {
    await pause(plan.apiTroubleEveryMs, signal);
    if (signal.aborted) return;
    control.setFaults(random.pick(troubles));
    log.apiTroubles += 1;
    await pause(150 + random.below(250), signal);
    control.setFaults(usual);
  }
}
