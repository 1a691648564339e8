import { randomUUID } from "node:crypto";
import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLocalStripe } from "./stripe";
import { clientOf, refusal, TARGETS } from "./stripe/target";

/** The API as the shop uses it. The same assertions run against real Stripe test mode when a key is given. */
describe.each(TARGETS)("$name", ({ open }) => {
  let stripe: Stripe;
  let close: () => Promise<void>;
  let price: Stripe.Price;
  let customer: Stripe.Customer;

  beforeAll(async () => {
    ({ stripe, close } = await open());
    const product_data = { name: "3 Lizenzen für 365 Tage" };
    price = await stripe.prices.create({ currency: "chf", unit_amount: 119_700, product_data });
    customer = await stripe.customers.create({ name: "Alpen Messe AG", metadata: { tenantId: "t1" } });
  });
  afterAll(() => close());

  function wanted(): Stripe.Checkout.SessionCreateParams {
    return {
      mode: "payment",
      line_items: [{ price: price.id, quantity: 1 }],
      customer: customer.id,
      client_reference_id: "order-1",
      metadata: { app: "leadradar-billing", orderId: "order-1" },
      payment_intent_data: { metadata: { app: "leadradar-billing", orderId: "order-1" } },
      success_url: "http://localhost:3000/ok?session_id={CHECKOUT_SESSION_ID}",
      cancel_url: "http://localhost:3000/no",
      expires_at: Math.floor(Date.now() / 1000) + 3_600,
      locale: "de",
      adaptive_pricing: { enabled: false },
    };
  }

  it("creates an open, unpaid session with our amounts, references and page", async () => {
    const params = wanted();
    const session = await stripe.checkout.sessions.create(params);
    expect(session).toMatchObject({
      object: "checkout.session",
      livemode: false,
      mode: "payment",
      status: "open",
      payment_status: "unpaid",
      payment_intent: null,
      amount_subtotal: 119_700,
      amount_total: 119_700,
      currency: "chf",
      customer: customer.id,
      client_reference_id: "order-1",
      metadata: params.metadata,
      success_url: params.success_url,
      expires_at: params.expires_at,
      total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    });
    expect(session.id).toMatch(/^cs_test_/);
    expect(session.url).toContain(session.id);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ id: session.id, url: session.url });
  });

  it("shows line items on their own URL and expanded", async () => {
    const session = await stripe.checkout.sessions.create(wanted());
    const lines = await stripe.checkout.sessions.listLineItems(session.id);
    expect(lines.data).toMatchObject([{ quantity: 1, amount_total: 119_700, price: { id: price.id } }]);
    const expand = ["line_items", "payment_intent.latest_charge", "customer"];
    const expanded = await stripe.checkout.sessions.retrieve(session.id, { expand });
    expect(expanded.line_items?.data).toHaveLength(1);
    expect(expanded).toMatchObject({ customer: { id: customer.id, name: "Alpen Messe AG" }, payment_intent: null });
    expect(await refusal(stripe.checkout.sessions.retrieve(session.id, { expand: ["nonsense"] }))).toMatchObject({
      statusCode: 400,
    });
  });

  it("answers a repeated key with the stored session and says so", async () => {
    const params = wanted();
    const idempotencyKey = randomUUID();
    const first = await stripe.checkout.sessions.create(params, { idempotencyKey });
    const second = await stripe.checkout.sessions.create(params, { idempotencyKey });
    expect(second.id).toBe(first.id);
    expect(first.lastResponse.headers["idempotent-replayed"]).toBeUndefined();
    expect(second.lastResponse.headers["idempotent-replayed"]).toBe("true");
  });

  it("refuses a key that comes back with other parameters", async () => {
    const idempotencyKey = randomUUID();
    await stripe.checkout.sessions.create(wanted(), { idempotencyKey });
    const other = { ...wanted(), client_reference_id: "order-2" };
    const error = await refusal(stripe.checkout.sessions.create(other, { idempotencyKey }));
    expect(error).toMatchObject({ statusCode: 400, rawType: "idempotency_error" });
  });

  it("makes one session from twenty concurrent requests with one key", async () => {
    const params = wanted();
    const idempotencyKey = randomUUID();
    const calls = Array.from({ length: 20 }, () =>
      stripe.checkout.sessions.create(params, { idempotencyKey, maxNetworkRetries: 6 }),
    );
    expect(new Set((await Promise.all(calls)).map((session) => session.id)).size).toBe(1);
  });

  it("refuses unknown parameters, also nested ones", async () => {
    const nested = { ...wanted(), payment_intent_data: { nonsense: "1" } };
    const error = await refusal(stripe.rawRequest("POST", "/v1/checkout/sessions", nested));
    expect(error).toMatchObject({ statusCode: 400, code: "parameter_unknown", type: "StripeInvalidRequestError" });
    expect(error.param).toBe("payment_intent_data[nonsense]");
  });

  it.each([
    ["success_url", { success_url: undefined }],
    ["line_items[0][price]", { line_items: [{ price: "price_absent", quantity: 1 }] }],
    ["customer", { customer: "cus_absent" }],
    ["expires_at", { expires_at: Math.floor(Date.now() / 1000) + 60 }],
    ["expires_at", { expires_at: Math.floor(Date.now() / 1000) + 90_000 }],
  ])("names %s when it is missing or wrong", async (param, change) => {
    const error = await refusal(stripe.checkout.sessions.create({ ...wanted(), ...change }));
    expect(error).toMatchObject({ statusCode: 400, param });
  });

  it("does not sell an inactive or a recurring price", async () => {
    const product = typeof price.product === "string" ? price.product : price.product.id;
    const fields = { currency: "chf", unit_amount: 100, product };
    const inactive = await stripe.prices.create({ ...fields, active: false });
    const recurring = await stripe.prices.create({ ...fields, recurring: { interval: "month" } });
    for (const { id } of [inactive, recurring]) {
      const call = stripe.checkout.sessions.create({ ...wanted(), line_items: [{ price: id, quantity: 1 }] });
      expect(await refusal(call)).toMatchObject({ statusCode: 400, type: "StripeInvalidRequestError" });
    }
  });

  it("expires an open session once", async () => {
    const session = await stripe.checkout.sessions.create(wanted());
    expect(await stripe.checkout.sessions.expire(session.id)).toMatchObject({ status: "expired", url: null });
    expect((await refusal(stripe.checkout.sessions.expire(session.id))).statusCode).toBe(400);
  });

  it("lists a customer's sessions newest first, page by page in both directions", async () => {
    const buyer = await stripe.customers.create({ name: "Jura Events GmbH" });
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const session = await stripe.checkout.sessions.create({ ...wanted(), customer: buyer.id });
      ids.unshift(session.id);
    }
    const first = await stripe.checkout.sessions.list({ customer: buyer.id, limit: 2 });
    expect(first).toMatchObject({ object: "list", has_more: true });
    const all = await stripe.checkout.sessions.list({ customer: buyer.id, limit: 2 }).autoPagingToArray({ limit: 50 });
    expect(all.map((session) => session.id)).toEqual(ids);
    const before = await stripe.checkout.sessions.list({ customer: buyer.id, limit: 2, ending_before: ids[3] });
    expect(before.data.map((session) => session.id)).toEqual(ids.slice(1, 3));
    expect((await refusal(stripe.checkout.sessions.list({ limit: 101 }))).statusCode).toBe(400);
  });

  it("answers unknown ids and unknown paths with an error object", async () => {
    const missing = [
      stripe.checkout.sessions.retrieve("cs_test_absent"),
      stripe.paymentIntents.retrieve("pi_absent"),
      stripe.charges.retrieve("ch_absent"),
      stripe.customers.retrieve("cus_absent"),
      stripe.prices.retrieve("price_absent"),
      stripe.products.retrieve("prod_absent"),
      stripe.events.retrieve("evt_absent"),
      stripe.refunds.retrieve("re_absent"),
      stripe.disputes.retrieve("du_absent"),
    ];
    for (const call of missing) {
      expect(await refusal(call)).toMatchObject({ statusCode: 404, code: "resource_missing" });
    }
    expect((await refusal(stripe.rawRequest("GET", "/v1/nonsense"))).statusCode).toBe(404);
  });

  it("updates customers and prices, and keeps the exact amount", async () => {
    const renamed = await stripe.customers.update(customer.id, {
      email: "a@alpen.example",
      metadata: { tenantId: "" },
    });
    expect(renamed).toMatchObject({ name: "Alpen Messe AG", email: "a@alpen.example", metadata: {} });
    const product = await stripe.products.create({ name: "1 Geräte-Slot" });
    const slot = await stripe.prices.create({ currency: "chf", unit_amount: 9_900, product: product.id });
    expect(slot.unit_amount_decimal?.toString()).toBe("9900");
    expect(await stripe.prices.update(slot.id, { active: false })).toMatchObject({ id: slot.id, active: false });
    const found = await stripe.prices.list({ product: product.id, active: false });
    expect(found.data.map((item) => item.id)).toEqual([slot.id]);
  });
});

describe("local Stripe", () => {
  it("refuses another key with 401 and a missing one too", async () => {
    const server = await startLocalStripe({ prices: [], secretKey: "sk_test_right" });
    await expect(clientOf("sk_test_wrong", server.port).customers.list()).rejects.toMatchObject({
      type: "StripeAuthenticationError",
      statusCode: 401,
    });
    const bare = await fetch(`${server.url}/v1/customers`);
    expect(bare.status).toBe(401);
    expect(await bare.json()).toMatchObject({ error: { type: "invalid_request_error" } });
    await server.close();
  });
});
