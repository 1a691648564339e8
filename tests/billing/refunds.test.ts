import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expireLots } from "~/billing/credits.server";
import { book } from "../support/ledger";
import {
  type Bought,
  brokenBooks,
  buy,
  newBuyer,
  newPack,
  openShop,
  order,
  type Shop,
  spend,
  standing,
  tell,
} from "../support/shop";

let shop: Shop;

beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop?.close());

const THREE = "lr_sku_30d_3"; // 3 licences of 30 days for 117.00
const DAY = 86_400;
const seconds = () => Math.floor(Date.now() / 1000);

/** Refunds at Stripe, all that is left or `amount`, and tells what Stripe says about it. */
async function refund(bought: Bought, amount?: number, pending = false): Promise<Stripe.Refund> {
  const made = await shop.stripe.control.refund(bought.sessionId, { amount, pending });
  await tell(shop, shop.news());
  return made;
}

async function failRefund(id: string): Promise<void> {
  await shop.stripe.control.failRefund(id);
  await tell(shop, shop.news());
}

const refs = async (bought: Bought) => {
  const rows = await shop.db.owner<{ ref: string }[]>`
    select ref_id as ref from tenant_credit_ledger
    where order_id = ${bought.orderId} and reason like 'STRIPE_REFUND%' order by id`;
  return rows.map((it) => it.ref);
};

describe("how much a refund takes back", () => {
  test.each([
    // 3 × cents ÷ 11'700, rounded down
    [1, 3, "PARTIALLY_REFUNDED"],
    [3_899, 3, "PARTIALLY_REFUNDED"],
    [3_900, 2, "PARTIALLY_REFUNDED"],
    [7_799, 2, "PARTIALLY_REFUNDED"],
    [7_800, 1, "PARTIALLY_REFUNDED"],
    [11_699, 1, "PARTIALLY_REFUNDED"],
    [11_700, 0, "REFUNDED"],
  ])("%d of 11'700 cents leave %d of 3 credits", async (cents, left, status) => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await refund(bought, cents);
    const state = await standing(shop, bought);
    expect(state).toMatchObject({ status, refunded: cents, review: null, lots: [`LICENSE_30D ${left}/0`] });
    expect(state.rows.slice(1)).toEqual(left === 3 ? [] : [`STRIPE_REFUND LICENSE_30D ${left - 3}`]);
  });

  test("two partial refunds that add up to all take exactly the grant, each row names its refund", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    const first = await refund(bought, 5_000); // 1.28
    const second = await refund(bought, 6_700);
    expect(await standing(shop, bought)).toEqual({
      status: "REFUNDED",
      refunded: 11_700,
      review: null,
      rows: ["STRIPE_PURCHASE LICENSE_30D 3", "STRIPE_REFUND LICENSE_30D -1", "STRIPE_REFUND LICENSE_30D -2"],
      lots: ["LICENSE_30D 0/0"],
    });
    expect(await refs(bought)).toEqual([first.id, second.id]);
  });

  test("each type of a mixed pack is rounded down on its own, and the rest goes at the full refund", async () => {
    const pack = await newPack(shop, { cents: 10_000, license30d: 5, license365d: 2, slots: 3 });
    const bought = await buy(shop, await newBuyer(shop), pack);
    const lots = async () => (await standing(shop, bought)).lots;
    await refund(bought, 3_333); // 5 × ⅓ = 1.67, 2 × ⅓ = 0.67, 3 × 0.3333 = 0.9999
    expect(await lots()).toEqual(["DEVICE_SLOT 3/0", "LICENSE_30D 4/0", "LICENSE_365D 2/0"]);
    await refund(bought, 1); // 3 × 0.3334 = 1.0002
    expect(await lots()).toEqual(["DEVICE_SLOT 2/0", "LICENSE_30D 4/0", "LICENSE_365D 2/0"]);
    await refund(bought, 3_333); // 5 × ⅔ = 3.33, 2 × ⅔ = 1.33, 3 × 0.6667 = 2.0001
    expect(await lots()).toEqual(["DEVICE_SLOT 1/0", "LICENSE_30D 2/0", "LICENSE_365D 1/0"]);
    await refund(bought);
    expect(await lots()).toEqual(["DEVICE_SLOT 0/0", "LICENSE_30D 0/0", "LICENSE_365D 0/0"]);
    expect(await standing(shop, bought)).toMatchObject({ status: "REFUNDED", refunded: 10_000, review: null });
  });

  test("the measure is what was paid, not the price: half of a discounted payment is half of the credits", async () => {
    const bought = await discounted(5_000);
    await refund(bought, 2_499);
    expect((await standing(shop, bought)).lots).toEqual(["LICENSE_30D 2/0"]); // 3 × 0.4998 = 1.4994
    await refund(bought, 2_501);
    expect(await standing(shop, bought)).toMatchObject({ status: "REFUNDED", lots: ["LICENSE_30D 0/0"] });
  });

  test("more refunded than paid takes the grant and nothing more, also from a lot that has more", async () => {
    const bought = await discounted(5_000);
    await book(shop.db.owner, { tenant: bought.tenantId, delta: 4, expires: await expiryOf(bought) });
    await refund(bought, 11_700);
    expect(await standing(shop, bought)).toMatchObject({ status: "REFUNDED", lots: ["LICENSE_30D 4/0"] });
  });
});

