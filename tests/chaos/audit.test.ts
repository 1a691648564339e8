import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { receiveEvent } from "~/billing/stripe-events.server";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { sessionEvent, verified } from "../support/events";
import { noStripe } from "../support/no-stripe";
import { insertOrder, type PlacedOrder } from "../support/orders";
import { audit } from "./audit";
import type { Bought } from "./buyers";
import { planPurchase } from "./plan";
import type { PaymentTruth } from "./truth";

let db: TestDatabase;
/** Changes the books past every rule: no trigger fires on its connection. */
let forger: postgres.Sql;
let order: PlacedOrder;
let truth: PaymentTruth;
let bought: Bought;

beforeAll(async () => {
  db = await createTestDatabase();
  // what the audit must see, the database itself would refuse
  await db.owner`drop index tenant_credit_ledger_purchase`;
  forger = postgres(db.url, { max: 1, connection: { session_replication_role: "replica" } });
});
afterAll(async () => {
  await forger.end({ timeout: 5 });
  await db.drop();
});

beforeEach(async () => {
  await forger`truncate tenant_credit_ledger, tenant_credit_day, tenant_credit_balance, order_credit, billing_order, stripe_event cascade`;
  order = await insertOrder(db.owner);
  await db.owner`update billing_order set request_key = 'api:k' where id = ${order.id}`;
  await receiveEvent(db.app, noStripe, verified(sessionEvent(order, "completed")), false);
  truth = {
    sessionId: order.sessionId,
    orderId: order.id,
    tenantId: order.tenantId,
    isPaid: true,
    status: "complete",
    amount: order.amountCents,
    refunded: 0,
    dispute: null,
  };
  const purchase = { ...planPurchase(1, 0, [order.tenantId]), key: "k" };
  bought = { purchase, orderId: order.id, sessionId: order.sessionId, paidAt: 0 };
});

/** What the audit finds, by kind. */
async function found(change: Partial<PaymentTruth> = {}): Promise<string[]> {
  const findings = await audit(db.owner, [bought], [{ ...truth, ...change }]);
  return Object.entries(findings).flatMap(([kind, cases]) => (cases.length > 0 ? [kind] : []));
}

test("nothing to find", async () => {
  expect(await found()).toEqual([]);
});

test("paid and not granted", async () => {
  await db.owner`
    insert into billing_order (id, tenant_id, sku_id, currency, amount_cents, stripe_price_id, grant_device_slots,
      stripe_checkout_session_id)
    values ('late', 'lr_tenant_jura', 'lr_sku_slot_1', 'CHF', 9900, 'price', 1, 'cs_late')`;
  const late = { ...truth, orderId: "late", sessionId: "cs_late", tenantId: "lr_tenant_jura" };
  expect((await audit(db.owner, [bought], [truth, late])).lost).toHaveLength(1);
});

test("granted twice, or otherwise than sold", async () => {
  const [row] = await db.owner<{ n: number }[]>`select count(*)::int as n from tenant_credit_ledger`;
  expect(row?.n).toBe(1);
  await forger`
    insert into tenant_credit_ledger
    select (jsonb_populate_record(l, '{"id": 999999}')).* from tenant_credit_ledger l`;
  expect(await found()).toEqual(expect.arrayContaining(["double", "differs", "lots"]));
});

test("granted and not paid", async () => {
  expect(await found({ isPaid: false, status: "open" })).toEqual(["unpaid", "status"]);
});

test("another tenant", async () => {
  expect(await found({ tenantId: "lr_tenant_jura" })).toEqual(["wrong tenant"]);
  bought = { ...bought, purchase: { ...bought.purchase, tenantId: "lr_tenant_jura" } };
  expect(await found()).toEqual(["wrong tenant"]);
});

test.each(["RECEIVED", "FAILED"])("an event left %s", async (status) => {
  await db.owner`update stripe_event set status = ${status}, processed_at = null`;
  expect(await found()).toEqual(["unfinished"]);
});

test("a lot that is not the sum of its rows", async () => {
  await forger`update tenant_credit_balance set quantity = quantity + 1`;
  expect(await found()).toEqual(["lots"]);
});

test("a purchase without its order, a session without an order", async () => {
  bought = { ...bought, sessionId: "cs_other" };
  expect(await found()).toEqual(["order"]);
  expect(await found({ sessionId: "cs_lost", orderId: "gone", isPaid: false })).toContain("order");
});

test("two orders for one click", async () => {
  const second = await insertOrder(db.owner);
  await db.owner`alter table billing_order drop constraint if exists billing_order_tenant_id_request_key_key`;
  await db.owner`update billing_order set request_key = 'api:k' where id = ${second.id}`;
  expect(await found()).toContain("order");
});

test("status and amounts that Stripe does not confirm", async () => {
  expect(await found({ amount: order.amountCents + 1 })).toEqual(["status"]);
  await db.owner`update billing_order set review_reason = 'why' where id = ${order.id}`;
  expect(await found()).toEqual(["status"]);
});

test("credits that were not taken back or frozen", async () => {
  expect(await found({ refunded: order.amountCents })).toEqual(["status", "clawback"]);
  expect(await found({ refunded: order.amountCents / 2 })).toEqual(["status", "clawback"]);
  expect(await found({ dispute: "lost" })).toEqual(["status", "clawback"]);
  expect(await found({ dispute: "open" })).toEqual(["status", "clawback"]);
  expect(await found({ dispute: "won" })).toEqual([]);
});
