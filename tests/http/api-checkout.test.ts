import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CHECKOUT_API, INTERNAL } from "../support/api";
import { envelope, signedIn, type Visitor } from "../support/http";
import { count } from "../support/rows";
import { newSku } from "../support/skus";
import { askedOfStripe, type Stack, startStack } from "../support/stack";

let stack: Stack;
let owner: Visitor;
let jura: Visitor;
beforeAll(async () => {
  stack = await startStack();
  owner = await signedIn(stack.origin, "owner@alpen.example");
  jura = await signedIn(stack.origin, "owner@jura.example");
});
afterAll(() => stack?.stop());
afterEach(() => {
  stack?.stripe.control.setFaults({ apiDown: "off", apiDownPath: null });
});

async function orderRow(id: unknown) {
  const [row] = await stack.db.owner`select * from billing_order where id = ${String(id)}`;
  return row;
}

describe("POST checkout", () => {
  test("orderId and checkoutUrl; the order is the tenant's, with the SKU's snapshot", async () => {
    const { status, data } = await envelope(await owner.json(CHECKOUT_API, { skuId: "lr_sku_365d_3" }));
    expect({ status, keys: Object.keys(data ?? {}).sort() }).toEqual({ status: 200, keys: ["checkoutUrl", "orderId"] });
    expect(String(data?.checkoutUrl)).toMatch(/^https?:\/\//);
    expect(await orderRow(data?.orderId)).toMatchObject({
      status: "PENDING",
      tenant_id: "lr_tenant_alpen",
      user_id: "lr_user_owner_alpen",
      sku_id: "lr_sku_365d_3",
      amount_cents: 119_700,
      currency: "CHF",
      stripe_price_id: "price_lr_365d_3",
      grant_license_365d: 3,
      grant_license_30d: 0,
      paid_cents: null,
      credits_granted_at: null,
    });
  });

  test("unknown fields change nothing", async () => {
    const body =
      '{"skuId":"lr_sku_30d_1","amountCents":1,"amount_cents":1,"currency":"JPY","tenantId":"lr_tenant_jura","tenant_id":"lr_tenant_jura","userId":"lr_user_owner_jura","quantity":100,"grantLicense30d":99,"requestKey":"x","successUrl":"https://evil.example","__proto__":{"amountCents":1,"skuId":"lr_sku_365d_10"},"constructor":{"prototype":{"skuId":"x"}}}';
    const { status, data } = await envelope(await owner.json(CHECKOUT_API, body));
    expect(status).toBe(200);
    expect(await orderRow(data?.orderId)).toMatchObject({
      tenant_id: "lr_tenant_alpen",
      user_id: "lr_user_owner_alpen",
      sku_id: "lr_sku_30d_1",
      amount_cents: 3_900,
      currency: "CHF",
      grant_license_30d: 1,
    });
    const sent = JSON.stringify(askedOfStripe(stack).at(-1)?.params);
    expect(sent).not.toMatch(/evil|jura|JPY/);
  });

  test("__proto__ does not fill in for a missing skuId", async () => {
    const answer = await owner.json(CHECKOUT_API, '{"__proto__":{"skuId":"lr_sku_30d_1"}}');
    expect(await envelope(answer)).toMatchObject({ status: 400, error: { code: "INVALID_BODY" } });
  });

  test("absent and inactive SKUs: 404, byte for byte the same", async () => {
    const off = await newSku(stack, "switched_off", { active: false });
    const before = await count(stack, "billing_order");
    const bodies = new Set<string>();
    for (const skuId of [
      "nope",
      off.id,
      "LR_SKU_30D_1",
      "lr_sku_30d_1 ",
      "' or 1=1 --",
      "__proto__",
      "constructor",
      "🎪",
    ]) {
      const answer = await owner.json(CHECKOUT_API, { skuId });
      expect([skuId, answer.status]).toEqual([skuId, 404]);
      bodies.add((await answer.text()).replace(/"traceId":"[^"]+"/, ""));
    }
    expect(bodies.size).toBe(1);
    expect([...bodies][0]).toContain('"NOT_FOUND"');
    expect(await count(stack, "billing_order")).toBe(before);
  });

  test("an inactive SKU with a key, and a key whose SKU became inactive", async () => {
    const sku = await newSku(stack, "goes_away");
    const key = { "idempotency-key": crypto.randomUUID() };
    const first = await envelope(await owner.json(CHECKOUT_API, { skuId: sku.id }, key));
    await stack.db.owner`update billing_sku set active = false where id = ${sku.id}`;
    const again = await envelope(await owner.json(CHECKOUT_API, { skuId: sku.id }, key));
    expect(again.data).toEqual(first.data);
    const other = await owner.json(CHECKOUT_API, { skuId: sku.id }, { "idempotency-key": crypto.randomUUID() });
    expect(await envelope(other)).toMatchObject({ status: 404, error: { code: "NOT_FOUND" } });
  });
});

describe("Idempotency-Key", () => {
  const key = () => ({ "idempotency-key": crypto.randomUUID() });

  test("the same again: the same order and URL, one order, one session", async () => {
    const headers = key();
    const before = await count(stack, "billing_order");
    const first = await envelope(await owner.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }, headers));
    const second = await envelope(await owner.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }, headers));
    expect(second.data).toEqual(first.data);
    expect(second.traceId).not.toBe(first.traceId);
    expect(await count(stack, "billing_order")).toBe(before + 1);
  });

  test("20 at once: one order, one URL, one session at Stripe", async () => {
    const headers = key();
    const before = await count(stack, "billing_order");
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => owner.json(CHECKOUT_API, { skuId: "lr_sku_slot_1" }, headers).then(envelope)),
    );
    expect(new Set(answers.map((it) => it.status))).toEqual(new Set([200]));
    expect(new Set(answers.map((it) => JSON.stringify(it.data))).size).toBe(1);
    expect(await count(stack, "billing_order")).toBe(before + 1);
    const keys = stack.stripe.control
      .requests()
      .filter((it) => JSON.stringify(it.params).includes(String(answers[0]?.data?.orderId)))
      .map((it) => it.idempotencyKey);
    expect(new Set(keys).size).toBe(1);
  });

  test("two SKUs at once with one key: one is bought, the other refused", async () => {
    const headers = key();
    const before = await count(stack, "billing_order");
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        owner.json(CHECKOUT_API, { skuId: i % 2 ? "lr_sku_30d_1" : "lr_sku_30d_3" }, headers).then(envelope),
      ),
    );
    expect(new Set(answers.map((it) => it.status))).toEqual(new Set([200, 409]));
    expect(await count(stack, "billing_order")).toBe(before + 1);
  });

  test("another SKU: 409", async () => {
    const headers = key();
    await owner.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }, headers);
    const before = await count(stack, "billing_order");
    const answer = await owner.json(CHECKOUT_API, { skuId: "lr_sku_30d_3" }, headers);
    expect(await envelope(answer)).toMatchObject({ status: 409, error: { code: "IDEMPOTENCY_CONFLICT" } });
    expect(await count(stack, "billing_order")).toBe(before);
  });

  test("another tenant's key is another key", async () => {
    const headers = key();
    const first = await envelope(await owner.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }, headers));
    const other = await envelope(await jura.json(CHECKOUT_API, { skuId: "lr_sku_30d_3" }, headers));
    expect(other.status).toBe(200);
    expect(other.data?.orderId).not.toBe(first.data?.orderId);
    expect(await orderRow(other.data?.orderId)).toMatchObject({ tenant_id: "lr_tenant_jura" });
  });

  test("without a key two calls are two orders", async () => {
    const first = await envelope(await owner.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }));
    const second = await envelope(await owner.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }));
    expect(second.data?.orderId).not.toBe(first.data?.orderId);
  });

  test.each([["x".repeat(256)], ["x".repeat(9_000)], ["\u00e4\u00f6"], ["a\tb"]])(
    "a garbled key: 400: %j",
    async (value) => {
      const before = await count(stack, "billing_order");
      const answer = await owner.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }, { "idempotency-key": value });
      expect(await envelope(answer)).toMatchObject({ status: 400, ok: false });
      expect(await count(stack, "billing_order")).toBe(before);
    },
  );

  test.each(["500", "lost", "refuse"] as const)(
    "after a failure of Stripe (%s) the same order is tried again",
    async (apiDown) => {
      const headers = key();
      const before = await count(stack, "billing_order");
      stack.stripe.control.setFaults({ apiDown, apiDownPath: "/v1/checkout/sessions" });
      const failed = await envelope(await owner.json(CHECKOUT_API, { skuId: "lr_sku_365d_1" }, headers));
      expect(failed).toMatchObject({ status: 502, ok: false, error: { code: "STRIPE_UNAVAILABLE" } });
      const [order] = await stack.db.owner<{ id: string; status: string }[]>`
      select id, status from billing_order order by created_at desc, number desc limit 1`;
      expect(order?.status).toBe("FAILED");

      stack.stripe.control.setFaults({ apiDown: "off" });
      const done = await envelope(await owner.json(CHECKOUT_API, { skuId: "lr_sku_365d_1" }, headers));
      expect(done).toMatchObject({ status: 200, data: { orderId: order?.id } });
      expect(await count(stack, "billing_order")).toBe(before + 1);
      expect(await orderRow(order?.id)).toMatchObject({ status: "PENDING" });
      const again = await envelope(await owner.json(CHECKOUT_API, { skuId: "lr_sku_365d_1" }, headers));
      expect(again.data).toEqual(done.data);
    },
  );
});