/** Bought at a discount that Stripe's event explains. */
async function discounted(paid: number): Promise<Bought> {
  const bought = await order(shop, await newBuyer(shop), THREE);
  shop.news();
  await shop.stripe.control.pay(bought.sessionId);
  for (const event of shop.news()) {
    if (event.type !== "checkout.session.completed") continue;
    event.data.object.amount_total = paid;
    event.data.object.total_details = { amount_discount: 11_700 - paid, amount_shipping: 0, amount_tax: 0 };
    expect(await tell(shop, [event])).toEqual(["processed"]);
  }
  return bought;
}

async function expiryOf(bought: Bought): Promise<string> {
  const [row] = await shop.db.owner<{ at: string }[]>`
    select expires_at::text as at from tenant_credit_balance where tenant_id = ${bought.tenantId}`;
  return row?.at ?? "";
}

describe("refunds that wait or fail", () => {
  test("a pending refund counts at once; that it succeeds changes nothing", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    const { id } = await refund(bought, 3_900, true);
    const state = await standing(shop, bought);
    expect(state).toMatchObject({ status: "PARTIALLY_REFUNDED", refunded: 3_900, lots: ["LICENSE_30D 2/0"] });
    await shop.stripe.control.settleRefund(id);
    await tell(shop, shop.news());
    expect(await standing(shop, bought)).toEqual(state);
  });

  test("a failed full refund gives all back and restores PAID", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    const { id } = await refund(bought);
    await failRefund(id);
    expect(await standing(shop, bought)).toEqual({
      status: "PAID",
      refunded: 0,
      review: null,
      rows: ["STRIPE_PURCHASE LICENSE_30D 3", "STRIPE_REFUND LICENSE_30D -3", "STRIPE_REFUND_REVERSAL LICENSE_30D 3"],
      lots: ["LICENSE_30D 3/0"],
    });
    expect(await refs(bought)).toEqual([id, id]);
  });

  test("the second of two partial refunds fails: PARTIALLY_REFUNDED as before it", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await refund(bought, 3_900);
    const before = await standing(shop, bought);
    const { id } = await refund(bought);
    expect(await standing(shop, bought)).toMatchObject({ status: "REFUNDED", lots: ["LICENSE_30D 0/0"] });
    await failRefund(id);
    const after = await standing(shop, bought);
    expect({ ...after, rows: [] }).toEqual({ ...before, rows: [] });
    expect(after.rows.slice(2)).toEqual(["STRIPE_REFUND LICENSE_30D -2", "STRIPE_REFUND_REVERSAL LICENSE_30D 2"]);
  });

  test("spent before: a failed refund gives back no more than was taken, and the shortfall is gone", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await spend(shop, bought, "LICENSE_30D", 2);
    const { id } = await refund(bought);
    expect(await standing(shop, bought)).toMatchObject({ lots: ["LICENSE_30D 0/0"], review: expect.any(String) });
    await failRefund(id);
    expect(await standing(shop, bought)).toMatchObject({ status: "PAID", lots: ["LICENSE_30D 1/0"], review: null });
  });
});

describe("credits that are no longer there", () => {
  test("spent ones are a shortfall, named in review_reason; the balance never goes below zero", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await spend(shop, bought, "LICENSE_30D", 2);
    await refund(bought, 7_800); // 2 to take, 1 there
    const state = await standing(shop, bought);
    expect(state).toMatchObject({ status: "PARTIALLY_REFUNDED", lots: ["LICENSE_30D 0/0"] });
    expect(state.review).toMatch(/\b1\b.*LICENSE_30D/);
    await refund(bought);
    const full = await standing(shop, bought);
    expect(full).toMatchObject({ status: "REFUNDED", lots: ["LICENSE_30D 0/0"] });
    expect(full.review).toMatch(/\b2\b.*LICENSE_30D/);
  });

  test("nothing is taken from another lot", async () => {
    const buyer = await newBuyer(shop);
    const bought = await buy(shop, buyer, THREE);
    await spend(shop, buyer, "LICENSE_30D", 3);
    await buy(shop, buyer, await newPack(shop, { cents: 900, license30d: 7, days: 500 }));
    await refund(bought);
    expect((await standing(shop, bought)).lots).toEqual(["LICENSE_30D 0/0", "LICENSE_30D 7/0"]);
  });

  test("lapsed ones are no shortfall, and only the spent part of a lapsed lot is", async () => {
    const pack = await newPack(shop, { cents: 1_000, license30d: 5, days: 1 });
    const bought = await buy(shop, await newBuyer(shop), pack, seconds() - 10 * DAY);
    const spent = await buy(shop, await newBuyer(shop), pack, seconds() - 10 * DAY);
    const expires = await expiryOf(spent);
    for (let i = 0; i < 2; i++) {
      await book(shop.db.owner, { tenant: spent.tenantId, delta: -1, reason: "CREDIT_CONSUME", expires });
    }
    await expireLots(shop.db.app);
    await refund(bought);
    expect(await standing(shop, bought)).toMatchObject({ status: "REFUNDED", review: null, lots: ["LICENSE_30D 0/0"] });
    await refund(spent);
    expect((await standing(shop, spent)).review).toMatch(/\b2\b.*LICENSE_30D/);
  });

  test("given back after the lot has lapsed, they lapse", async () => {
    const pack = await newPack(shop, { cents: 1_000, license30d: 5, days: 1 });
    const bought = await buy(shop, await newBuyer(shop), pack, seconds() - 10 * DAY);
    const { id } = await refund(bought);
    await failRefund(id);
    await expireLots(shop.db.app);
    expect(await standing(shop, bought)).toMatchObject({ status: "PAID", review: null, lots: ["LICENSE_30D 0/0"] });
  });
});

test("after all of it the books are sound: each lot is its ledger, none below zero, no order gave back more than it got", async () => {
  expect(await brokenBooks(shop)).toEqual([]);
});
