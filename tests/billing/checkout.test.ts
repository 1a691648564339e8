import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { placeOrder } from "~/billing/checkout.server";
import { DomainError } from "~/errors";
import { createStripeClient } from "~/stripe/gateway.server";
import { DEMO_SKUS } from "../../db/seed";
import { type LocalStripe, startLocalStripe } from "../sandbox/stripe";
import { createTestDatabase, type TestDatabase } from "../support/database";

const ORIGIN = "https://billing.example.ch";
const BUYER = { tenantId: "lr_tenant_alpen", userId: "lr_user_owner_alpen" };

let db: TestDatabase;
let stripe: LocalStripe;
let client: ReturnType<typeof createStripeClient>;

beforeAll(async () => {
  db = await createTestDatabase();
  const prices = DEMO_SKUS.map((it) => ({
    id: it.priceId,
    productName: it.name,
    unitAmount: it.cents,
    currency: "chf",
  }));
  stripe = await startLocalStripe({ prices });
  client = createStripeClient("sk_test_local", stripe.url);
});
beforeEach(() => {
  stripe.control.setFaults({ apiDown: "off" });
});
afterAll(async () => {
  await stripe?.close();
  await db?.drop();
});

function buy(
  skuId: string,
  requestKey: string | null = null,
  change: { whileOpen?: boolean; buyer?: typeof BUYER } = {},
) {
  const { whileOpen = false, buyer = BUYER } = change;
  return placeOrder(db.app, client, buyer, { skuId, requestKey, whileOpen }, ORIGIN);
}

async function orderRow(id: string) {
  const [row] = await db.owner`select * from billing_order where id = ${id}`;
  return row;
}

function sessionsCreated(): number {
  return stripe.control.requests().filter((it) => it.method === "POST" && it.path === "/v1/checkout/sessions").length;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DomainError);
  return (error as DomainError).code;
}

describe("the order and its session", () => {
  test("the session carries what the order says, and the order keeps the session", async () => {
    const before = Date.now();
    const { orderId, checkoutUrl } = await buy("lr_sku_30d_3");
    const row = await orderRow(orderId);
    expect(row).toMatchObject({
      status: "PENDING",
      amount_cents: 11_700,
      currency: "CHF",
      grant_license_30d: 3,
      stripe_price_id: "price_lr_30d_3",
      user_id: BUYER.userId,
      number: expect.stringMatching(/^LR-\d{4}-\d{6}$/),
    });
    const session = await client.checkout.sessions.retrieve(String(row?.stripe_checkout_session_id));
    expect(session).toMatchObject({
      url: checkoutUrl,
      mode: "payment",
      locale: "de",
      amount_total: 11_700,
      client_reference_id: orderId,
      metadata: {
        app: "leadradar-billing",
        orderId,
        tenantId: BUYER.tenantId,
        skuId: "lr_sku_30d_3",
        userId: BUYER.userId,
      },
      success_url: `${ORIGIN}/admin/billing?checkout=success&session_id={CHECKOUT_SESSION_ID}`,
      cancel_url: `${ORIGIN}/admin/billing?checkout=cancel&order=${orderId}`,
    });
    const [created] = stripe.control
      .requests()
      .filter((it) => it.params && JSON.stringify(it.params).includes(orderId));
    expect(created?.idempotencyKey).toBe(orderId);
    expect(JSON.stringify(created?.params)).toContain('"adaptive_pricing":{"enabled":"false"}');
    expect(created?.params).toMatchObject({ payment_intent_data: { metadata: { orderId, app: "leadradar-billing" } } });
    const lifetime = session.expires_at * 1000 - before;
    expect(lifetime).toBeGreaterThan(59 * 60_000);
    expect(lifetime).toBeLessThan(61 * 60_000);
  });

  test("one Stripe customer per tenant, also for parallel first purchases", async () => {
    const buyer = { tenantId: "lr_tenant_jura", userId: "lr_user_owner_jura" };
    await Promise.all([buy("lr_sku_30d_1", null, { buyer }), buy("lr_sku_30d_1", null, { buyer })]);
    await buy("lr_sku_slot_1", null, { buyer });
    const customers = await client.customers.list({ limit: 100 });
    expect(customers.data.filter((it) => it.metadata.tenantId === "lr_tenant_jura")).toHaveLength(1);
  });

  test("an unknown and an inactive SKU are not found, and leave no order", async () => {
    await db.owner`update billing_sku set active = false where id = 'lr_sku_365d_10'`;
    const [before] = await db.owner`select count(*) as n from billing_order`;
    expect(await refusal(buy("nothing"))).toBe("NOT_FOUND");
    expect(await refusal(buy("lr_sku_365d_10"))).toBe("NOT_FOUND");
    const [after] = await db.owner`select count(*) as n from billing_order`;
    expect(after?.n).toBe(before?.n);
  });
});

