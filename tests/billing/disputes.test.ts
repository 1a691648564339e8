import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CreditType } from "~/billing/credit-types";
import { expireLots } from "~/billing/credits.server";
import { DomainError } from "~/errors";
import { book } from "../support/ledger";
import {
  again,
  type Bought,
  type Buyer,
  brokenBooks,
  buy,
  lotsOf,
  newBuyer,
  newPack,
  openShop,
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

type Steps = Pick<
  Shop["stripe"]["control"],
  | "dispute"
  | "escalateDispute"
  | "closeInquiry"
  | "winDispute"
  | "loseDispute"
  | "setDisputeStatus"
  | "refund"
  | "failRefund"
>;

/** Something happens to a payment at Stripe, and all news about it are told. */
async function happens<T>(act: (control: Steps) => Promise<T>): Promise<T> {
  const result = await act(shop.stripe.control);
  const outcomes = await tell(shop, shop.news());
  expect(outcomes.filter((it) => it === "retry" || it === "set aside")).toEqual([]);
  return result;
}

const open = (bought: Bought, options?: { amount?: number; inquiry?: boolean }): Promise<Stripe.Dispute> =>
  happens((stripe) => stripe.dispute(bought.sessionId, options));
const win = (dispute: Stripe.Dispute) => happens((stripe) => stripe.winDispute(dispute.id));
const lose = (dispute: Stripe.Dispute) => happens((stripe) => stripe.loseDispute(dispute.id));

/** Why a credit cannot be spent; "spent" if it can. */
async function spending(buyer: Buyer, type: CreditType = "LICENSE_30D"): Promise<string> {
  return spend(shop, buyer, type, 1).then(
    () => "spent",
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  );
}

describe("a dispute of a paid order", () => {
  test("opened: what is left is held; won: released, PAID as before", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await spend(shop, bought, "LICENSE_30D", 1);
    const dispute = await open(bought);
    expect(await standing(shop, bought)).toMatchObject({ status: "DISPUTED", lots: ["LICENSE_30D 2/2"] });
    await win(dispute);
    expect(await standing(shop, bought)).toEqual({
      status: "PAID",
      refunded: 0,
      review: null,
      rows: ["STRIPE_PURCHASE LICENSE_30D 3"],
      lots: ["LICENSE_30D 2/0"],
    });
    expect(await spending(bought)).toBe("spent");
  });

  test("lost: clawed back and DISPUTED for good; the row names the dispute, what was spent is short", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await spend(shop, bought, "LICENSE_30D", 1);
    const dispute = await open(bought);
    await lose(dispute);
    const state = await standing(shop, bought);
    expect(state).toMatchObject({ status: "DISPUTED", lots: ["LICENSE_30D 0/0"] });
    expect(state.rows.slice(1)).toEqual(["STRIPE_DISPUTE_LOST LICENSE_30D -2"]);
    expect(state.review).toMatch(/\b1\b.*LICENSE_30D/);
    const [row] = await shop.db.owner`
      select ref_id from tenant_credit_ledger where order_id = ${bought.orderId} and reason = 'STRIPE_DISPUTE_LOST'`;
    expect(row?.ref_id).toBe(dispute.id);
  });

  test("every type of a mixed pack is held, released and taken", async () => {
    const pack = await newPack(shop, { cents: 10_000, license30d: 5, license365d: 2, slots: 3 });
    const bought = await buy(shop, await newBuyer(shop), pack);
    const first = await open(bought);
    expect((await standing(shop, bought)).lots).toEqual(["DEVICE_SLOT 3/3", "LICENSE_30D 5/5", "LICENSE_365D 2/2"]);
    await win(first);
    expect((await standing(shop, bought)).lots).toEqual(["DEVICE_SLOT 3/0", "LICENSE_30D 5/0", "LICENSE_365D 2/0"]);
    await lose(await open(bought));
    expect((await standing(shop, bought)).lots).toEqual(["DEVICE_SLOT 0/0", "LICENSE_30D 0/0", "LICENSE_365D 0/0"]);
  });

  test("a lost dispute about a part of the money takes the whole grant, and only the grant", async () => {
    const buyer = await newBuyer(shop);
    const at = seconds();
    const bought = await buy(shop, buyer, THREE, at);
    await buy(shop, buyer, THREE, at);
    const dispute = await open(bought, { amount: 1_000 });
    expect(await lotsOf(shop, buyer.tenantId)).toEqual(["LICENSE_30D 6/3"]);
    await lose(dispute);
    expect(await lotsOf(shop, buyer.tenantId)).toEqual(["LICENSE_30D 3/0"]);
  });

  test("all its news again, under the same ids and under others, backwards: nothing more", async () => {
    const buyer = await newBuyer(shop);
    const at = seconds();
    const bought = await buy(shop, buyer, THREE, at);
    await shop.stripe.control.loseDispute((await shop.stripe.control.dispute(bought.sessionId)).id);
    const news = shop.news();
    await tell(shop, news);
    const before = await standing(shop, bought);
    await buy(shop, buyer, THREE, at);
    await tell(shop, [...news, ...news.map(again).reverse()]);
    expect(await standing(shop, bought)).toEqual({ ...before, lots: ["LICENSE_30D 3/0"] });
  });
});

