import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expireLots } from "~/billing/credits.server";
import { storedEvent, storedEvents } from "~/billing/event-inbox.server";
import { processEvent } from "~/billing/stripe-events.server";
import { createStripeClient } from "~/stripe/gateway.server";
import { startEdge } from "../support/edge";
import { gate } from "../support/gate";
import { book } from "../support/ledger";
import { TEST_SECRET_KEY } from "../support/server";
import {
  again,
  type Bought,
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
const seconds = () => Math.floor(Date.now() / 1000);

/** Two orders of one tenant, paid at the same second: one lot. */
async function twoOfOneDay(skuId = THREE, at = seconds()): Promise<[Bought, Bought]> {
  const buyer = await newBuyer(shop);
  return [await buy(shop, buyer, skuId, at), await buy(shop, buyer, skuId, at)];
}

/** Refunds at Stripe; nobody is told yet. @returns the events about it */
async function refunded(bought: Bought, amount?: number) {
  shop.news();
  await shop.stripe.control.refund(bought.sessionId, { amount });
  return shop.news();
}

describe("two orders of one day share a lot", () => {
  test("each gives back its own share", async () => {
    const [one, other] = await twoOfOneDay();
    await tell(shop, await refunded(one, 3_900));
    expect(await lotsOf(shop, one.tenantId)).toEqual(["LICENSE_30D 5/0"]);
    await tell(shop, await refunded(other));
    expect(await standing(shop, other)).toMatchObject({ status: "REFUNDED", lots: ["LICENSE_30D 2/0"] });
    await tell(shop, await refunded(one));
    expect(await lotsOf(shop, one.tenantId)).toEqual(["LICENSE_30D 0/0"]);
    expect(await brokenBooks(shop)).toEqual([]);
  });

  test("four of six spent, both refunded: what is short is four in all", async () => {
    const [one, other] = await twoOfOneDay();
    await spend(shop, one, "LICENSE_30D", 4);
    await tell(shop, await refunded(one));
    await tell(shop, await refunded(other));
    expect(await lotsOf(shop, one.tenantId)).toEqual(["LICENSE_30D 0/0"]);
    expect((await shortOf(one)) + (await shortOf(other))).toBe(4);
  });

  // CONTRACT.md section 6: "credits already spent … are recorded as a shortfall in review_reason (lapsed ones are no shortfall)"
  test("three of six spent, three lapsed, both refunded: what is short is three in all", async () => {
    const pack = await newPack(shop, { cents: 1_000, license30d: 3, days: 1 });
    const [one, other] = await twoOfOneDay(pack, seconds() - 10 * 86_400);
    const [lot] = await shop.db.owner<{ at: string }[]>`
      select expires_at::text as at from tenant_credit_balance where tenant_id = ${one.tenantId}`;
    for (let i = 0; i < 3; i++) {
      await book(shop.db.owner, { tenant: one.tenantId, delta: -1, reason: "CREDIT_CONSUME", expires: lot?.at });
    }
    await expireLots(shop.db.app);
    await tell(shop, await refunded(one));
    await tell(shop, await refunded(other));
    expect(await lotsOf(shop, one.tenantId)).toEqual(["LICENSE_30D 0/0"]);
    expect((await shortOf(one)) + (await shortOf(other))).toBe(3);
  });

  test("a duplicate after a later purchase into the lot takes none of that purchase's credits", async () => {
    const buyer = await newBuyer(shop);
    const at = seconds();
    const first = await buy(shop, buyer, THREE, at);
    await spend(shop, buyer, "LICENSE_30D", 2);
    const news = await refunded(first);
    await tell(shop, news);
    expect(await shortOf(first)).toBe(2);
    await buy(shop, buyer, THREE, at);
    await tell(shop, news);
    await tell(shop, news.map(again));
    expect(await standing(shop, first)).toMatchObject({ status: "REFUNDED", lots: ["LICENSE_30D 3/0"] });
    expect(await shortOf(first)).toBe(2);
  });
});

/** The shortfall of 30-day licences that an order's review_reason names. */
async function shortOf(bought: Bought): Promise<number> {
  const { review } = await standing(shop, bought);
  return Number(/(\d+) × LICENSE_30D/.exec(review ?? "")?.[1] ?? 0);
}

describe("duplicates and order", () => {
  test.each([
    ["as they came", (n: number) => n],
    ["backwards", (n: number) => -n],
    ["charges first", (n: number) => (n % 2 ? n - 10 : n)],
  ])("two refunds, all events twice under two ids, %s", async (_name, rank) => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    const news = [...(await refunded(bought, 5_000)), ...(await refunded(bought))];
    const sorted = news.map((event, n) => ({ event, n: rank(n) })).sort((a, b) => a.n - b.n);
    for (const { event } of sorted) await tell(shop, [event, event, again(event)]);
    const state = await standing(shop, bought);
    expect(state).toMatchObject({ status: "REFUNDED", refunded: 11_700, review: null, lots: ["LICENSE_30D 0/0"] });
  });

  test("news of a failed refund before the news of the refund", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    const before = await refunded(bought);
    const made = before.find((it) => it.type === "refund.created");
    await shop.stripe.control.failRefund(made?.type === "refund.created" ? made.data.object.id : "");
    await tell(shop, [...shop.news(), ...before]);
    expect(await standing(shop, bought)).toMatchObject({ status: "PAID", refunded: 0, lots: ["LICENSE_30D 3/0"] });
  });

  test("twenty deliveries of two refunds at once take exactly the grant", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    const news = [...(await refunded(bought, 3_900)), ...(await refunded(bought, 3_900)), ...(await refunded(bought))];
    await Promise.all(Array.from({ length: 24 }, (_, i) => tell(shop, news.slice(i % 6, (i % 6) + 1).map(again))));
    expect(await standing(shop, bought)).toMatchObject({ status: "REFUNDED", lots: ["LICENSE_30D 0/0"] });
  });

  test("an answer of Stripe that was overtaken by a newer one is not booked", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    const edge = await startEdge(shop.stripe.url);
    const kept = gate();
    const asked = gate();
    let first = true;
    edge.change = async (path, reply) => {
      if (!path.startsWith("/v1/refunds") || !first) return reply;
      first = false;
      asked.open();
      await kept.passed;
      return reply;
    };
    try {
      const [slow] = await refunded(bought, 3_900);
      if (!slow) throw new Error("no event");
      const late = tell({ db: shop.db, client: createStripeClient(TEST_SECRET_KEY, edge.url) }, [slow]);
      await asked.passed;
      await tell(shop, await refunded(bought));
      expect(await standing(shop, bought)).toMatchObject({ status: "REFUNDED", refunded: 11_700 });
      kept.open();
      expect(await late).toEqual(["processed"]);
      const state = await standing(shop, bought);
      expect(state).toMatchObject({ status: "REFUNDED", refunded: 11_700, lots: ["LICENSE_30D 0/0"] });
    } finally {
      kept.open();
      await edge.close();
    }
  });
});

