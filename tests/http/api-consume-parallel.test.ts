import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expireLots } from "~/billing/credits.server";
import { type Account, give, licenceOf, newAccount, spentBy, stopInOrder, tally } from "../support/accounts";
import { CHECKOUT_API, CONSUME_API, REDEEM_API } from "../support/api";
import { couponCode } from "../support/coupons";
import { envelope } from "../support/http";
import { type Stack, startStack } from "../support/stack";

const DAY = 86_400_000;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stopInOrder(stack));

const consume = (account: Account, action: string, headers: Record<string, string> = {}) =>
  account.owner.json(CONSUME_API, { action }, headers);
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

describe("parallel activations", () => {
  test("50 with 1 credit: one 200, 49 × 409 NO_CREDITS", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 1);
    const answers = await tally(times(50, () => consume(account, "ACTIVATE_LICENSE_30D")));
    expect(answers).toEqual({ 200: 1, "409 NO_CREDITS": 49 });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 1, activations: 1, named: 1, left: 0, lowest: 0 });
  });

  test("50 with 200 credits: 50 × 200, and the licence runs 50 × 30 days", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 120, "100 days");
    await give(stack, account, "LICENSE_30D", 80, "200 days");
    const began = Date.now();
    expect(await tally(times(50, () => consume(account, "ACTIVATE_LICENSE_30D")))).toEqual({ 200: 50 });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 50, activations: 50, named: 50, left: 150 });
    const { until, steps, wrong } = await licenceOf(stack, account);
    expect(wrong).toEqual([]);
    expect(steps).toHaveLength(50);
    expect(until).toEqual(steps.at(-1)?.until);
    // An hour for summer time, a minute for the clock of this machine.
    expect(Math.abs((until?.getTime() ?? 0) - began - 50 * 30 * DAY)).toBeLessThan(61 * 60_000);
  });

  test("200 on 7: exactly 7 win, nobody meets a fault", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_365D", 3, "10 days");
    await give(stack, account, "LICENSE_365D", 4, "20 days");
    const answers = await tally(times(200, () => consume(account, "ACTIVATE_LICENSE_365D")));
    expect(answers).toEqual({ 200: 7, "409 NO_CREDITS": 193 });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 7, activations: 7, named: 7, left: 0, lowest: 0 });
    const { steps, wrong } = await licenceOf(stack, account);
    expect({ steps: steps.length, wrong }).toEqual({ steps: 7, wrong: [] });
  });

  test("all three actions at once: each type pays for itself, days and slots add up", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 10);
    await give(stack, account, "LICENSE_365D", 5);
    await give(stack, account, "DEVICE_SLOT", 8);
    const actions = ["ACTIVATE_LICENSE_30D", "ACTIVATE_LICENSE_365D", "ADD_DEVICE_SLOT"];
    const answers = await tally(times(90, (i) => consume(account, actions[i % 3] ?? "")));
    expect(answers).toEqual({ 200: 23, "409 NO_CREDITS": 67 });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 23, activations: 23, named: 23, slots: 8, left: 0 });
    const { steps, wrong, until } = await licenceOf(stack, account);
    expect(wrong).toEqual([]);
    expect(steps.map((it) => it.type).sort()).toEqual([
      ...times(10, () => "LICENSE_30D"),
      ...times(5, () => "LICENSE_365D"),
    ]);
    expect(until).toEqual(steps.at(-1)?.until);
  });

  test("what is held is nobody's: 40 on 10, of which 6 are held", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "DEVICE_SLOT", 10);
    await stack.db.owner`update tenant_credit_balance set held = 6 where tenant_id = ${account.tenantId}`;
    const answers = await tally(times(40, () => consume(account, "ADD_DEVICE_SLOT")));
    expect(answers).toEqual({ 200: 4, "409 CREDITS_ON_HOLD": 36 });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 4, slots: 4, left: 6 });
    await stack.db.owner`update tenant_credit_balance set held = 0 where tenant_id = ${account.tenantId}`;
  });

  test("two tenants do not wait for or pay for each other", async () => {
    const [poor, rich] = [await newAccount(stack), await newAccount(stack)];
    await give(stack, rich, "LICENSE_30D", 30);
    const answers = times(60, (i) => consume(i % 2 ? poor : rich, "ACTIVATE_LICENSE_30D"));
    expect(await tally(answers)).toEqual({ 200: 30, "409 NO_CREDITS": 30 });
    expect(await spentBy(stack, poor)).toMatchObject({ booked: 0, activations: 0 });
  });
});

describe("the same key", () => {
  test("20 times in parallel: one credit, and every answer is 200", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 20);
    const headers = { "idempotency-key": "one-click" };
    expect(await tally(times(20, () => consume(account, "ACTIVATE_LICENSE_30D", headers)))).toEqual({ 200: 20 });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 1, activations: 1, left: 19 });
  });

  test("20 times in parallel on one credit: the losers learn that it was done, not that there is none", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 1);
    const headers = { "idempotency-key": "last-one" };
    expect(await tally(times(20, () => consume(account, "ACTIVATE_LICENSE_30D", headers)))).toEqual({ 200: 20 });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 1, activations: 1, left: 0 });
  });

  test("in parallel with two actions: one is done, the other kind is refused", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 20);
    await give(stack, account, "DEVICE_SLOT", 20);
    const headers = { "idempotency-key": "torn" };
    const actions = ["ACTIVATE_LICENSE_30D", "ADD_DEVICE_SLOT"];
    const answers = await tally(times(20, (i) => consume(account, actions[i % 2] ?? "", headers)));
    expect(answers).toEqual({ 200: 10, "409 IDEMPOTENCY_CONFLICT": 10 });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 1, activations: 1, left: 39 });
  });
});

