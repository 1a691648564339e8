import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deliver } from "../support/events";
import { envelope } from "../support/http";
import { insertOrder, orderState, type PlacedOrder } from "../support/orders";
import { type Stack, startStack } from "../support/stack";

const FOLDER = path.resolve("../shared/stripe-events");
const FILES = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name !== "index.json") : [];
const PAID = "checkout.session.completed.paid.2020-08-27.json";

type Fields = Record<string, unknown>;
interface RecordedEvent extends Fields {
  id: string;
  type: string;
  created: number;
  data: { object: Fields };
}

const fresh = (prefix: string) => `${prefix}_${randomBytes(12).toString("hex")}`;

/** What Stripe once sent, as if it were about an order of ours. What the event does not have is not made up. */
function patched(file: string, order: PlacedOrder, change: Fields = {}): RecordedEvent {
  const event = JSON.parse(readFileSync(path.join(FOLDER, file), "utf8")) as RecordedEvent;
  const object = event.data.object;
  const isSession = object.object === "checkout.session";
  const isPaidSession = isSession && object.mode === "payment";
  const own: Fields = {
    id: isSession ? order.sessionId : fresh(String(object.id ?? "x").split("_")[0] ?? "x"),
    livemode: false,
    currency: "chf",
    amount: order.amountCents,
    amount_captured: order.amountCents,
    amount_received: order.amountCents,
    amount_subtotal: isPaidSession ? order.amountCents : object.amount_subtotal,
    amount_total: isPaidSession ? order.amountCents : object.amount_total,
    payment_intent: isPaidSession || object.payment_intent ? `pi_${order.sessionId}` : object.payment_intent,
    client_reference_id: order.id,
  };
  for (const [name, value] of Object.entries(own)) if (name in object) object[name] = value;
  object.metadata = {
    app: "leadradar-billing",
    orderId: order.id,
    tenantId: order.tenantId,
    skuId: order.skuId,
    userId: "lr_user_owner_alpen",
  };
  Object.assign(object, change);
  return { ...event, id: fresh("evt"), livemode: false };
}

/** The order is ours and not paid: refund and dispute are too early; a charge is noted; the rest is nothing to us. */
function expectation(file: string, type: string): "PROCESSED" | "IGNORED" | "FAILED" {
  if (/^(charge\.(refund|dispute)|refund\.)/.test(type)) return "FAILED";
  return file === PAID || type === "charge.succeeded" ? "PROCESSED" : "IGNORED";
}