describe("inquiries and words of later API versions", () => {
  test("an inquiry changes nothing, opened and closed", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    const before = await standing(shop, bought);
    const inquiry = await open(bought, { inquiry: true });
    expect(await standing(shop, bought)).toEqual(before);
    for (const status of ["warning_under_review", "warning_of_a_later_version"]) {
      await happens((stripe) => stripe.setDisputeStatus(inquiry.id, status));
      expect(await standing(shop, bought)).toEqual(before);
    }
    await happens((stripe) => stripe.closeInquiry(inquiry.id));
    expect(await standing(shop, bought)).toEqual(before);
    expect(before).toMatchObject({ status: "PAID", lots: ["LICENSE_30D 3/0"] });
  });

  test("an inquiry that becomes a dispute holds from then on", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    const inquiry = await open(bought, { inquiry: true });
    expect(await spending(bought)).toBe("spent");
    await happens((stripe) => stripe.escalateDispute(inquiry.id));
    expect(await standing(shop, bought)).toMatchObject({ status: "DISPUTED", lots: ["LICENSE_30D 2/2"] });
    await win(inquiry);
    expect(await standing(shop, bought)).toMatchObject({ status: "PAID", lots: ["LICENSE_30D 2/0"] });
  });

  test.each(["under_review", "arbitration_pending", "prevented", "Something New!"])(
    "status %j keeps the hold and can still be won",
    async (status) => {
      const bought = await buy(shop, await newBuyer(shop), THREE);
      const dispute = await open(bought);
      await happens((stripe) => stripe.setDisputeStatus(dispute.id, status));
      expect(await standing(shop, bought)).toMatchObject({ status: "DISPUTED", lots: ["LICENSE_30D 3/3"] });
      await happens((stripe) => stripe.setDisputeStatus(dispute.id, "won"));
      expect(await standing(shop, bought)).toMatchObject({ status: "PAID", lots: ["LICENSE_30D 3/0"] });
    },
  );
});

describe("refunds and disputes of one charge", () => {
  test("refunded in part, then lost: the rest goes, the sum is the grant", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await happens((stripe) => stripe.refund(bought.sessionId, { amount: 3_900 }));
    const dispute = await open(bought);
    expect(await standing(shop, bought)).toMatchObject({ status: "DISPUTED", lots: ["LICENSE_30D 2/2"] });
    await lose(dispute);
    expect(await standing(shop, bought)).toMatchObject({
      status: "DISPUTED",
      refunded: 3_900,
      review: null,
      rows: ["STRIPE_PURCHASE LICENSE_30D 3", "STRIPE_REFUND LICENSE_30D -1", "STRIPE_DISPUTE_LOST LICENSE_30D -2"],
      lots: ["LICENSE_30D 0/0"],
    });
  });

  test("refunded in part, then won: back to PARTIALLY_REFUNDED", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await happens((stripe) => stripe.refund(bought.sessionId, { amount: 7_800 }));
    await win(await open(bought));
    const state = await standing(shop, bought);
    expect(state).toMatchObject({ status: "PARTIALLY_REFUNDED", refunded: 7_800, lots: ["LICENSE_30D 1/0"] });
  });

  test("refunded in full, then disputed and lost: nothing is left to hold or to take", async () => {
    const buyer = await newBuyer(shop);
    const at = seconds();
    const bought = await buy(shop, buyer, THREE, at);
    await buy(shop, buyer, THREE, at);
    await happens((stripe) => stripe.refund(bought.sessionId));
    const dispute = await open(bought);
    expect(await standing(shop, bought)).toMatchObject({ status: "DISPUTED", lots: ["LICENSE_30D 3/0"] });
    await lose(dispute);
    const state = await standing(shop, bought);
    expect(state).toMatchObject({ status: "DISPUTED", refunded: 11_700, review: null, lots: ["LICENSE_30D 3/0"] });
    expect(state.rows.slice(1)).toEqual(["STRIPE_REFUND LICENSE_30D -3"]);
  });

  test.each([
    ["won", "PAID", 3],
    ["lost", "DISPUTED", 0],
  ] as const)("a refund that fails while disputed goes into the hold; then %s", async (end, status, left) => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    const { id } = await happens((stripe) => stripe.refund(bought.sessionId, { amount: 3_900 }));
    const dispute = await open(bought);
    await happens((stripe) => stripe.failRefund(id));
    expect(await standing(shop, bought)).toMatchObject({ status: "DISPUTED", refunded: 0, lots: ["LICENSE_30D 3/3"] });
    await (end === "won" ? win(dispute) : lose(dispute));
    expect(await standing(shop, bought)).toMatchObject({ status, review: null, lots: [`LICENSE_30D ${left}/0`] });
  });

  test("a waiting refund fails as the dispute opens: its credits are held, too", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await happens((stripe) => stripe.refund(bought.sessionId, { amount: 7_800, pending: true }));
    expect((await standing(shop, bought)).lots).toEqual(["LICENSE_30D 1/0"]);
    await open(bought);
    expect(await standing(shop, bought)).toMatchObject({ status: "DISPUTED", refunded: 0, lots: ["LICENSE_30D 3/3"] });
  });

  test("two orders of one day, one disputed: the other's refund takes its own and leaves the hold", async () => {
    const buyer = await newBuyer(shop);
    const at = seconds();
    const disputed = await buy(shop, buyer, THREE, at);
    const other = await buy(shop, buyer, THREE, at);
    await open(disputed);
    await happens((stripe) => stripe.refund(other.sessionId));
    expect(await standing(shop, other)).toMatchObject({ status: "REFUNDED", review: null, lots: ["LICENSE_30D 3/3"] });
  });
});

