import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Stripe from "stripe";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openStage, type Stage } from "./stripe/stage";
import { refusal, type Shop, TARGETS } from "./stripe/target";

/** What is also true of real Stripe; it runs there when a key is given. */
describe.each(TARGETS)("refunds of $name", ({ open }) => {
  let shop: Shop;
  let stripe: Stripe;

  beforeAll(async () => {
    shop = await open();
    stripe = shop.stripe;
  });
  afterAll(() => shop.close());

  it("refunds in parts until nothing is left", async () => {
    const { charge, paymentIntent } = await shop.pay(10_000);
    const first = await stripe.refunds.create({
      payment_intent: paymentIntent,
      amount: 2_500,
      reason: "requested_by_customer",
      metadata: { orderId: "o1" },
    });
    expect(first).toMatchObject({
      object: "refund",
      amount: 2_500,
      charge,
      payment_intent: paymentIntent,
      currency: "chf",
      status: "succeeded",
      reason: "requested_by_customer",
      metadata: { orderId: "o1" },
      receipt_number: null,
    });
    expect(first.id).toMatch(/^re_/);
    expect(first).not.toHaveProperty("failure_reason");
    expect(await stripe.charges.retrieve(charge)).toMatchObject({ amount_refunded: 2_500, refunded: false });

    const more = await refusal(stripe.refunds.create({ charge, amount: 8_000 }));
    expect(more).toMatchObject({ statusCode: 400, param: "amount", code: undefined });
    expect(more.message).toContain("is greater than unrefunded amount on charge");
    expect((await stripe.refunds.create({ charge })).amount).toBe(7_500);
    expect(await stripe.charges.retrieve(charge)).toMatchObject({ amount_refunded: 10_000, refunded: true });
    const none = await refusal(stripe.refunds.create({ charge, amount: 1 }));
    expect(none).toMatchObject({ statusCode: 400, code: "charge_already_refunded" });
    expect(none.message).toBe(`Charge ${charge} has already been refunded.`);
    expect((await stripe.paymentIntents.retrieve(paymentIntent)).status).toBe("succeeded");
  });

  it("lists them by charge and payment intent, and expands them on the charge only when asked", async () => {
    const { charge, paymentIntent } = await shop.pay(10_000);
    const ids: string[] = [];
    for (const amount of [100, 200, 300]) ids.unshift((await stripe.refunds.create({ charge, amount })).id);
    const all = await stripe.refunds.list({ payment_intent: paymentIntent, limit: 2 }).autoPagingToArray({ limit: 9 });
    expect(all.map((refund) => refund.id)).toEqual(ids);
    const later = { gt: Math.floor(Date.now() / 1000) + 60 };
    expect((await stripe.refunds.list({ charge, created: later })).data).toEqual([]);
    expect(await stripe.charges.retrieve(charge)).not.toHaveProperty("refunds");
    const expand = ["latest_charge.refunds.data.payment_intent"];
    const intent = await stripe.paymentIntents.retrieve(paymentIntent, { expand });
    expect(intent.latest_charge).toMatchObject({
      refunds: {
        object: "list",
        has_more: false,
        data: ids.map((id) => ({ id, payment_intent: { id: paymentIntent } })),
      },
    });
  });

  it("changes metadata, and cancels nothing that the bank already has", async () => {
    const { charge } = await shop.pay(10_000);
    const { id } = await stripe.refunds.create({ charge, amount: 100, metadata: { a: "1", b: "2" } });
    expect((await stripe.refunds.update(id, { metadata: { a: "", c: "3" } })).metadata).toEqual({ b: "2", c: "3" });
    expect((await stripe.refunds.retrieve(id)).metadata).toEqual({ b: "2", c: "3" });
    expect(await refusal(stripe.refunds.cancel(id))).toMatchObject({ statusCode: 400 });
  });

  it("refunds once for a repeated key", async () => {
    const { charge } = await shop.pay(10_000);
    const idempotencyKey = randomUUID();
    const create = (amount: number) => stripe.refunds.create({ charge, amount }, { idempotencyKey });
    expect((await create(400)).id).toBe((await create(400)).id);
    expect(await refusal(create(500))).toMatchObject({ statusCode: 400, rawType: "idempotency_error" });
    expect((await stripe.charges.retrieve(charge)).amount_refunded).toBe(400);
  });

  it("names what is missing or wrong", async () => {
    const { charge } = await shop.pay(10_000);
    const missing = { statusCode: 404, code: "resource_missing", param: "id" };
    expect(await refusal(stripe.refunds.create({ charge: "ch_absent" }))).toMatchObject(missing);
    expect(await refusal(stripe.refunds.create({ payment_intent: "pi_absent" }))).toMatchObject({
      code: "resource_missing",
    });
    expect((await refusal(stripe.refunds.create({ amount: 100 }))).message).toBe(
      "One of the following params should be provided for this request: payment_intent or charge.",
    );
    const zero = { statusCode: 400, code: "parameter_invalid_integer", param: "amount" };
    expect(await refusal(stripe.refunds.create({ charge, amount: 0 }))).toMatchObject(zero);
    expect(await refusal(stripe.refunds.create({ charge, reason: "nonsense" }))).toMatchObject({ param: "reason" });
    const unknown = { statusCode: 400, code: "parameter_unknown", param: "nonsense" };
    expect(await refusal(stripe.rawRequest("POST", "/v1/refunds", { charge, nonsense: "1" }))).toMatchObject(unknown);
  });
});