describe("the same click again", () => {
  test("ten clicks at once with one key: one order, one session", async () => {
    const before = sessionsCreated();
    const answers = await Promise.all(Array.from({ length: 10 }, () => buy("lr_sku_30d_5", "click-1")));
    expect(new Set(answers.map((it) => it.orderId)).size).toBe(1);
    expect(new Set(answers.map((it) => it.checkoutUrl)).size).toBe(1);
    const [orders] = await db.owner`select count(*)::int as n from billing_order where request_key = 'click-1'`;
    expect(orders?.n).toBe(1);
    const open = await client.checkout.sessions.list({ limit: 100 });
    expect(open.data.filter((it) => it.client_reference_id === answers[0]?.orderId)).toHaveLength(1);
    expect(sessionsCreated()).toBeGreaterThan(before);
    // and once more when it is all done: no call at all
    const calls = stripe.control.requests().length;
    await buy("lr_sku_30d_5", "click-1");
    expect(stripe.control.requests()).toHaveLength(calls);
  });

  test("with another SKU: IDEMPOTENCY_CONFLICT; the same key of another tenant is another click", async () => {
    const first = await buy("lr_sku_30d_1", "click-2");
    expect(await refusal(buy("lr_sku_slot_1", "click-2"))).toBe("IDEMPOTENCY_CONFLICT");
    const buyer = { tenantId: "lr_tenant_jura", userId: "lr_user_owner_jura" };
    expect((await buy("lr_sku_30d_1", "click-2", { buyer })).orderId).not.toBe(first.orderId);
  });

  test("a form's nonce counts while its order is open; after the payment it is a new purchase", async () => {
    const first = await buy("lr_sku_30d_1", "form-1", { whileOpen: true });
    expect((await buy("lr_sku_30d_1", "form-1", { whileOpen: true })).orderId).toBe(first.orderId);
    await db.owner`update billing_order set status = 'EXPIRED' where id = ${first.orderId}`;
    expect((await buy("lr_sku_30d_1", "form-1", { whileOpen: true })).orderId).not.toBe(first.orderId);
    // the API's key stays with its order for good
    expect((await buy("lr_sku_30d_1", "form-1")).orderId).toBe(first.orderId);
  });

  test("a key whose order got no session tries again with the same order", async () => {
    stripe.control.setFaults({ apiDown: "500" });
    expect(await refusal(buy("lr_sku_30d_1", "click-3"))).toBe("STRIPE_UNAVAILABLE");
    const [failed] = await db.owner`select id, status, failure_reason from billing_order where request_key = 'click-3'`;
    expect(failed).toMatchObject({ status: "FAILED", failure_reason: expect.stringContaining("STRIPE_UNAVAILABLE") });
    stripe.control.setFaults({ apiDown: "off" });
    const { orderId } = await buy("lr_sku_30d_1", "click-3");
    expect(orderId).toBe(failed?.id);
    expect(await orderRow(orderId)).toMatchObject({ status: "PENDING", failure_reason: null });
  });

  test("an old order without a session gets new parameters under a new key", async () => {
    stripe.control.setFaults({ apiDown: "500" });
    await refusal(buy("lr_sku_30d_1", "click-4"));
    stripe.control.setFaults({ apiDown: "off" });
    await db.owner`update billing_order set checkout_expires_at = now() - interval '1 day' where request_key = 'click-4'`;
    const { orderId } = await buy("lr_sku_30d_1", "click-4");
    expect(await orderRow(orderId)).toMatchObject({ status: "PENDING", checkout_attempt: 2 });
    expect(stripe.control.requests().at(-1)?.idempotencyKey).toBe(`${orderId}:2`);
  });
});

describe("Stripe says no, or nothing", () => {
  test.each(["500", "refuse"] as const)(
    "API %s: STRIPE_UNAVAILABLE, the order FAILED with a reason",
    async (apiDown) => {
      stripe.control.setFaults({ apiDown });
      expect(await refusal(buy("lr_sku_30d_1", `down-${apiDown}`))).toBe("STRIPE_UNAVAILABLE");
      const [row] =
        await db.owner`select status, failure_reason from billing_order where request_key = ${`down-${apiDown}`}`;
      expect(row).toMatchObject({ status: "FAILED", failure_reason: expect.any(String) });
    },
  );

  test("a Stripe that hangs: an answer within 10 s", async () => {
    stripe.control.setFaults({ apiDown: "hang" });
    const before = performance.now();
    expect(await refusal(buy("lr_sku_30d_1", "hang"))).toBe("STRIPE_UNAVAILABLE");
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test("a price that is switched off at Stripe: SKU_NOT_SALEABLE", async () => {
    await stripe.control.updatePrice("price_lr_365d_1", { active: false });
    expect(await refusal(buy("lr_sku_365d_1", "off"))).toBe("SKU_NOT_SALEABLE");
    const [row] = await db.owner`select status from billing_order where request_key = 'off'`;
    expect(row?.status).toBe("FAILED");
  });

  test("a price that does not exist at Stripe: SKU_NOT_SALEABLE", async () => {
    await db.owner`insert into billing_sku (id, name, stripe_price_id, amount_cents, grant_device_slots)
      values ('ghost', 'Geist', 'price_ghost', 100, 1)`;
    expect(await refusal(buy("ghost"))).toBe("SKU_NOT_SALEABLE");
  });

  test("a price of another amount: SKU_NOT_SALEABLE, and the session is closed at Stripe", async () => {
    await db.owner`update billing_sku set amount_cents = 1 where id = 'lr_sku_365d_5'`;
    expect(await refusal(buy("lr_sku_365d_5", "differs"))).toBe("SKU_NOT_SALEABLE");
    const [row] = await db.owner`select id, status from billing_order where request_key = 'differs'`;
    expect(row?.status).toBe("FAILED");
    const sessions = await client.checkout.sessions.list({ limit: 100 });
    expect(sessions.data.find((it) => it.client_reference_id === row?.id)?.status).toBe("expired");
  });
});
