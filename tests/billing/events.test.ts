import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { creditExpiry } from "~/billing/expiry";
import { processEvent, receiveEvent } from "~/billing/stripe-events.server";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { type SessionChange, sessionEvent, verified } from "../support/events";
import { noStripe } from "../support/no-stripe";
import { insertOrder, orderState, type PlacedOrder } from "../support/orders";

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase(10);
});
afterAll(() => db.drop());

const send = (event: ReturnType<typeof sessionEvent>) => receiveEvent(db.app, noStripe, verified(event), false);

async function tell(order: PlacedOrder, type: string, change: SessionChange = {}, created?: number) {
  const event = sessionEvent(order, type, change, created);
  const outcome = await send(event);
  const [row] =
    await db.owner`select status, error_message, next_attempt_at, attempts from stripe_event where id = ${event.id}`;
  return { ...outcome, event, row };
}

describe("what the events of a session do", () => {
  test("completed and paid: PAID, granted from the snapshot, at Stripe's time", async () => {
    const order = await insertOrder(db.owner);
    const created = Date.UTC(2026, 10, 22, 22, 30) / 1000; // 23:30 in Zurich
    const { result, row } = await tell(order, "completed", {}, created);
    expect(result).toBe("processed");
    expect(row).toMatchObject({ status: "PROCESSED", attempts: 1, error_message: null });
    const state = await orderState(db.owner, order.id);
    expect(state).toMatchObject({ status: "PAID", granted: true, paid_cents: 11_700, intent: `pi_${order.sessionId}` });
    expect(state.paid_at).toEqual(new Date(created * 1000));
    expect(state.rows).toEqual([
      {
        type: "LICENSE_30D",
        delta: 3,
        reason: "STRIPE_PURCHASE",
        ref_id: order.sessionId,
        expires_at: creditExpiry(new Date(created * 1000), 365),
      },
    ]);
    expect(state.rows[0]?.expires_at.toISOString()).toBe("2027-11-22T23:00:00.000Z");
  });

  test("completed but unpaid: PROCESSING and no grant; the later success grants", async () => {
    const order = await insertOrder(db.owner);
    await tell(order, "completed", { payment_status: "unpaid" });
    expect(await orderState(db.owner, order.id)).toMatchObject({ status: "PROCESSING", granted: false, rows: [] });
    await tell(order, "async_payment_succeeded");
    expect(await orderState(db.owner, order.id)).toMatchObject({ status: "PAID", granted: true, rows: [{ delta: 3 }] });
  });

  test("async success before completed: one grant, and completed(unpaid) does not take it back", async () => {
    const order = await insertOrder(db.owner);
    await tell(order, "async_payment_succeeded");
    await tell(order, "completed", { payment_status: "unpaid" });
    const state = await orderState(db.owner, order.id);
    expect(state).toMatchObject({ status: "PAID", granted: true });
    expect(state.rows).toHaveLength(1);
  });

  test("async failure: FAILED; after PAID it changes nothing", async () => {
    const order = await insertOrder(db.owner);
    await tell(order, "async_payment_failed");
    expect(await orderState(db.owner, order.id)).toMatchObject({ status: "FAILED", granted: false });
    const paid = await insertOrder(db.owner);
    await tell(paid, "completed");
    await tell(paid, "async_payment_failed");
    await tell(paid, "expired");
    expect(await orderState(db.owner, paid.id)).toMatchObject({ status: "PAID", granted: true });
  });

  test.each(["expired", "async_payment_failed"])("money wins: paid after %s still grants", async (news) => {
    const order = await insertOrder(db.owner);
    await tell(order, news);
    expect((await orderState(db.owner, order.id)).granted).toBe(false);
    await tell(order, "completed");
    expect(await orderState(db.owner, order.id)).toMatchObject({ status: "PAID", granted: true });
  });

  test("late unpaid news do not reopen a closed order", async () => {
    const order = await insertOrder(db.owner);
    await tell(order, "expired");
    await tell(order, "completed", { payment_status: "unpaid" });
    expect((await orderState(db.owner, order.id)).status).toBe("EXPIRED");
  });

  test("no_payment_required grants only where a discount explains it", async () => {
    const order = await insertOrder(db.owner);
    const free = {
      payment_status: "no_payment_required",
      amount_total: 0,
      payment_intent: null,
      total_details: { amount_discount: 11_700, amount_shipping: 0, amount_tax: 0 },
    };
    await tell(order, "completed", free);
    expect(await orderState(db.owner, order.id)).toMatchObject({
      status: "PAID",
      granted: true,
      paid_cents: 0,
      intent: null,
    });
    const other = await insertOrder(db.owner);
    const { result } = await tell(other, "completed", { payment_status: "no_payment_required" });
    expect(result).toBe("set aside");
    expect(await orderState(db.owner, other.id)).toMatchObject({
      granted: false,
      review_reason: expect.stringContaining("PAYMENT_NOT_PROVEN"),
    });
  });

  test("a session that arrives before it was kept with its order is bound now", async () => {
    const order = await insertOrder(db.owner, { bound: false });
    await tell(order, "completed");
    expect(await orderState(db.owner, order.id)).toMatchObject({ status: "PAID", session: order.sessionId });
  });

  test("a payload of an old API version, without total_details and with the payment intent expanded", async () => {
    const order = await insertOrder(db.owner);
    await tell(order, "completed", {
      total_details: null,
      payment_intent: { id: "pi_expanded", object: "payment_intent" },
    });
    expect(await orderState(db.owner, order.id)).toMatchObject({ status: "PAID", intent: "pi_expanded" });
  });

  test("adaptive pricing: presentment_details are the buyer's, the session stays ours", async () => {
    const order = await insertOrder(db.owner);
    await tell(order, "completed", {
      presentment_details: { presentment_amount: 12_500, presentment_currency: "eur" },
    });
    expect((await orderState(db.owner, order.id)).granted).toBe(true);
  });
});

