import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { creditExpiry } from "~/billing/expiry";
import { processEvent, receiveEvent } from "~/billing/stripe-events.server";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { type SessionChange, sessionEvent, verified } from "../support/events";
import { insertOrder, orderState, type PlacedOrder } from "../support/orders";

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase(10);
});
afterAll(() => db.drop());

const send = (event: ReturnType<typeof sessionEvent>) => receiveEvent(db.app, verified(event), false);

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
    expect((await processEvent(db.app, verified(event), false)).result).toBe("set aside");
    const [row] = await db.owner`select status, next_attempt_at from stripe_event where id = ${event.id}`;
    expect(row).toMatchObject({ status: "FAILED", next_attempt_at: null });
  });
});

describe("exactly once", () => {
  test("the same event 50 times in parallel grants once", async () => {
    const order = await insertOrder(db.owner);
    const event = sessionEvent(order, "completed");
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => send(event)));
    expect(outcomes.filter((it) => it.result === "processed")).toHaveLength(1);
    expect(outcomes.filter((it) => it.result === "done")).toHaveLength(49);
    expect((await orderState(db.owner, order.id)).rows).toHaveLength(1);
  });

  test("two event ids for one session, 25 times each, grant once", async () => {
    const order = await insertOrder(db.owner);
    const first = sessionEvent(order, "completed");
    const second = sessionEvent(order, "completed");
    await Promise.all(Array.from({ length: 50 }, (_, i) => send(i % 2 ? first : second)));
    expect((await orderState(db.owner, order.id)).rows).toHaveLength(1);
  });

  test("200 orders of one tenant at once: one lot, unbroken chain, no deadlock", async () => {
    const created = Date.UTC(2026, 5, 1, 10) / 1000;
    const orders = await Promise.all(
      Array.from({ length: 200 }, () => insertOrder(db.owner, { tenantId: "lr_tenant_jura", skuId: "lr_sku_30d_5" })),
    );
    const outcomes = await Promise.all(orders.map((order) => send(sessionEvent(order, "completed", {}, created))));
    expect(new Set(outcomes.map((it) => it.result))).toEqual(new Set(["processed"]));
    const lots = await db.owner`
      select quantity, ledger_rows, ledger_head from tenant_credit_balance where tenant_id = 'lr_tenant_jura'`;
    expect(lots).toMatchObject([{ quantity: 1_000, ledger_rows: 200 }]);
    const [broken] = await db.owner<{ n: number }[]>`
      select count(*)::int as n from (
        select l.row_hash <> ledger_row_hash(l) as forged, l.previous_hash <> lag(l.row_hash, 1, '') over w as unlinked,
          l.quantity_after <> sum(l.delta) over w as wrong
        from tenant_credit_ledger l where tenant_id = 'lr_tenant_jura' window w as (partition by balance_id order by id)
      ) as chain where forged or unlinked or wrong`;
    expect(broken?.n).toBe(0);
  });

  test("a resend after a refund grants nothing: the marker is not the status", async () => {
    const order = await insertOrder(db.owner);
    await tell(order, "completed");
    await db.owner`update billing_order set status = 'REFUNDED' where id = ${order.id}`;
    await tell(order, "completed");
    const state = await orderState(db.owner, order.id);
    expect(state).toMatchObject({ status: "REFUNDED" });
    expect(state.rows).toHaveLength(1);
  });

  test("a failing duplicate never turns PROCESSED into FAILED, and waits no longer than the lock allows", async () => {
    const order = await insertOrder(db.owner);
    const event = sessionEvent(order, "completed");
    await send(event);
    await db.owner.begin(async (tx) => {
      await tx`select 1 from stripe_event where id = ${event.id} for update`;
      expect((await send(event)).result).toBe("retry");
    });
    const [row] = await db.owner`select status from stripe_event where id = ${event.id}`;
    expect(row?.status).toBe("PROCESSED");
  });

  test("killed between the inbox and the grant: the next delivery grants once", async () => {
    const order = await insertOrder(db.owner);
    const event = sessionEvent(order, "completed");
    await db.owner`
      insert into stripe_event (id, type, payload) values (${event.id}, ${event.type}, ${JSON.stringify(event)})`;
    expect((await send(event)).result).toBe("processed");
    expect((await send(event)).result).toBe("done");
    expect((await orderState(db.owner, order.id)).rows).toHaveLength(1);
  });

  test("the grant reads the snapshot: an edited and a switched-off SKU change nothing", async () => {
    const order = await insertOrder(db.owner, { skuId: "lr_sku_365d_3" });
    await db.owner`update billing_sku set active = false, grant_license_365d = 99, amount_cents = 1 where id = 'lr_sku_365d_3'`;
    await tell(order, "completed");
    expect(await orderState(db.owner, order.id)).toMatchObject({
      status: "PAID",
      rows: [{ type: "LICENSE_365D", delta: 3 }],
    });
  });

  test("a mixed pack grants one row per type", async () => {
    await db.owner`
      insert into billing_sku (id, name, stripe_price_id, amount_cents, grant_license_30d, grant_license_365d, grant_device_slots)
      values ('mixed', 'Messe-Paket', 'price_mixed', 50000, 2, 1, 4)`;
    const order = await insertOrder(db.owner, { skuId: "mixed" });
    await tell(order, "completed");
    const { rows } = await orderState(db.owner, order.id);
    expect(rows.map((row) => [row.type, row.delta])).toEqual([
      ["DEVICE_SLOT", 4],
      ["LICENSE_30D", 2],
      ["LICENSE_365D", 1],
    ]);
  });
});
