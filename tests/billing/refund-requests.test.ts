import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { resolveReview } from "~/operations/orders.server";
import { listRefunds, previewRefund, refundableCents, requestRefund, resendRefund } from "~/operations/refunds.server";
import { type Bought, buy, newBuyer, openShop, order, type Shop, spend, standing, tell } from "../support/shop";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop?.close());
afterEach(() => shop.stripe.control.setFaults({ apiDown: "off" }));

const TEN = "lr_sku_30d_10"; // 10 licences of 30 days for 290.00
const operator = { userId: "lr_user_operator", traceId: "trace-of-a-test" };
const other = { userId: "lr_user_kontrolle", traceId: "trace-of-another" };

const ask = (bought: Bought, amountCents: number, requestKey: string = randomUUID(), actor = operator) =>
  requestRefund(shop.db.app, shop.client, actor, {
    orderId: bought.orderId,
    amountCents,
    reason: "Kulanz",
    requestKey,
  });
const bought = async (spent = 0) => {
  const buyer = await newBuyer(shop);
  const it = await buy(shop, buyer, TEN);
  await spend(shop, buyer, "LICENSE_30D", spent);
  return it;
};
const refundsAtStripe = async (it: Bought) => {
  const [row] = await shop.db.owner<{ intent: string }[]>`
    select stripe_payment_intent_id as intent from billing_order where id = ${it.orderId}`;
  const list = await shop.client.refunds.list({ payment_intent: row?.intent ?? "" });
  return list.data.map(({ amount }) => amount);
};
const audit = async (it: Bought) => {
  const rows = await shop.db.owner<{ line: string }[]>`
    select concat_ws(' ', action, actor_user_id, reason) as line from audit_entry where subject_id = ${it.orderId} order by id`;
  return rows.map(({ line }) => line);
};

describe("a refund asked for here", () => {
  test("pays half back, takes half of the credits, says who wanted it; its event then changes nothing", async () => {
    const it = await bought();
    expect(await previewRefund(shop.db.app, it.orderId, 14_500)).toEqual([
      { type: "LICENSE_30D", granted: 10, back: 5, spent: 0, lapsed: 0, held: 0 },
    ]);
    const request = await ask(it, 14_500);
    expect(request).toMatchObject({ status: "SENT", amountCents: 14_500, requestedBy: operator.userId });
    const after = await standing(shop, it);
    expect(after).toMatchObject({
      status: "PARTIALLY_REFUNDED",
      refunded: 14_500,
      review: null,
      lots: ["LICENSE_30D 5/0"],
    });
    await tell(shop, shop.news());
    expect(await standing(shop, it)).toEqual(after);
    expect(await audit(it)).toEqual([
      "REFUND_REQUESTED lr_user_operator Kulanz",
      "REFUND_SENT lr_user_operator Kulanz",
    ]);
    expect(await refundableCents(shop.db.app, it.orderId)).toBe(14_500);
  });

  test("takes what is unspent, and its preview told what would be missing", async () => {
    const it = await bought(8);
    expect(await previewRefund(shop.db.app, it.orderId, 29_000)).toEqual([
      { type: "LICENSE_30D", granted: 10, back: 2, spent: 8, lapsed: 0, held: 0 },
    ]);
    await ask(it, 29_000);
    expect(await standing(shop, it)).toMatchObject({
      status: "REFUNDED",
      review: "SHORTFALL: 8 × LICENSE_30D already spent",
      lots: ["LICENSE_30D 0/0"],
    });
  });

  test("twice with one click is one refund", async () => {
    const it = await bought();
    const key = randomUUID();
    const [a, b] = await Promise.all([ask(it, 5_000, key), ask(it, 5_000, key)]);
    expect(a.stripeRefundId).toBe(b.stripeRefundId);
    expect(await refundsAtStripe(it)).toEqual([5_000]);
  });

  test("of more than is left is refused, and two people at once never pay back more than was paid", async () => {
    const it = await bought();
    await expect(ask(it, 29_001)).rejects.toMatchObject({
      code: "INVALID_BODY",
      details: { fields: { betrag: "Höchstens CHF 290.00." } },
    });
    const answers = await Promise.allSettled([operator, other].map((actor) => ask(it, 20_000, randomUUID(), actor)));
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await refundsAtStripe(it)).toEqual([20_000]);
  });

  test("of an order that was never paid is refused", async () => {
    const it = await order(shop, await newBuyer(shop), TEN);
    await expect(ask(it, 100)).rejects.toMatchObject({ code: "INVALID_STATE" });
    await expect(ask({ ...it, orderId: "nowhere" }, 100)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("while the payment is disputed: Stripe says no, and that stays written down", async () => {
    const it = await bought();
    await shop.stripe.control.dispute(it.sessionId);
    await tell(shop, shop.news());
    expect(await ask(it, 100)).toMatchObject({ status: "REFUSED" });
    const [request] = await listRefunds(shop.db.app, it.orderId);
    expect(request).toMatchObject({ status: "REFUSED", stripeRefundId: null });
    expect(request?.failure).toBeTruthy();
    expect((await audit(it)).at(-1)).toBe("REFUND_REFUSED lr_user_operator Kulanz");
    expect(await refundsAtStripe(it)).toEqual([]);
  });

  test("whose answer is lost stays open, counts as on its way, and is sent again without paying twice", async () => {
    const it = await bought();
    shop.stripe.control.setFaults({ apiDown: "lost" });
    expect(await ask(it, 20_000)).toMatchObject({ status: "OPEN", trouble: expect.any(Error) });
    shop.stripe.control.setFaults({ apiDown: "off" });
    expect(await refundableCents(shop.db.app, it.orderId)).toBe(9_000);
    const [open] = await listRefunds(shop.db.app, it.orderId);
    expect(open?.status).toBe("OPEN");
    const sent = await Promise.all(
      [operator, other].map((actor) => resendRefund(shop.db.app, shop.client, actor, it.orderId, open?.id ?? "")),
    );
    expect(new Set(sent.map(({ stripeRefundId }) => stripeRefundId)).size).toBe(1);
    expect(await refundsAtStripe(it)).toEqual([20_000]);
    expect(await standing(shop, it)).toMatchObject({ status: "PARTIALLY_REFUNDED", refunded: 20_000 });
    expect((await audit(it)).filter((line) => line.startsWith("REFUND_SENT"))).toHaveLength(1);
  });

  test("is another order's only by mistake: NOT_FOUND", async () => {
    const [one, two] = [await bought(), await bought()];
    const request = await ask(one, 100);
    await expect(resendRefund(shop.db.app, shop.client, operator, two.orderId, request.id)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});

test("a person's look ends with a note that stays, once, and moves nothing", async () => {
  const it = await bought(10);
  await ask(it, 29_000);
  const before = await standing(shop, it);
  await resolveReview(shop.db.app, other, it.orderId, "Mit dem Konto besprochen");
  expect(await standing(shop, it)).toEqual({ ...before, review: null });
  expect((await audit(it)).at(-1)).toBe("REVIEW_RESOLVED lr_user_kontrolle Mit dem Konto besprochen");
  await expect(resolveReview(shop.db.app, other, it.orderId, "Nochmals")).rejects.toMatchObject({
    code: "INVALID_STATE",
  });
  await expect(resolveReview(shop.db.app, other, "nowhere", "Nochmals")).rejects.toMatchObject({ code: "NOT_FOUND" });
});
