import { afterAll, beforeAll, expect, test } from "vitest";
import { inParallel } from "~/billing/parallel";
import { deliver, sessionEvent } from "../support/events";
import { insertOrder } from "../support/orders";
import { type Stack, startStack } from "../support/stack";

/** The whole form is 100 sessions and 200 deliveries of each event; `npm test` keeps to a few. */
const SESSIONS = Number(process.env.MANY_SESSIONS ?? 8);
const DELIVERIES = Number(process.env.MANY_DELIVERIES ?? 50);
const TENANTS = ["lr_tenant_alpen", "lr_tenant_jura"];

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

test("many parallel deliveries of two events of each session: one grant each, no deadlock, no 5xx", {
  timeout: 600_000,
}, async () => {
  const { owner } = stack.db;
  const before = await deadlocks();
  const answers: Record<number, number> = {};
  for (let i = 0; i < SESSIONS; i++) {
    const order = await insertOrder(owner, { tenantId: TENANTS[i % 2], skuId: "lr_sku_30d_3" });
    const events = [sessionEvent(order, "completed"), sessionEvent(order, "completed")];
    const all = Array.from({ length: DELIVERIES * 2 }, (_, n) => events[n % 2]);
    await inParallel(all, DELIVERIES * 2, async (event) => {
      const answer = await deliver(stack.origin, event);
      await answer.arrayBuffer();
      answers[answer.status] = (answers[answer.status] ?? 0) + 1;
    });
  }
  expect(answers).toEqual({ 200: SESSIONS * DELIVERIES * 2 });
  expect(await deadlocks()).toBe(before);
  const grants = await owner<{ rows: number }[]>`
      select count(l.id)::int as rows from billing_order o
      left join tenant_credit_ledger l on l.order_id = o.id and l.reason = 'STRIPE_PURCHASE'
      group by o.id`;
  expect(grants.map((it) => it.rows)).toEqual(Array.from({ length: SESSIONS }, () => 1));
  const [lots] = await owner<{ total: number }[]>`select sum(quantity)::int as total from tenant_credit_balance`;
  expect(lots?.total).toBe(SESSIONS * 3);
});

async function deadlocks(): Promise<number> {
  await stack.db.owner`select pg_stat_force_next_flush()`;
  const [row] = await stack.db.owner<{ deadlocks: number }[]>`
    select deadlocks::int from pg_stat_database where datname = current_database()`;
  return row?.deadlocks ?? -1;
}
