import type Stripe from "stripe";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openStage, type Stage } from "./stripe/stage";
import { refusal, type Shop, TARGETS } from "./stripe/target";

/** What is also true of real Stripe; it runs there when a key is given. */
describe.each(TARGETS)("disputes of $name", ({ open }) => {
  let shop: Shop;
  let stripe: Stripe;

  beforeAll(async () => {
    shop = await open();
    stripe = shop.stripe;
  });
  afterAll(() => shop.close());

  it("withdraws the money, refuses refunds and is lost when closed", async () => {
    const dispute = await shop.dispute("chargeback");
    expect(dispute).toMatchObject({
      object: "dispute",
      amount: 10_000,
      currency: "chf",
      status: "needs_response",
      is_charge_refundable: false,
      balance_transactions: [{ amount: -10_000, reporting_category: "dispute" }],
    });
    expect(dispute.id).toMatch(/^du_/);
    const charge = String(dispute.charge);
    expect(await stripe.charges.retrieve(charge)).toMatchObject({
      disputed: true,
      amount_refunded: 0,
      refunded: false,
    });
    const error = await refusal(stripe.refunds.create({ charge }));
    expect(error).toMatchObject({ statusCode: 400, code: "charge_disputed" });
    expect(error.message).toBe(`Charge ${charge} has been charged back; cannot issue a refund.`);
    expect(await stripe.disputes.close(dispute.id)).toMatchObject({ id: dispute.id, status: "lost" });
    expect((await refusal(stripe.disputes.close(dispute.id))).statusCode).toBe(400);
    expect(await refusal(stripe.refunds.create({ charge }))).toMatchObject({ code: "charge_disputed" });
  });

  it("only asks in an inquiry, beside which a refund is possible", async () => {
    const inquiry = await shop.dispute("inquiry");
    expect(inquiry).toMatchObject({
      status: "warning_needs_response",
      is_charge_refundable: true,
      balance_transactions: [],
    });
    const charge = String(inquiry.charge);
    expect(await stripe.refunds.create({ charge, amount: 100 })).toMatchObject({ status: "succeeded" });
    const found = await stripe.disputes.list({ charge });
    expect(found.data.map((dispute) => dispute.id)).toEqual([inquiry.id]);
    const expand = ["charge", "payment_intent"];
    expect(await stripe.disputes.retrieve(inquiry.id, { expand })).toMatchObject({
      charge: { id: charge, disputed: true },
      payment_intent: { id: inquiry.payment_intent, status: "succeeded" },
    });
  });

  it("lists by payment intent and time, and refuses unknown parameters", async () => {
    const { id, payment_intent } = await shop.dispute("chargeback");
    const found = await stripe.disputes.list({ payment_intent: String(payment_intent), limit: 1 });
    expect(found).toMatchObject({ object: "list", has_more: false, data: [{ id }] });
    const later = { gte: Math.floor(Date.now() / 1000) + 60 };
    expect((await stripe.disputes.list({ created: later })).data).toEqual([]);
    const unknown = { statusCode: 400, code: "parameter_unknown" };
    expect(await refusal(stripe.rawRequest("GET", "/v1/disputes?nonsense=1"))).toMatchObject(unknown);
  });
});

