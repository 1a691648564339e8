import { afterAll, beforeAll, expect, test } from "vitest";
import { placeOrder } from "~/billing/checkout.server";
import { inParallel } from "~/billing/parallel";
import { receiveEvent } from "~/billing/stripe-events.server";
import { connect } from "~/db/client.server";
import type { Sql } from "~/db/transaction.server";
import { createStripeClient } from "~/stripe/gateway.server";
import { DEMO_SKUS } from "../../db/seed";
import { seeded } from "../sandbox/random";
import { type LocalStripe, startLocalStripe } from "../sandbox/stripe";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { sessionEvent, verified } from "../support/events";
import { type Confirmation, type FaultProxy, startFaultProxy } from "../support/fault-proxy";
import { noStripe } from "../support/no-stripe";
import { insertOrder } from "../support/orders";
import { TEST_SECRET_KEY } from "../support/server";

const LOST = 300;
const BESIDE = 8;

let db: TestDatabase;
let proxy: FaultProxy;
let sql: Sql;
let stripe: LocalStripe;
/** Which replies are lost at the moment. */
let cut: (confirmation: Confirmation) => boolean = () => false;

beforeAll(async () => {
  db = await createTestDatabase();
  proxy = await startFaultProxy({ port: Number(new URL(db.url).port) }, (confirmation) => cut(confirmation));
  const url = new URL(db.url);
  url.port = String(proxy.port);
  sql = connect(url.href, BESIDE);
  stripe = await startLocalStripe({
    secretKey: TEST_SECRET_KEY,
    prices: DEMO_SKUS.map((sku) => ({
      id: sku.priceId,
      productName: sku.name,
      unitAmount: sku.cents,
      currency: "chf",
    })),
  });
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await proxy?.close();
  await stripe?.close();
  await db?.drop();
});

/** Orders whose grant is not exactly one ledger row of the snapshot's size, one order update and one settled event. */
async function misbooked(): Promise<string[]> {
  const rows = await db.owner<{ id: string }[]>`
    select o.id from billing_order o
    left join tenant_credit_ledger l on l.order_id = o.id
    left join stripe_event e on e.order_id = o.id
    group by o.id
    having o.status <> 'PAID' or o.credits_granted_at is null or count(distinct l.id) <> 1 or count(distinct e.id) <> 1
      or max(l.delta) <> o.grant_license_30d + o.grant_license_365d + o.grant_device_slots
      or bool_or(e.status <> 'PROCESSED')
      -- the last writer of all three is one transaction
      or count(distinct l.xmin::text) + count(distinct e.xmin::text) <> 2 or max(l.xmin::text) <> max(e.xmin::text)
      or max(l.xmin::text) <> o.xmin::text`;
  return rows.map((row) => row.id);
}

test("300 lost replies to COMMIT: each call says that it failed, each order is granted, a redelivery finds it done", async () => {
  const orders = await Promise.all(Array.from({ length: LOST }, () => insertOrder(db.owner)));
  const events = orders.map((order) => verified(sessionEvent(order, "completed")));
  const outcomes: string[] = [];
  cut = (confirmation) => confirmation === "COMMIT";
  await inParallel(events, BESIDE, async (event) => {
    outcomes.push((await receiveEvent(sql, noStripe, event, false)).result);
  });
  cut = () => false;
  expect(proxy.cuts).toEqual({ COMMIT: LOST, statement: 0 });
  expect(new Set(outcomes)).toEqual(new Set(["retry"]));
  expect(await misbooked()).toEqual([]);

  const again: string[] = [];
  await inParallel(events, BESIDE, async (event) => {
    again.push((await receiveEvent(sql, noStripe, event, false)).result);
  });
  expect(new Set(again)).toEqual(new Set(["done"]));
  expect(await misbooked()).toEqual([]);
});

test("replies lost anywhere from the click to the grant: repeated until they succeed, one order, one session, one grant", async () => {
  const random = seeded(4);
  const client = createStripeClient(TEST_SECRET_KEY, stripe.url);
  const buyer = { tenantId: "lr_tenant_jura", userId: "lr_user_owner_jura" };
  const clicks = Array.from({ length: 60 }, (_, i) => ({
    skuId: random.pick(DEMO_SKUS).id,
    requestKey: `click-${i}`,
    whileOpen: false,
  }));
  const before = { ...proxy.cuts };
  cut = () => random.percent(30);
  await inParallel(clicks, BESIDE, async (click) => {
    const { orderId, checkoutUrl } = await untilItSucceeds(() =>
      placeOrder(sql, client, buyer, click, "http://app.test"),
    );
    const sessionId = checkoutUrl.split("/").at(-1) ?? "";
    const sku = DEMO_SKUS.find((it) => it.id === click.skuId);
    const order = { id: orderId, ...buyer, ...click, currency: "CHF", amountCents: sku?.cents ?? 0, sessionId };
    const event = verified(sessionEvent(order, "completed"));
    await untilItSucceeds(async () => {
      const { result } = await receiveEvent(sql, client, event, false);
      if (result !== "processed" && result !== "done") throw new Error(result);
    });
  });
  cut = () => false;

  expect(await misbooked()).toEqual([]);
  const [made] = await db.owner<{ orders: number; keys: number }[]>`
    select count(*)::int as orders, count(distinct request_key)::int as keys from billing_order
    where tenant_id = 'lr_tenant_jura'`;
  expect(made).toEqual({ orders: clicks.length, keys: clicks.length });
  const sessions = stripe.control.requests().filter((it) => it.path === "/v1/checkout/sessions");
  expect(new Set(sessions.map((it) => it.idempotencyKey)).size).toBe(clicks.length);
  // the run means nothing unless both kinds were lost
  expect(proxy.cuts.COMMIT - before.COMMIT).toBeGreaterThan(5);
  expect(proxy.cuts.statement - before.statement).toBeGreaterThan(20);
});

/** A caller who does not give up while the database is what fails. */
async function untilItSucceeds<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 40) throw error;
    }
  }
}