describe.skipIf(FILES.length === 0)("events as Stripe recorded them", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack?.stop());

  async function send(event: RecordedEvent) {
    const answer = await envelope(await deliver(stack.origin, event));
    const [row] = await stack.db.owner`
      select type, status, livemode, api_version, payload, order_id, next_attempt_at, error_message,
        extract(epoch from stripe_created_at)::int as created
      from stripe_event where id = ${event.id}`;
    return { status: answer.status, received: answer.data?.received, row };
  }

  test("the collection has what these tests expect", () => {
    expect(FILES).toContain(PAID);
    expect(FILES.length).toBeGreaterThanOrEqual(13);
  });

  test.each(FILES)("%s: answered, kept to the byte, granted only if it is a payment, and once", async (file) => {
    const order = await insertOrder(stack.db.owner);
    const event = patched(file, order);
    const expected = expectation(file, event.type);
    for (let i = 0; i < 3; i++) {
      const { status, received, row } = await send(event);
      expect({ status, received }).toEqual(
        expected === "FAILED" ? { status: 503, received: undefined } : { status: 200, received: true },
      );
      expect(row).toMatchObject({
        type: event.type,
        status: expected,
        livemode: false,
        api_version: event.api_version ?? null,
        payload: JSON.stringify(event),
        created: event.created,
        next_attempt_at: expected === "FAILED" ? expect.any(Date) : null,
        error_message: expected === "FAILED" ? expect.stringContaining("PAYMENT_PENDING") : null,
      });
    }
    const state = await orderState(stack.db.owner, order.id);
    expect(state).toMatchObject(
      file === PAID
        ? { status: "PAID", granted: true, review_reason: null, paid_cents: order.amountCents }
        : { status: "PENDING", granted: false, review_reason: null, paid_cents: null, rows: [] },
    );
    expect(state.rows).toHaveLength(file === PAID ? 1 : 0);
  });

  test("the paid session: at the time of the event, for the session, also under a second id and 20 times at once", async () => {
    const order = await insertOrder(stack.db.owner);
    const event = patched(PAID, order);
    const second = { ...event, id: fresh("evt") };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => deliver(stack.origin, i % 2 ? event : second)),
    );
    expect(new Set(answers.map((it) => it.status))).toEqual(new Set([200]));
    const { rows, ...state } = await orderState(stack.db.owner, order.id);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      type: "LICENSE_30D",
      delta: 3,
      reason: "STRIPE_PURCHASE",
      ref_id: order.sessionId,
      // paid on 26 March 2022 in Zurich: usable up to the end of 26 March 2023, the night in which summer time begins
      expires_at: new Date("2023-03-26T22:00:00Z"),
    });
    expect(state).toMatchObject({
      paid_at: new Date(event.created * 1000),
      intent: `pi_${order.sessionId}`,
      session: order.sessionId,
    });
    const statuses = await stack.db.owner<
      { status: string; order_id: string }[]
    >`select status, order_id from stripe_event where id in (${event.id}, ${second.id})`;
    expect(statuses.map((row) => row.status)).toEqual(["PROCESSED", "PROCESSED"]);
    expect(statuses.map((row) => row.order_id)).toEqual([order.id, order.id]);
  });

  test.each<[string, Fields]>([
    ["amount", { amount_subtotal: 1, amount_total: 1 }],
    ["currency", { currency: "usd" }],
    ["tenant", { metadata: null }],
    ["session", { id: "cs_test_somebody_elses" }],
  ])("the paid session with another %s: 200, FAILED for good, set aside, nothing granted", async (what, change) => {
    const order = await insertOrder(stack.db.owner);
    const event = patched(PAID, order, change);
    if (what === "tenant") {
      event.data.object.metadata = { app: "leadradar-billing", orderId: order.id, tenantId: "lr_tenant_jura" };
    }
    const { status, row } = await send(event);
    expect(status).toBe(200);
    expect(row).toMatchObject({ status: "FAILED", next_attempt_at: null });
    const state = await orderState(stack.db.owner, order.id);
    expect(state).toMatchObject({ granted: false, rows: [] });
    expect(state.review_reason).toBeTruthy();
  });

  test.each<[string, Fields]>([
    ["without our marker", { metadata: {} }],
    ["with somebody else's marker", { metadata: { app: "other" } }],
    ["in mode subscription", { mode: "subscription" }],
    ["in mode setup", { mode: "setup" }],
  ])("the paid session %s: 200, IGNORED", async (_name, change) => {
    const order = await insertOrder(stack.db.owner);
    const { status, row } = await send(patched(PAID, order, change));
    expect({ status, kept: row?.status }).toEqual({ status: 200, kept: "IGNORED" });
    expect(await orderState(stack.db.owner, order.id)).toMatchObject({ status: "PENDING", granted: false, rows: [] });
  });

  test("another livemode: IGNORED", async () => {
    const order = await insertOrder(stack.db.owner);
    const event = { ...patched(PAID, order), livemode: true };
    const { status, row } = await send(event);
    expect({ status, kept: row?.status, livemode: row?.livemode }).toEqual({
      status: 200,
      kept: "IGNORED",
      livemode: true,
    });
    expect(await orderState(stack.db.owner, order.id)).toMatchObject({ granted: false });
  });

  test("unpaid and then paid; paid before it is known; expired and paid after all", async () => {
    const late = await insertOrder(stack.db.owner);
    expect((await send(patched(PAID, late, { payment_status: "unpaid" }))).status).toBe(200);
    expect(await orderState(stack.db.owner, late.id)).toMatchObject({ status: "PROCESSING", granted: false, rows: [] });
    const settled = { ...patched(PAID, late), type: "checkout.session.async_payment_succeeded" };
    expect((await send(settled)).status).toBe(200);
    expect(await orderState(stack.db.owner, late.id)).toMatchObject({ status: "PAID", granted: true });

    const expired = await insertOrder(stack.db.owner);
    const end = {
      ...patched(PAID, expired, { status: "expired", payment_status: "unpaid" }),
      type: "checkout.session.expired",
    };
    expect((await send(end)).status).toBe(200);
    expect(await orderState(stack.db.owner, expired.id)).toMatchObject({ status: "EXPIRED", granted: false });
    expect((await send(patched(PAID, expired))).status).toBe(200);
    const after = await orderState(stack.db.owner, expired.id);
    expect(after).toMatchObject({ status: "PAID", granted: true });
    expect(after.rows).toHaveLength(1);
    expect((await send({ ...end, id: fresh("evt") })).status).toBe(200);
    expect((await orderState(stack.db.owner, expired.id)).status).toBe("PAID");
  });

  test("ours, but the order is not there yet: 503, FAILED with a next attempt; once it is there, it grants", async () => {
    const order = await insertOrder(stack.db.owner);
    const id = crypto.randomUUID();
    const event = patched(PAID, { ...order, id, sessionId: `${order.sessionId}x` });
    const answer = await deliver(stack.origin, event);
    expect(answer.status).toBe(503);
    const [row] = await stack.db.owner`select status, next_attempt_at from stripe_event where id = ${event.id}`;
    expect(row).toMatchObject({ status: "FAILED", next_attempt_at: expect.any(Date) });
    await stack.db
      .owner`insert into billing_order (id, tenant_id, sku_id, currency, amount_cents, stripe_price_id, grant_license_30d)
      values (${id}, ${order.tenantId}, ${order.skuId}, 'CHF', ${order.amountCents}, 'price_lr_30d_3', 3)`;
    expect((await send(event)).row).toMatchObject({ status: "PROCESSED", next_attempt_at: null });
    expect(await orderState(stack.db.owner, id)).toMatchObject({ status: "PAID", granted: true });
  });
});
