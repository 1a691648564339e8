import Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStage, PRICE, type Stage } from "./stripe/stage";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

describe("outcomes", () => {
  it("pays: session, payment intent, charge and three signed events agree", async () => {
    const { id } = await stage.order();
    await stage.server.control.pay(id);
    await stage.server.control.idle();
    const expand = ["payment_intent.latest_charge"];
    const session = await stage.stripe.checkout.sessions.retrieve(id, { expand });
    expect(session).toMatchObject({ status: "complete", payment_status: "paid", url: null });
    expect(session.payment_intent).toMatchObject({
      status: "succeeded",
      amount_received: 119_700,
      metadata: { orderId: "o1" },
      latest_charge: { status: "succeeded", paid: true, amount: 119_700, metadata: { orderId: "o1" } },
    });
    expect(stage.receivedTypes()).toEqual([
      "charge.succeeded",
      "checkout.session.completed",
      "payment_intent.succeeded",
    ]);
    expect(stage.receiver.events.every((event) => event.api_version === Stripe.API_VERSION)).toBe(true);
    const [charge] = (await stage.stripe.charges.list()).data;
    expect((await fetch(charge?.receipt_url ?? "")).status).toBe(200);
    const found = await stage.stripe.checkout.sessions.list({ payment_intent: String(charge?.payment_intent) });
    expect(found.data.map((item) => item.id)).toEqual([id]);
    await expect(stage.server.control.pay(id)).rejects.toThrow("not open");
  });

  it.each(["settle", "fail"] as const)("pays later, then %s", async (end) => {
    const { id } = await stage.order();
    const later = await stage.server.control.payLater(id);
    expect(later).toMatchObject({ status: "complete", payment_status: "unpaid" });
    await stage.server.control.idle();
    const ended = await stage.server.control[end](id);
    await stage.server.control.idle();
    const word = end === "settle" ? "succeeded" : "failed";
    expect(ended.payment_status).toBe(end === "settle" ? "paid" : "unpaid");
    expect(stage.count("checkout.session.completed")).toBe(1);
    expect(stage.count(`checkout.session.async_payment_${word}`)).toBe(1);
    expect(stage.count(`charge.${word}`)).toBe(1);
    const intent = await stage.stripe.paymentIntents.retrieve(String(ended.payment_intent));
    expect(intent.status).toBe(end === "settle" ? "succeeded" : "requires_payment_method");
  });

  it("declines the card, keeps the session open and pays with the same payment intent", async () => {
    const { id } = await stage.order();
    const declined = await stage.server.control.decline(id);
    expect(declined).toMatchObject({ status: "open", payment_status: "unpaid" });
    const paid = await stage.server.control.pay(id);
    expect(paid.payment_intent).toBe(declined.payment_intent);
    await stage.server.control.idle();
    expect(stage.count("payment_intent.payment_failed")).toBe(1);
    expect(stage.count("charge.failed")).toBe(1);
  });

  it("expires a session when its time is over, read or not", async () => {
    let now = Date.now();
    await stage.restart({ now: () => now });
    const { id } = await stage.order({ expires_at: Math.floor(now / 1000) + 3_600 });
    const unread = await stage.order({ expires_at: Math.floor(now / 1000) + 7_200 });
    now += 3_601_000;
    expect(await stage.stripe.checkout.sessions.retrieve(id)).toMatchObject({ status: "expired", url: null });
    await stage.server.control.idle();
    expect(stage.receivedTypes()).toEqual(["checkout.session.expired"]);
    await expect(stage.server.control.pay(id)).rejects.toThrow("not open");
    now += 3_600_000;
    await expect.poll(() => stage.count("checkout.session.expired"), { timeout: 4_000 }).toBe(2);
    await expect(stage.server.control.pay(unread.id)).rejects.toThrow("not open");
  });
});