describe("somebody else has the soonest lot in hands, and is quicker", () => {
  /** Changes that lot in a transaction that commits only when the call waits for it. */
  async function race(account: Account, change: (tx: postgres.TransactionSql) => Promise<unknown>) {
    const { owner } = stack.db;
    return owner.begin(async (tx) => {
      await tx`
        select id from tenant_credit_balance where tenant_id = ${account.tenantId} order by expires_at limit 1 for update`;
      const answer = consume(account, "ADD_DEVICE_SLOT");
      const waiting = () => owner`
        select pid from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      await expect.poll(async () => (await waiting()).length, { timeout: 2_500, interval: 20 }).toBe(1);
      await change(tx);
      return { answer };
    });
  }
  const take = (account: Account) => (tx: postgres.TransactionSql) =>
    tx`
    insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at)
    select tenant_id, type, -1, 'MANUAL_ADJUST', expires_at from tenant_credit_balance
    where tenant_id = ${account.tenantId} order by expires_at limit 1`;
  const hold = (account: Account) => (tx: postgres.TransactionSql) =>
    tx`
    update tenant_credit_balance set held = quantity where tenant_id = ${account.tenantId}`;

  test.each([
    ["takes the last credit: NO_CREDITS", take, "409 NO_CREDITS"],
    ["holds it: CREDITS_ON_HOLD", hold, "409 CREDITS_ON_HOLD"],
  ])("%s", async (_name, change, expected) => {
    const account = await newAccount(stack);
    await give(stack, account, "DEVICE_SLOT", 1);
    const { answer } = await race(account, change(account));
    expect(await tally([answer])).toEqual({ [expected]: 1 });
    await stack.db.owner`update tenant_credit_balance set held = 0 where tenant_id = ${account.tenantId}`;
    expect(await spentBy(stack, account)).toMatchObject({ booked: 0, activations: 0, slots: 0 });
  });

  test("takes its last credit: the next lot pays", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "DEVICE_SLOT", 1, "10 days");
    await give(stack, account, "DEVICE_SLOT", 1, "20 days");
    const { answer } = await race(account, take(account));
    expect(await tally([answer])).toEqual({ 200: 1 });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 1, slots: 1, left: 0 });
  });
});

test("while codes are redeemed into the same lots: every credit is spent once", async () => {
  const account = await newAccount(stack);
  const codes = await Promise.all(times(8, () => couponCode(stack, { l30: 2, slots: 1 })));
  const redeeming = codes.flatMap((code) => times(3, () => account.owner.json(REDEEM_API, { code })));
  const spending = times(40, (i) => consume(account, i % 2 ? "ACTIVATE_LICENSE_30D" : "ADD_DEVICE_SLOT"));
  const [redeemed, spent] = await Promise.all([tally(redeeming), tally(spending)]);
  expect(redeemed).toEqual({ 200: 8, "409 CODE_ALREADY_REDEEMED": 16 });
  expect((spent[200] ?? 0) + (spent["409 NO_CREDITS"] ?? 0)).toBe(40);
  const booked = spent[200] ?? 0;
  expect(await spentBy(stack, account)).toMatchObject({
    booked,
    activations: booked,
    named: booked,
    left: 24 - booked,
  });
});

test("while purchases, refunds and expiry move the same lots: the sums hold and no lock fault leaks", async () => {
  const account = await newAccount(stack);
  const before = await deadlocks();
  const sessions: string[] = [];
  for (let i = 0; i < 12; i++) {
    const { data } = await envelope(await account.owner.json(CHECKOUT_API, { skuId: "lr_sku_30d_3" }));
    sessions.push(new URL(String(data?.checkoutUrl)).pathname.split("/").at(-1) ?? "");
  }
  const { control } = stack.stripe;
  for (const session of sessions.slice(0, 6)) await control.pay(session);
  await give(stack, account, "LICENSE_30D", 4, "-1 days");
  const spending = times(60, () => consume(account, "ACTIVATE_LICENSE_30D"));
  const others = [
    ...sessions.slice(6).map((session) => control.pay(session)),
    ...sessions.slice(0, 3).map((session) => control.refund(session)),
    ...times(8, () => expireLots(stack.db.app)),
  ];
  const answers = await tally(spending);
  await Promise.all(others);
  await control.idle();
  expect(
    Object.keys(answers).filter((kind) => !["200", "409 NO_CREDITS", "409 CREDITS_EXPIRED"].includes(kind)),
  ).toEqual([]);
  const spent = await spentBy(stack, account);
  expect(spent).toMatchObject({ booked: answers[200], activations: answers[200], named: answers[200] });
  const [sum] = await stack.db.owner<{ bought: number; back: number; lapsed: number; left: number }[]>`
    select sum(delta) filter (where reason = 'STRIPE_PURCHASE')::int as bought,
      coalesce(sum(delta) filter (where reason = 'STRIPE_REFUND'), 0)::int as back,
      sum(delta) filter (where reason = 'CREDIT_EXPIRE')::int as lapsed,
      sum(delta)::int as left
    from tenant_credit_ledger where tenant_id = ${account.tenantId}`;
  expect(sum).toMatchObject({ bought: 36, lapsed: -4, left: spent?.left });
  expect(sum?.back).toBeLessThanOrEqual(0);
  expect((await licenceOf(stack, account)).wrong).toEqual([]);
  expect(await deadlocks()).toBe(before);
});

async function deadlocks(): Promise<number> {
  await stack.db.owner`select pg_stat_force_next_flush()`;
  const [row] = await stack.db.owner<{ deadlocks: number }[]>`
    select deadlocks::int from pg_stat_database where datname = current_database()`;
  return row?.deadlocks ?? -1;
}