describe("disputes of the local Stripe", () => {
  let stage: Stage;
  let sessionId: string;

  beforeEach(async () => {
    stage = await openStage();
    sessionId = (await stage.order()).id;
    await stage.server.control.pay(sessionId);
  });
  afterEach(() => stage.close());

  /** Events since the payment, in the order in which they were made. */
  const since = (): Stripe.Event[] => {
    const events = stage.server.control.events();
    return events.slice(events.findIndex((event) => event.type === "checkout.session.completed") + 1);
  };
  const types = (): string[] => since().map((event) => event.type);

  it("wins: closed, then the money is back and the charge can be refunded", async () => {
    const { id } = await stage.server.control.dispute(sessionId);
    const won = await stage.server.control.winDispute(id);
    expect(won).toMatchObject({ status: "won", is_charge_refundable: true });
    expect(won.balance_transactions.map((move) => move.amount)).toEqual([-119_700, 119_700]);
    expect(types()).toEqual([
      "charge.dispute.created",
      "charge.dispute.funds_withdrawn",
      "charge.dispute.closed",
      "charge.dispute.funds_reinstated",
    ]);
    expect(since()[2]?.data).toMatchObject({
      object: { id, status: "won", amount: 119_700 },
      previous_attributes: { status: "needs_response" },
    });
    expect((await stage.stripe.charges.list()).data[0]?.disputed).toBe(true);
    await expect(stage.server.control.loseDispute(id)).rejects.toThrow("not an open chargeback");
    expect((await stage.server.control.refund(sessionId)).amount).toBe(119_700);
    await stage.server.control.idle();
    expect(stage.count("charge.dispute.funds_reinstated")).toBe(1);
  });

  it("loses a part: the money stays away, and the payment cannot be disputed again", async () => {
    const { id } = await stage.server.control.dispute(sessionId, { amount: 20_000 });
    await expect(stage.server.control.dispute(sessionId)).rejects.toThrow("disputed already");
    const lost = await stage.server.control.loseDispute(id);
    expect(lost).toMatchObject({ status: "lost", amount: 20_000, is_charge_refundable: false });
    expect(types()).toEqual(["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"]);
    await expect(stage.server.control.dispute(sessionId)).rejects.toThrow("disputed already");
    await expect(stage.server.control.refund(sessionId)).rejects.toThrow("charged back");
  });

  it("asks first: an inquiry moves no money until it is escalated under the same id", async () => {
    const { id } = await stage.server.control.dispute(sessionId, { inquiry: true });
    expect(types()).toEqual(["charge.dispute.created"]);
    await expect(stage.server.control.winDispute(id)).rejects.toThrow("not an open chargeback");
    await expect(stage.stripe.disputes.close(id)).rejects.toThrow("inquiry");
    const escalated = await stage.server.control.escalateDispute(id);
    expect(escalated).toMatchObject({
      id,
      status: "needs_response",
      payment_method_details: { card: { case_type: "chargeback" } },
    });
    expect(types().slice(1)).toEqual(["charge.dispute.updated", "charge.dispute.funds_withdrawn"]);
    expect(since()[1]?.data.previous_attributes).toEqual({ status: "warning_needs_response" });
    await expect(stage.server.control.escalateDispute(id)).rejects.toThrow("not an open inquiry");
  });

  it("closes an inquiry without a chargeback; another dispute may follow", async () => {
    const { id } = await stage.server.control.dispute(sessionId, { inquiry: true });
    expect((await stage.server.control.closeInquiry(id)).status).toBe("warning_closed");
    expect(types()).toEqual(["charge.dispute.created", "charge.dispute.closed"]);
    await expect(stage.server.control.closeInquiry(id)).rejects.toThrow("not an open inquiry");
    expect((await stage.server.control.dispute(sessionId)).status).toBe("needs_response");
  });

  it("fails refunds that wait when the chargeback comes, and leaves those that are done", async () => {
    const done = await stage.server.control.refund(sessionId, { amount: 1_000 });
    const waiting = await stage.server.control.refund(sessionId, { amount: 2_000, pending: true });
    await stage.server.control.dispute(sessionId);
    expect(types().slice(-4)).toEqual([
      "charge.dispute.funds_withdrawn",
      "charge.refund.updated",
      "refund.updated",
      "refund.failed",
    ]);
    expect(await stage.stripe.refunds.retrieve(waiting.id)).toMatchObject({
      status: "failed",
      failure_reason: "charge_for_pending_refund_disputed",
    });
    expect((await stage.stripe.refunds.retrieve(done.id)).status).toBe("succeeded");
    expect((await stage.stripe.charges.list()).data[0]?.amount_refunded).toBe(1_000);
  });

  it("takes any status, also one that nobody knows yet, and can still be decided", async () => {
    const { id } = await stage.server.control.dispute(sessionId);
    const strange = await stage.server.control.setDisputeStatus(id, "arbitration_pending");
    expect(strange).toMatchObject({ status: "arbitration_pending", is_charge_refundable: false });
    expect(since().at(-1)).toMatchObject({
      type: "charge.dispute.updated",
      data: { previous_attributes: { status: "needs_response" } },
    });
    expect((await stage.server.control.winDispute(id)).status).toBe("won");
  });

  it("is refused for what was not paid, and for more than was paid", async () => {
    const { id } = await stage.order();
    await expect(stage.server.control.dispute(id)).rejects.toThrow("not paid");
    await expect(stage.server.control.dispute(sessionId, { amount: 119_701 })).rejects.toThrow("1 to 119700");
    await expect(stage.server.control.winDispute("du_absent")).rejects.toThrow("No such dispute");
  });

  it("is steered over HTTP and by the forms of the page", async () => {
    const { url } = stage.server;
    const press = (name: string, fields: Record<string, string>) =>
      fetch(`${url}/_control/${name}`, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
    const page = async () => (await fetch(`${url}/_control`)).text();
    expect(await page()).toContain("Dispute eröffnen");
    expect((await press("dispute", { sessionId, inquiry: "on" })).headers.get("location")).toBe("/_control");
    const [inquiry] = (await stage.stripe.disputes.list()).data;
    const disputeId = inquiry?.id ?? "";
    expect(await page()).toContain("Rückfrage offen");
    expect((await press("escalateDispute", { disputeId })).status).toBe(303);
    const open = await page();
    for (const words of ["Gewonnen", "Verloren", "CHF 1’197.00</span>: offen"]) expect(open).toContain(words);
    expect(open).not.toContain("Rückerstatten");
    expect((await press("loseDispute", { disputeId })).status).toBe(303);
    expect(await page()).toContain("verloren");
    expect((await press("winDispute", { disputeId })).status).toBe(409);
    const body = JSON.stringify({ disputeId, status: "new_word" });
    const answer = await fetch(`${url}/_control/setDisputeStatus`, { method: "POST", body });
    expect(await answer.json()).toMatchObject({ result: { id: disputeId, status: "new_word" } });
  });
});