describe("pay page", () => {
  it("shows what is bought, escaped, without script or inline style", async () => {
    const { url } = await stage.order();
    const page = await fetch(url ?? "");
    const text = await page.text();
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    for (const words of [
      "CHF 1’197.00 bezahlen",
      "Alpen &#60;Messe&#62; AG kauft bei LeadRadar",
      "Es fliesst kein Geld.",
    ]) {
      expect(text).toContain(words);
    }
    expect(text).not.toMatch(/<script|style=|ß/);
    expect((await fetch(`${stage.server.url}/assets/style.css`)).status).toBe(200);
  });

  it("sends the buyer back only after the webhook answered, and pays a double submit once", async () => {
    const { id } = await stage.order();
    const answers = await Promise.all([stage.choose(id, "pay"), stage.choose(id, "pay")]);
    for (const answer of answers) {
      expect(answer.status).toBe(303);
      expect(answer.headers.get("location")).toBe(`http://127.0.0.1:9/ok?session_id=${id}`);
    }
    expect(stage.count("checkout.session.completed")).toBe(1);
    expect((await stage.stripe.charges.list()).data).toHaveLength(1);
    expect(await (await fetch(`${stage.server.url}/c/pay/${id}`)).text()).toContain("Bereits bezahlt.");
  });

  it("cancels, declines and shows an expired page", async () => {
    const { id } = await stage.order();
    expect((await stage.choose(id, "cancel")).headers.get("location")).toBe("http://127.0.0.1:9/no");
    expect((await stage.choose(id, "decline")).headers.get("location")).toBe(`/c/pay/${id}`);
    const page = `${stage.server.url}/c/pay/${id}`;
    expect(await (await fetch(page)).text()).toContain("Karte abgelehnt. Versuchen Sie es nochmals.");
    await stage.server.control.expire(id);
    expect(await (await fetch(page)).text()).toContain("Diese Zahlungsseite ist abgelaufen.");
    expect((await stage.choose(id, "pay")).headers.get("location")).toBe(`/c/pay/${id}`);
    expect((await fetch(`${stage.server.url}/c/pay/cs_absent`)).status).toBe(404);
  });
});

describe("controls", () => {
  it.each([
    ["500", { statusCode: 500 }],
    ["refuse", { type: "StripeConnectionError" }],
    ["hang", { type: "StripeConnectionError" }],
  ] as const)("takes the API down: %s", async (apiDown, error) => {
    stage.server.control.setFaults({ apiDown, apiDownPath: "/v1/customers" });
    await expect(stage.stripe.customers.list({}, { timeout: 50 })).rejects.toMatchObject(error);
    expect((await stage.stripe.prices.list()).data).toHaveLength(1);
    stage.server.control.setFaults({ apiDown: "off" });
    expect((await stage.stripe.customers.list()).data).toEqual([]);
  });

  it("loses an answer after the effect; the same key finds the object", async () => {
    stage.server.control.setFaults({ apiDown: "lost" });
    const create = () => stage.stripe.customers.create({ name: "Jura" }, { idempotencyKey: "k1" });
    await expect(create()).rejects.toMatchObject({ type: "StripeConnectionError" });
    stage.server.control.setFaults({ apiDown: "off" });
    const { id } = await create();
    expect((await stage.stripe.customers.list()).data.map((customer) => customer.id)).toEqual([id]);
  });

  it("knows which calls were made", async () => {
    await stage.stripe.customers.create({ name: "Jura", metadata: { tenantId: "t2" } }, { idempotencyKey: "k2" });
    expect(stage.server.control.requests()).toMatchObject([
      {
        method: "POST",
        path: "/v1/customers",
        idempotencyKey: "k2",
        status: 200,
        params: { metadata: { tenantId: "t2" } },
      },
    ]);
  });

  it("changes a price and says so, and sells nothing inactive", async () => {
    await stage.server.control.updatePrice(PRICE.id, { active: false, unitAmount: 1 });
    await stage.server.control.idle();
    expect(stage.receiver.events[0]).toMatchObject({
      type: "price.updated",
      data: { object: { unit_amount: 1 }, previous_attributes: { active: true, unit_amount: 119_700 } },
    });
    await expect(stage.order()).rejects.toMatchObject({ message: expect.stringContaining("inactive") });
  });

  it("can be steered over HTTP, by JSON and by the forms of its page", async () => {
    const { id } = await stage.order();
    const steer = (name: string, body: unknown) =>
      fetch(`${stage.server.url}/_control/${name}`, { method: "POST", body: JSON.stringify(body) });
    expect(await (await steer("pay", { sessionId: id })).json()).toMatchObject({ result: { payment_status: "paid" } });
    expect((await steer("pay", { sessionId: id })).status).toBe(409);
    expect((await steer("pay", { sessionId: "cs_absent" })).status).toBe(404);
    expect((await steer("nonsense", {})).status).toBe(404);
    expect((await steer("idle", {})).status).toBe(200);
    const body = new URLSearchParams(
      "drop=off&drop=on&secondEventId=off&duplicate=2&delayMs=0&apiDown=off&apiDownPath=",
    );
    const form = await fetch(`${stage.server.url}/_control/setFaults`, { method: "POST", body, redirect: "manual" });
    expect(form.headers.get("location")).toBe("/_control");
    expect(stage.server.control.faults()).toMatchObject({
      drop: true,
      secondEventId: false,
      duplicate: 2,
      apiDownPath: null,
    });
    expect(await (await fetch(`${stage.server.url}/_control`)).text()).toContain("Steuerung");
  });
});