describe("refunds of the local Stripe", () => {
  let stage: Stage;
  let sessionId: string;

  beforeEach(async () => {
    stage = await openStage();
    sessionId = (await stage.order()).id;
    await stage.server.control.pay(sessionId);
  });
  afterEach(() => stage.close());

  const chargeNow = async (): Promise<Stripe.Charge | undefined> => (await stage.stripe.charges.list()).data[0];
  /** Types of the events since the payment, in the order in which they were made. */
  const typesSince = (): string[] => {
    const types = stage.server.control.events().map((event) => event.type);
    return types.slice(types.indexOf("checkout.session.completed") + 1);
  };

  it("tells of each refund: created, then the charge, with what was before and without a list of refunds", async () => {
    const idempotencyKey = randomUUID();
    const charge = await chargeNow();
    await stage.stripe.refunds.create({ charge: charge?.id, amount: 19_700 }, { idempotencyKey });
    await stage.server.control.refund(sessionId);
    await stage.server.control.idle();
    expect(typesSince()).toEqual(["refund.created", "charge.refunded", "refund.created", "charge.refunded"]);
    const [first, second] = stage.server.control.events().filter((event) => event.type === "charge.refunded");
    expect(first).toMatchObject({
      data: { object: { id: charge?.id, amount_refunded: 19_700 }, previous_attributes: { amount_refunded: 0 } },
      request: { idempotency_key: idempotencyKey },
    });
    expect(second).toMatchObject({
      data: {
        object: { amount_refunded: 119_700, refunded: true, metadata: { orderId: "o1" } },
        previous_attributes: { amount_refunded: 19_700, refunded: false },
      },
      request: { id: null, idempotency_key: null },
    });
    expect(first?.data.object).not.toHaveProperty("refunds");
    expect(stage.count("refund.created")).toBe(2);
  });

  it("keeps a pending refund waiting until the bank has it", async () => {
    const refund = await stage.server.control.refund(sessionId, { amount: 1_000, pending: true });
    expect(refund).toMatchObject({ status: "pending", pending_reason: "processing" });
    expect((await chargeNow())?.amount_refunded).toBe(1_000);
    await expect(stage.stripe.refunds.cancel(refund.id)).rejects.toThrow("unsupported");
    const settled = await stage.server.control.settleRefund(refund.id);
    expect(settled.status).toBe("succeeded");
    expect(settled).not.toHaveProperty("pending_reason");
    expect(typesSince().slice(2)).toEqual(["charge.refund.updated", "refund.updated"]);
    expect(stage.server.control.events().at(-1)?.data).toMatchObject({
      object: { id: refund.id, status: "succeeded" },
      previous_attributes: { status: "pending" },
    });
    await expect(stage.server.control.settleRefund(refund.id)).rejects.toThrow("not waiting");
  });

  it.each([true, false])(
    "fails a refund, pending %s, and the charge counts as less refunded again",
    async (pending) => {
      const refund = await stage.server.control.refund(sessionId, { pending });
      expect(await chargeNow()).toMatchObject({ amount_refunded: 119_700, refunded: true });
      const failed = await stage.server.control.failRefund(refund.id);
      expect(failed).toMatchObject({ status: "failed", failure_reason: "expired_or_canceled_card" });
      expect(await chargeNow()).toMatchObject({ amount_refunded: 0, refunded: false });
      expect(typesSince().slice(2)).toEqual(["charge.refund.updated", "refund.updated", "refund.failed"]);
      await expect(stage.server.control.failRefund(refund.id)).rejects.toThrow("failed already");
      expect((await stage.server.control.refund(sessionId)).amount).toBe(119_700);
    },
  );

  it("lets the API cancel only while the customer has yet to act", async () => {
    const { id } = await stage.server.control.refund(sessionId, { amount: 700, requiresAction: true });
    expect((await stage.stripe.refunds.retrieve(id)).next_action?.type).toBe("display_details");
    const canceled = await stage.stripe.refunds.cancel(id);
    expect(canceled).toMatchObject({ status: "canceled", failure_reason: "merchant_request" });
    expect((await chargeNow())?.amount_refunded).toBe(0);
    expect(typesSince().slice(2)).toEqual(["charge.refund.updated", "refund.updated"]);
  });

  it("refuses what was never paid", async () => {
    const { id } = await stage.order();
    await expect(stage.server.control.refund(id)).rejects.toThrow("not paid");
    await expect(stage.server.control.refund("cs_absent")).rejects.toThrow("No such checkout.session");
    const later = await stage.server.control.payLater(id);
    const call = stage.stripe.refunds.create({ payment_intent: String(later.payment_intent) });
    await expect(call).rejects.toThrow("does not have a successful charge to refund");
    await expect(stage.server.control.refund(sessionId, { amount: 119_701 })).rejects.toThrow(
      "greater than charge amount",
    );
  });

  it("is steered by JSON in minor units and by the forms of the page in francs", async () => {
    const { url } = stage.server;
    const steer = (name: string, body: unknown) =>
      fetch(`${url}/_control/${name}`, { method: "POST", body: JSON.stringify(body) });
    const answer = await steer("refund", { sessionId, amount: 100, pending: true });
    const { result } = JSON.parse(await answer.text());
    expect(result).toMatchObject({ amount: 100, status: "pending" });
    expect((await steer("settleRefund", { refundId: result.id })).status).toBe(200);
    expect((await steer("settleRefund", { refundId: result.id })).status).toBe(409);
    expect((await steer("failRefund", { refundId: "re_absent" })).status).toBe(404);

    const press = (amount: string) => {
      const body = new URLSearchParams({ sessionId, amount, pending: "on" });
      return fetch(`${url}/_control/refund`, { method: "POST", body, redirect: "manual" });
    };
    expect((await press("12.5")).status).toBe(303);
    expect((await stage.stripe.refunds.list()).data[0]).toMatchObject({ amount: 1_250, status: "pending" });
    const page = await (await fetch(`${url}/_control`)).text();
    for (const words of ["Rückerstatten", "CHF 12.50</span>: unterwegs", "Abschliessen", "1’183.50"]) {
      expect(page).toContain(words);
    }
    const refused = await press("zwölf");
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("Das geht so nicht.");
    expect((await press("")).status).toBe(303);
    expect((await chargeNow())?.refunded).toBe(true);
  });

  it("keeps refunds over a restart and reads a file from before there were any", async () => {
    const folder = mkdtempSync(join(tmpdir(), "local-stripe-"));
    const stateFile = join(folder, "state.json");
    await stage.restart({ stateFile });
    const { id } = await stage.order();
    await stage.server.control.pay(id);
    const refund = await stage.server.control.refund(id, { amount: 300 });
    await stage.restart({ stateFile });
    expect(await stage.stripe.refunds.retrieve(refund.id)).toMatchObject({ amount: 300 });

    await stage.restart({});
    const { refunds, disputes, ...old } = JSON.parse(readFileSync(stateFile, "utf8"));
    expect([refunds.length, disputes.length]).toEqual([1, 0]);
    writeFileSync(stateFile, JSON.stringify(old));
    await stage.restart({ stateFile });
    expect((await stage.stripe.refunds.list()).data).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});