describe("what was settled stays settled", () => {
  test("completed again after a full refund grants nothing", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await tell(shop, await refunded(bought));
    const completed = shop.stripe.control.events().filter((it) => {
      return it.type === "checkout.session.completed" && it.data.object.id === bought.sessionId;
    });
    expect(completed).toHaveLength(1);
    const before = await standing(shop, bought);
    await tell(shop, [...completed, ...completed.map(again)]);
    expect(await standing(shop, bought)).toEqual(before);
  });

  test("a replay of every stored event changes nothing in ledger, lots, orders and events", async () => {
    const bought = await buy(shop, await newBuyer(shop), THREE);
    await tell(shop, await refunded(bought, 3_900));
    const before = await books();
    expect(before.events.length).toBeGreaterThanOrEqual(5);
    for (const { id } of before.events) {
      const event = await storedEvent(shop.db.app, id);
      if (!event) throw new Error(`no event ${id}`);
      const { result } = await processEvent(shop.db.app, shop.client, event, false, "replay");
      expect(result).not.toMatch(/retry|set aside/);
    }
    expect(await books()).toEqual(before);
    expect(await brokenBooks(shop)).toEqual([]);
  });

  // CONTRACT.md section 8: `npm run replay -- --all` processes stored events again; today it never comes to an end.
  test("`replay --all` reads every stored event once, over several pages", async () => {
    const [{ n } = { n: 0 }] = await shop.db.owner<{ n: number }[]>`select count(*)::int as n from stripe_event`;
    const seen: string[] = [];
    for await (const { id } of storedEvents(shop.db.app, 7)) if (seen.push(id) > n) break;
    expect(seen).toHaveLength(n);
    expect(new Set(seen).size).toBe(n);
  });
});

/** Everything that a replay must leave as it is. */
async function books() {
  const { owner } = shop.db;
  return {
    ledger: [...(await owner`select * from tenant_credit_ledger order by id`)],
    lots: [...(await owner`select * from tenant_credit_balance order by id`)],
    orders: [
      ...(await owner`
        select id, status, paid_at, paid_cents, refunded_cents, credits_granted_at, review_reason
        from billing_order order by id`),
    ],
    events: [
      ...(await owner<{ id: string }[]>`
        select id, status, processed_at from stripe_event where status in ('PROCESSED', 'IGNORED') order by id`),
    ],
  };
}
