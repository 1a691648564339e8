import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expireLots } from "~/billing/credits.server";
import { readOverview } from "~/billing/overview.server";
import { verifyBooks } from "~/billing/verification.server";
import type { TestDatabase } from "../support/database";
import { AT_STRIPE } from "./model/at-stripe";
import { IN_SYSTEM } from "./model/in-system";
import { Model, type Sku } from "./model/model";
import { PURCHASES } from "./model/purchases";
import { type Acceptance, choose, type Kind, Step, settleTurn } from "./model/step";
import { deliver } from "./model/turns";
import { World } from "./model/world";

// PROPERTY_RUNS: how many sequences. PROPERTY_SEED: which; fixed by default, so that a run depends on the code alone.
const RUNS = Number(process.env.PROPERTY_RUNS ?? 500);
const SEED = Number(process.env.PROPERTY_SEED ?? 1);
const KINDS = [...PURCHASES, ...IN_SYSTEM, ...AT_STRIPE];
/** Late on ordinary days, and around the days on which clocks change or years end. */
const BEGINNINGS = ["2026-11-22T10:00:00Z", "2026-03-27T22:30:00Z", "2026-10-23T21:30:00Z", "2027-12-30T22:58:00Z"];

const acceptance: Acceptance = new Map(KINDS.map(({ name }) => [name, { drawn: 0, accepted: 0 }]));
const number = fc.nat({ max: 59 });
const groups = new Map<string, Kind[]>();
for (const kind of KINDS) groups.set(kind.by ?? kind.name, [...(groups.get(kind.by ?? kind.name) ?? []), kind]);
const step = fc.oneof(
  ...[...groups.values()].map((kinds) => ({
    weight: kinds.reduce((sum, { weight }) => sum + weight, 0),
    arbitrary: fc.tuple(number, number).map(([a, b]) => new Step(kinds, a, b, acceptance)),
  })),
);
const commands = fc.commands([step], { maxCommands: 40, size: "max" });

/** Sequences share a database one after the other; two lanes keep it busy while the other one thinks. */
const LANES = [0, 1];
const databases: TestDatabase[] = [];
beforeAll(async () => {
  for (const _ of LANES) databases.push(await World.database());
});
afterAll(async () => {
  await Promise.all(databases.map((db) => db.drop()));
});

function firstSkus(): Sku[] {
  const grants = (l30: number, l365: number, slots: number) => ({
    LICENSE_30D: l30,
    LICENSE_365D: l365,
    DEVICE_SLOT: slots,
  });
  return [
    { id: "three", active: true, cents: 11_700, grants: grants(3, 0, 0), days: 1 },
    { id: "mixed", active: true, cents: 9_999, grants: grants(2, 5, 1), days: 1 },
    { id: "slots", active: true, cents: 29_000, grants: grants(0, 0, 7), days: 2 },
  ];
}

/** Everything that is still on its way arrives, in some order, and at the end nothing is left to happen. */
async function arriveAll(model: Model, world: World, order: number): Promise<void> {
  for (let round = 1; ; round++) {
    const left = model.state.messages.filter((it) => it.state !== "done");
    if (left.length === 0) break;
    if (round > 5) throw new Error(`Still refused: ${left.map((it) => it.type).join()}`);
    const shuffled = left.map((message, n) => ({ message, at: ((n + 1) * (order + 7919)) % 1009 }));
    for (const { message } of shuffled.sort((x, y) => x.at - y.at)) await deliver({ model, world }, message);
  }
  await settleTurn(model, world);
}

/** What must be true at the end, whatever the way there. */
async function expectEnd(model: Model, world: World): Promise<void> {
  expect(model.behind()).toEqual([]);
  expect(model.state.orders.filter(({ payment, grant }) => (payment.money === "paid") !== (grant !== null))).toEqual(
    [],
  );
  await expireLots(world.db.app);
  model.expire();
  await settleTurn(model, world);
  for (const [n, { tenantId }] of world.tenants.entries()) {
    const { credits } = await readOverview(world.db.app, tenantId);
    const usable = model.state.lots.filter(
      (lot) => lot.tenant === n && lot.quantity > 0 && lot.expiresAt > model.state.now,
    );
    const line = (it: { type: string; quantity: number; held: number }, at: number) =>
      `${it.type} ${at}: ${it.quantity}, ${it.held} held`;
    expect(credits.map((it) => line(it, it.expiresAt.getTime())).sort()).toEqual(
      usable.map((it) => line(it, it.expiresAt)).sort(),
    );
  }
}

/** One sequence from its beginning to what must be true at its end. */
async function play(db: TestDatabase, from: number, steps: Parameters<typeof fc.asyncModelRun>[1], last: number) {
  const began = Date.parse(choose(BEGINNINGS, from));
  const model = new Model({ began, now: began, skus: firstSkus(), orders: [], lots: [], messages: [], spent: {} });
  const world = await World.begin(db, began, model.state.skus);
  try {
    await fc.asyncModelRun(() => ({ model, real: world }), steps as never);
    // Some sequences end when much has lapsed, some while nothing has.
    model.state.now += (last % 3) * 2 * 86_400_000;
    await settleTurn(model, world);
    await arriveAll(model, world, last);
    await expectEnd(model, world);
    if (last % 20 === 0) expect((await verifyBooks(db.app)).findings).toEqual([]);
  } finally {
    await world.end();
  }
}

describe("any sequence of commands", () => {
  const half = Math.ceil(RUNS / LANES.length);
  test.concurrent.each(LANES)(
    `leaves the books as the specification says (PROPERTY_SEED=${SEED}, ${RUNS} runs, lane %i)`,
    { timeout: 60_000 + RUNS * 1_000 },
    async (lane) => {
      const db = databases[lane] as TestDatabase;
      const property = fc.asyncProperty(fc.nat(BEGINNINGS.length - 1), commands, fc.nat(1_000), (from, steps, last) =>
        play(db, from, steps, last),
      );
      await fc.assert(property, { numRuns: half, seed: SEED + lane });
    },
  );

  test("meets what it is about: every command was accepted, and two in five at least", () => {
    const counts = [...acceptance.values()];
    const sum = (of: "drawn" | "accepted") => counts.reduce((total, count) => total + count[of], 0);
    const share = sum("accepted") / sum("drawn");
    console.info(`accepted ${Math.round(share * 100)} % of ${sum("drawn")}`, Object.fromEntries(acceptance));
    expect(KINDS.map(({ name }) => name).filter((name) => !acceptance.get(name)?.accepted)).toEqual([]);
    expect(share).toBeGreaterThanOrEqual(0.4);
  });
});