describe("spending beside holds", () => {
  test("NO_CREDITS without any, and with all spent; CREDITS_ON_HOLD while held; another type is not concerned", async () => {
    const buyer = await newBuyer(shop);
    expect(await spending(buyer)).toBe("NO_CREDITS");
    const pack = await newPack(shop, { cents: 1_000, license30d: 1, slots: 1 });
    const dispute = await open(await buy(shop, buyer, pack));
    expect(await spending(buyer)).toBe("CREDITS_ON_HOLD");
    expect(await spending(buyer, "LICENSE_365D")).toBe("NO_CREDITS");
    await win(dispute);
    expect([await spending(buyer), await spending(buyer)]).toEqual(["spent", "NO_CREDITS"]);
  });

  test("CREDITS_EXPIRED for lapsed ones, before and after they are booked; other usable ones are spent instead", async () => {
    const buyer = await newBuyer(shop);
    await buy(shop, buyer, await newPack(shop, { cents: 1_000, license30d: 2, days: 1 }), seconds() - 10 * DAY);
    expect(await spending(buyer)).toBe("CREDITS_EXPIRED");
    await expireLots(shop.db.app);
    expect(await spending(buyer)).toBe("CREDITS_EXPIRED");
    await buy(shop, buyer, "lr_sku_30d_1");
    expect([await spending(buyer), await spending(buyer)]).toEqual(["spent", "NO_CREDITS"]);
  });

  test("held ones go before lapsed ones, and the soonest free lot is spent past a held one", async () => {
    const buyer = await newBuyer(shop);
    await buy(shop, buyer, await newPack(shop, { cents: 1_000, license30d: 2, days: 1 }), seconds() - 10 * DAY);
    await open(await buy(shop, buyer, "lr_sku_30d_1"));
    expect(await spending(buyer)).toBe("CREDITS_ON_HOLD");
    await book(shop.db.owner, { tenant: buyer.tenantId, expires: "2190-01-01T00:00:00Z" });
    expect([await spending(buyer), await spending(buyer)]).toEqual(["spent", "CREDITS_ON_HOLD"]);
  });

  test("held credits that lapse are booked only after their release", async () => {
    const pack = await newPack(shop, { cents: 1_000, license30d: 2, days: 1 });
    const bought = await buy(shop, await newBuyer(shop), pack, seconds() - 10 * DAY);
    const dispute = await open(bought);
    await expireLots(shop.db.app);
    expect(await standing(shop, bought)).toMatchObject({ status: "DISPUTED", lots: ["LICENSE_30D 2/2"] });
    await win(dispute);
    await expireLots(shop.db.app);
    expect(await standing(shop, bought)).toMatchObject({ status: "PAID", lots: ["LICENSE_30D 0/0"] });
    expect(await spending(bought)).toBe("CREDITS_EXPIRED");
  });
});

test("after all of it the books are sound", async () => {
  expect(await brokenBooks(shop)).toEqual([]);
});