describe("Stripe fails", () => {
  test.each(["500", "hang", "refuse"] as const)(
    "%s: 502 within 10 s, the order FAILED with nothing granted",
    async (apiDown) => {
      const buyer = await signedIn(stack.origin, "owner@jura.example");
      stack.stripe.control.setFaults({ apiDown, apiDownPath: null });
      const begun = performance.now();
      const answer = await buyer.json(CHECKOUT_API, { skuId: "lr_sku_30d_10" });
      expect(performance.now() - begun).toBeLessThan(10_000);
      const text = await answer.clone().text();
      expect(await envelope(answer)).toMatchObject({ status: 502, error: { code: "STRIPE_UNAVAILABLE" } });
      expect(text).not.toMatch(INTERNAL);
      const [order] = await stack.db.owner`
      select status, credits_granted_at, stripe_checkout_session_id from billing_order
      where tenant_id = 'lr_tenant_jura' and sku_id = 'lr_sku_30d_10' order by number desc limit 1`;
      expect(order).toMatchObject({ status: "FAILED", credits_granted_at: null, stripe_checkout_session_id: null });
    },
  );

  test("the page says so too: 502 and a German sentence, no internal text", async () => {
    stack.stripe.control.setFaults({ apiDown: "500" });
    const answer = await owner.post("/admin/billing/packages", { skuId: "lr_sku_30d_1", nonce: crypto.randomUUID() });
    expect(answer.status).toBe(502);
    expect(await answer.text()).not.toMatch(/node_modules|PostgresError|StripeAPIError|unknown error occurred/i);
  });

  test("a price that is off: 409 SKU_NOT_SALEABLE", async () => {
    const sku = await newSku(stack, "price_off");
    await stack.stripe.control.updatePrice(sku.price, { active: false });
    const answer = await owner.json(CHECKOUT_API, { skuId: sku.id });
    expect(await envelope(answer)).toMatchObject({ status: 409, error: { code: "SKU_NOT_SALEABLE" } });
  });

  test("a price that differs: 409, and nobody can pay the session", async () => {
    const sku = await newSku(stack, "price_differs", { cents: 100 });
    const answer = await owner.json(CHECKOUT_API, { skuId: sku.id });
    expect(await envelope(answer)).toMatchObject({ status: 409, error: { code: "SKU_NOT_SALEABLE" } });
    const [order] = await stack.db.owner`select status from billing_order where sku_id = ${sku.id}`;
    expect(order).toMatchObject({ status: "FAILED" });
    const expired = askedOfStripe(stack).at(-1);
    expect(expired?.path).toMatch(/^\/v1\/checkout\/sessions\/cs_\w+\/expire$/);
    expect(expired?.status).toBe(200);
  });

  test("a recurring price, and one that Stripe does not know: 409", async () => {
    const recurring = await newSku(stack, "price_recurring", { recurring: true });
    const unknown = await newSku(stack, "price_unknown");
    await stack.db.owner`update billing_sku set stripe_price_id = 'price_nowhere' where id = ${unknown.id}`;
    for (const { id } of [recurring, unknown]) {
      const answer = await owner.json(CHECKOUT_API, { skuId: id });
      expect(await envelope(answer)).toMatchObject({ status: 409, error: { code: "SKU_NOT_SALEABLE" } });
    }
  });
});
