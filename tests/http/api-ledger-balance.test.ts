import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CreditType } from "~/billing/credit-types";
import { expireLots } from "~/billing/credits.server";
import { type Account, give, newAccount, spentBy, stopInOrder } from "../support/accounts";
import { CONSUME_API, LEDGER_API } from "../support/api";
import { type Entry, enter, type Item, statement, wholeStatement } from "../support/entries";
import { type Stack, startStack } from "../support/stack";

const TYPES = ["LICENSE_30D", "LICENSE_365D", "DEVICE_SLOT"] as const;
/** Days on which a day has 24, 23 and 25 hours, a leap day, and the turn of a year. */
const DAYS = ["2026-05-12", "2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25", "2028-02-29", "2026-12-31"];
const HOUR = 3_600_000;

let stack: Stack;
let account: Account;
/** What was entered, with the instant in microseconds. */
let entered: { type: CreditType; delta: number; micros: bigint }[];

const micros = (text: string) =>
  BigInt(Date.parse(`${text.slice(0, 23)}Z`)) * 1_000n + BigInt(text.slice(23, 26) || "0");

beforeAll(async () => {
  stack = await startStack();
  account = await newAccount(stack);
  const drawn = fc.sample(
    fc.record({
      type: fc.constantFrom(...TYPES),
      delta: fc.constantFrom(-3, -2, -1, 1, 2, 5),
      day: fc.constantFrom(...DAYS),
      // from the evening before in UTC to the end of the local day and beyond
      ms: fc.integer({ min: -3 * HOUR, max: 25 * HOUR }),
      us: fc.constantFrom("000", "001", "500", "999"),
    }),
    { numRuns: 300, seed: 11 },
  );
  const edges = DAYS.flatMap((day) =>
    [-2, -1, 0, 1, 22, 23].flatMap((hour) =>
      [-1, 0, 1].map((ms) => ({ type: TYPES[0], delta: 1, day, ms: hour * HOUR + ms, us: ms === -1 ? "999" : "000" })),
    ),
  );
  const entries: Entry[] = [
    ...TYPES.map((type) => ({ type, delta: 5_000, at: "2026-01-01T00:00:00.000000Z" })),
    ...[...drawn, ...edges].map(({ type, delta, day, ms, us }) => ({
      type,
      delta,
      at: new Date(Date.parse(`${day}T00:00:00Z`) + ms).toISOString().replace("Z", `${us}Z`),
    })),
  ];
  await enter(stack, account, entries);
  const [row] = await stack.db.owner<{ fine: number }[]>`
    select count(*)::int as fine from tenant_credit_ledger where extract(microseconds from occurred_at)::int % 1000 <> 0`;
  expect(row?.fine).toBeGreaterThan(100);
  entered = entries.map(({ type = "LICENSE_30D", delta = 0, at = "" }) => ({ type, delta, micros: micros(at) }));
});
afterAll(() => stopInOrder(stack));

const fold = (rows: readonly { type: CreditType; delta: number }[]) =>
  TYPES.map((type) => ({
    type,
    quantity: rows.filter((row) => row.type === type).reduce((sum, row) => sum + row.delta, 0),
  }));

/** The balances the API gives, and the two folds that they must equal. */
async function compare(who: Account, at: string, end: bigint) {
  const items = await wholeStatement(who, LEDGER_API, { at, limit: "100" });
  const { balances } = await statement(who, LEDGER_API, { at, limit: "1" });
  expect([at, balances]).toEqual([at, fold(items)]);
  expect([at, balances]).toEqual([at, fold(entered.filter((row) => row.micros < end))]);
}

describe("what there was at a moment is the sum of what had happened", () => {
  test("at any instant", async () => {
    const instants = fc.sample(
      fc.record({ day: fc.constantFrom(...DAYS), ms: fc.integer({ min: -3 * HOUR, max: 26 * HOUR }) }),
      { numRuns: 40, seed: 12 },
    );
    for (const { day, ms } of instants) {
      const at = new Date(Date.parse(`${day}T00:00:00Z`) + ms);
      await compare(account, at.toISOString(), BigInt(at.getTime() + 1) * 1_000n);
    }
  });

  test("at the very millisecond of a row, and one before and after", async () => {
    const rows = entered.filter((_, i) => i % 12 === 5);
    for (const row of rows) {
      for (const by of [-1n, 0n, 1n]) {
        const ms = row.micros / 1_000n + by;
        await compare(account, new Date(Number(ms)).toISOString(), (ms + 1n) * 1_000n);
      }
    }
  });

  test("on each of the days, before and after: the end of the local day", async () => {
    const days = DAYS.flatMap((day) => [-1, 0, 1].map((by) => new Date(Date.parse(day) + by * 24 * HOUR)));
    for (const day of days) {
      const at = day.toISOString().slice(0, 10);
      const [row] = await stack.db.owner<{ end: Date }[]>`
        select (${at}::date + 1)::timestamp at time zone 'Europe/Zurich' as end`;
      await compare(account, at, BigInt(row?.end.getTime() ?? 0) * 1_000n);
      await compare(account, at.split("-").reverse().join("."), BigInt(row?.end.getTime() ?? 0) * 1_000n);
    }
  });

  test("an offset is read: the doubled hour has two of each instant", async () => {
    const twice = ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"];
    for (const at of twice) await compare(account, at, BigInt(Date.parse(at) + 1) * 1_000n);
  });

  test("before everything nothing, after everything what the lots hold", async () => {
    expect((await statement(account, LEDGER_API, { at: "2025-12-31" })).balances).toEqual(fold([]));
    const { balances } = await statement(account, LEDGER_API, { at: "2199-01-01" });
    const total = balances?.reduce((sum, it) => sum + it.quantity, 0);
    expect(total).toBe((await spentBy(stack, account))?.left);
  });

  test("a filter narrows the rows, not the balances", async () => {
    const at = "2026-05-12";
    const all = await statement(account, LEDGER_API, { at });
    const some = await statement(account, LEDGER_API, { at, type: "DEVICE_SLOT", from: "2026-05-12" });
    expect(some.balances).toEqual(all.balances);
    expect(some.items.every((item) => item.type === "DEVICE_SLOT" && item.occurredAt < "2026-05-12T22")).toBe(true);
  });
});

describe("a life of its own", () => {
  test("bought, spent, lapsed: at each row's own time the balances are the fold up to it", async () => {
    const who = await newAccount(stack);
    await give(stack, who, "LICENSE_30D", 3, "60 days");
    await give(stack, who, "LICENSE_30D", 2, "-2 days");
    await give(stack, who, "DEVICE_SLOT", 2, "60 days");
    for (const action of ["ACTIVATE_LICENSE_30D", "ADD_DEVICE_SLOT", "ACTIVATE_LICENSE_30D"]) {
      await who.owner.json(CONSUME_API, { action });
    }
    await expireLots(stack.db.app);
    const rows = await wholeStatement(who, LEDGER_API);
    expect(rows).toHaveLength(7);
    for (const row of rows) {
      const known = rows.filter((it: Item) => it.occurredAt <= row.occurredAt);
      const { balances, items } = await statement(who, LEDGER_API, { at: row.occurredAt });
      expect(items.map(({ id }) => id)).toEqual(known.map(({ id }) => id));
      expect(balances).toEqual(fold(known));
    }
  });
});