describe("permanent faults", () => {
  test.each<[string, SessionChange, string]>([
    ["amount", { amount_subtotal: 3_900, amount_total: 3_900 }, "AMOUNT_MISMATCH: expected 11700, received 3900"],
    ["unexplained total", { amount_total: 100 }, "AMOUNT_MISMATCH: expected 11700, received 100"],
    ["no amount", { amount_subtotal: null }, "AMOUNT_MISMATCH"],
    ["currency", { currency: "eur" }, "CURRENCY_MISMATCH: expected CHF, received EUR"],
    ["session", { id: "cs_test_another" }, "SESSION_MISMATCH"],
    ["reference", { client_reference_id: "another" }, "SESSION_MISMATCH"],
    ["price", { line_items: { data: [{ price: { id: "price_lr_30d_1" } }] } }, "PRICE_MISMATCH"],
  ])("%s differs: set aside with a reason, nothing granted", async (_name, change, reason) => {
    const order = await insertOrder(db.owner);
    const { result, row } = await tell(order, "completed", change);
    expect(result).toBe("set aside");
    expect(row).toMatchObject({
      status: "FAILED",
      next_attempt_at: null,
      error_message: expect.stringContaining(reason),
    });
    expect(await orderState(db.owner, order.id)).toMatchObject({
      status: "PENDING",
      granted: false,
      rows: [],
      review_reason: expect.stringContaining(reason),
    });
  });

  test.each([
    ["tenantId", "lr_tenant_jura", "TENANT_MISMATCH"],
    ["skuId", "lr_sku_slot_1", "PRICE_MISMATCH"],
  ])("metadata %s differs", async (field, value, reason) => {
    const order = await insertOrder(db.owner);
    const metadata = {
      app: "leadradar-billing",
      orderId: order.id,
      tenantId: order.tenantId,
      skuId: order.skuId,
      [field]: value,
    };
    const { result } = await tell(order, "completed", { metadata });
    expect(result).toBe("set aside");
    const state = await orderState(db.owner, order.id);
    expect(state).toMatchObject({ granted: false, review_reason: expect.stringContaining(reason) });
  });

  test("an order in review is still granted by proven money", async () => {
    const order = await insertOrder(db.owner);
    await tell(order, "completed", { amount_subtotal: 1, amount_total: 1 });
    await tell(order, "completed");
    expect(await orderState(db.owner, order.id)).toMatchObject({
      status: "PAID",
      granted: true,
      review_reason: expect.any(String),
    });
  });
});

describe("what is not ours is ignored, what is not known yet is kept", () => {
  test.each<[string, SessionChange]>([
    ["no mark", { metadata: {} }],
    ["a subscription", { mode: "subscription" }],
    ["a setup", { mode: "setup" }],
  ])("%s: IGNORED", async (_name, change) => {
    const order = await insertOrder(db.owner);
    const { result, row } = await tell(order, "completed", change);
    expect(result).toBe("ignored");
    expect(row).toMatchObject({ status: "IGNORED" });
    expect((await orderState(db.owner, order.id)).granted).toBe(false);
  });

  test("the other livemode and an unknown type: IGNORED", async () => {
    const order = await insertOrder(db.owner);
    const live = { ...sessionEvent(order, "completed"), livemode: true };
    expect((await send(live)).result).toBe("ignored");
    expect((await send({ ...sessionEvent(order, "completed"), type: "invoice.paid" })).result).toBe("ignored");
    expect((await orderState(db.owner, order.id)).granted).toBe(false);
  });

  test.each([["unknown"], ["with\u0000zero"], [""], ["x".repeat(300)]])(
    "order %j unknown: tried again; granted once it is there",
    async (id) => {
      const order = await insertOrder(db.owner);
      const { result, row } = await tell({ ...order, id }, "completed");
      expect(result).toBe("retry");
      expect(row).toMatchObject({
        status: "FAILED",
        next_attempt_at: expect.any(Date),
        error_message: expect.stringContaining("ORDER_UNKNOWN"),
      });
    },
  );

  test("after four days an unknown order becomes a permanent fault", async () => {
    const order = await insertOrder(db.owner);
    const event = sessionEvent({ ...order, id: "never-there" }, "completed");
    await send(event);
    await db.owner`update stripe_event set received_at = now() - interval '5 days' where id = ${event.id}`;
    expect((await processEvent(db.app, noStripe, verified(event), false)).result).toBe("set aside");
    const [row] = await db.owner`select status, next_attempt_at from stripe_event where id = ${event.id}`;
    expect(row).toMatchObject({ status: "FAILED", next_attempt_at: null });
  });
});
