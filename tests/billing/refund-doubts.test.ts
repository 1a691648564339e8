import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { listRefunds, refundableCents, requestRefund, resendRefund } from "~/operations/refunds.server";
import { noFaults } from "../sandbox/stripe/faults";
import { type Bought, buy, newBuyer, openShop, type Shop, standing, tell } from "../support/shop";

// What may go wrong between the click and Stripe's answer, and what the next click then does.

let later = 0;
let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ now: () => Date.now() + later });
});
afterAll(() => shop?.close());
afterEach(() => {
  shop.stripe.control.setFaults(noFaults());
});

const TEN = "lr_sku_30d_10"; // 10 licences of 30 days for 290.00
const DAY = 86_400_000;
const operator = { userId: "lr_user_operator", traceId: "trace-of-a-test" };

const bought = async () => buy(shop, await newBuyer(shop), TEN);
const ask = (it: Bought, amountCents: number, requestKey: string = randomUUID()) =>
  requestRefund(shop.db.app, shop.client, operator, {
    orderId: it.orderId,
    amountCents,
    reason: "Kulanz",
    requestKey,
  });
const resend = (it: Bought, id: string) => resendRefund(shop.db.app, shop.client, operator, it.orderId, id);
const refundsAtStripe = async (it: Bought) => {
  const [row] = await shop.db.owner<{ intent: string }[]>`
    select stripe_payment_intent_id as intent from billing_order where id = ${it.orderId}`;
  const list = await shop.client.refunds.list({ payment_intent: row?.intent ?? "" });
  return list.data.map(({ amount }) => amount);
};

test("a lost answer is an open request, not an error: the click has been written down", async () => {
  const it = await bought();
  shop.stripe.control.setFaults({ apiDown: "lost", apiDownPath: "/v1/refunds" });
  expect(await ask(it, 10_000)).toMatchObject({ status: "OPEN", stripeRefundId: null });
  shop.stripe.control.setFaults(noFaults());
  expect(await refundsAtStripe(it)).toEqual([10_000]);
});

test("sent again after Stripe has forgotten the key, a refund that was made is found and not paid twice", async () => {
  const it = await bought();
  shop.stripe.control.setFaults({ apiDown: "lost", apiDownPath: "/v1/refunds" });
  const { id } = await ask(it, 10_000);
  shop.stripe.control.setFaults(noFaults());
  later = 2 * DAY;
  try {
    expect(await resend(it, id)).toMatchObject({ status: "SENT", stripeRefundId: expect.stringMatching(/^re_/) });
  } finally {
    later = 0;
  }
  expect(await refundsAtStripe(it)).toEqual([10_000]);
  expect(await standing(shop, it)).toMatchObject({ status: "PARTIALLY_REFUNDED", refunded: 10_000 });
});

test("a server that died before it asked leaves a request that is sent from the page", async () => {
  const it = await bought();
  const [left] = await shop.db.owner<{ id: string }[]>`
    insert into refund_request (order_id, tenant_id, amount_cents, reason, requested_by, request_key)
    values (${it.orderId}, ${it.tenantId}, 29000, 'Kulanz', ${operator.userId}, ${randomUUID()}) returning id`;
  expect(await refundableCents(shop.db.app, it.orderId)).toBe(0);
  expect(await resend(it, left?.id ?? "")).toMatchObject({ status: "SENT" });
  expect(await standing(shop, it)).toMatchObject({ status: "REFUNDED", lots: ["LICENSE_30D 0/0"] });
  expect(await refundsAtStripe(it)).toEqual([29_000]);
});

test.each(["500", "404", "refuse"] as const)(
  "Stripe down (%s): open, and paid once when it is back",
  async (apiDown) => {
    const it = await bought();
    shop.stripe.control.setFaults({ apiDown });
    const { id, status } = await ask(it, 5_000);
    expect(status).toBe("OPEN");
    // Still down: open as before, nothing thrown away.
    expect(await resend(it, id)).toMatchObject({ id, status: "OPEN" });
    shop.stripe.control.setFaults(noFaults());
    expect(await resend(it, id)).toMatchObject({ id, status: "SENT" });
    expect(await refundsAtStripe(it)).toEqual([5_000]);
  },
);

test("Stripe silent: answered long before its client would give up by itself, open", async () => {
  const it = await bought();
  shop.stripe.control.setFaults({ apiDown: "hang", apiDownPath: "/v1/refunds" });
  const began = performance.now();
  expect(await ask(it, 5_000)).toMatchObject({ status: "OPEN" });
  expect(performance.now() - began).toBeLessThan(30_000);
});

test("what follows the refund may fail, the refund has been made all the same", async () => {
  const it = await bought();
  // The reading of the payment fails for good: a currency that is not the order's.
  const answered = shop.client.charges.list.bind(shop.client.charges);
  const client = Object.create(shop.client) as typeof shop.client;
  Object.defineProperty(client, "charges", {
    value: {
      ...shop.client.charges,
      retrieve: async (...args: Parameters<typeof shop.client.charges.retrieve>) => ({
        ...(await shop.client.charges.retrieve(...args)),
        currency: "eur",
      }),
      list: answered,
    },
  });
  const request = await requestRefund(shop.db.app, client, operator, {
    orderId: it.orderId,
    amountCents: 2_900,
    reason: "Kulanz",
    requestKey: randomUUID(),
  });
  expect(request).toMatchObject({ status: "SENT", trouble: expect.any(Error) });
  await tell(shop, shop.news());
  expect(await standing(shop, it)).toMatchObject({ refunded: 2_900, lots: ["LICENSE_30D 9/0"] });
});

test("a refusal is an answer: its words are plain, it frees the amount, and the same click says it again", async () => {
  const it = await bought();
  await shop.stripe.control.dispute(it.sessionId);
  const key = randomUUID();
  const refused = await ask(it, 29_000, key);
  expect(refused).toMatchObject({ status: "REFUSED", stripeRefundId: null });
  expect(refused.failure).toMatch(/^charge_disputed: /);
  expect(await ask(it, 29_000, key)).toMatchObject({ id: refused.id, status: "REFUSED" });
  expect(await refundableCents(shop.db.app, it.orderId)).toBe(29_000);
  expect(await listRefunds(shop.db.app, it.orderId)).toHaveLength(1);
});

test("one click is one amount of one order: with another it is refused, and nothing is paid", async () => {
  const [one, two] = [await bought(), await bought()];
  const key = randomUUID();
  await ask(one, 1_000, key);
  await expect(ask(one, 2_000, key)).rejects.toMatchObject({ code: "INVALID_STATE" });
  await expect(ask(two, 1_000, key)).rejects.toMatchObject({ code: "INVALID_STATE" });
  expect(await refundsAtStripe(one)).toEqual([1_000]);
  expect(await refundsAtStripe(two)).toEqual([]);
});

test("ten people at once never ask for more than was paid, in whatever pieces", async () => {
  const it = await bought();
  const answers = await Promise.allSettled(Array.from({ length: 10 }, () => ask(it, 7_000)));
  const sent = answers.filter((answer) => answer.status === "fulfilled" && answer.value.status === "SENT");
  expect(sent).toHaveLength(4);
  expect((await refundsAtStripe(it)).reduce((sum, cents) => sum + cents, 0)).toBe(28_000);
  const [row] = await shop.db.owner<{ asked: number }[]>`
    select sum(amount_cents)::int as asked from refund_request where order_id = ${it.orderId} and status <> 'REFUSED'`;
  expect(row?.asked).toBe(28_000);
});
