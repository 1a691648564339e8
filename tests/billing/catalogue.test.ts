import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  comparePrices,
  compareSku,
  createSku,
  listPriceFaults,
  listSkus,
  moveSku,
  priceTerms,
  readSku,
  releaseSku,
  retireSku,
  type SkuTerms,
  saveSku,
} from "~/operations/catalogue.server";
import { newBuyer, openShop, order, type Shop, standing, tell } from "../support/shop";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
  const price = (id: string, unitAmount: number, change: object = {}) =>
    shop.stripe.control.createPrice({ id, productName: id, unitAmount, currency: "chf", ...change });
  await price("price_twenty", 54_000);
  await price("price_euro", 54_000, { currency: "eur" });
  await price("price_monthly", 54_000, { recurring: true });
  await price("price_off", 54_000);
  await shop.stripe.control.updatePrice("price_off", { active: false });
});
afterAll(() => shop?.close());
afterEach(() => shop.stripe.control.setFaults({ apiDown: "off" }));

const actor = { userId: "lr_user_operator", traceId: "trace-of-a-test" };
const TERMS: SkuTerms = {
  name: "20 Lizenzen für 30 Tage",
  description: null,
  stripePriceId: "price_twenty",
  grantLicense30d: 20,
  grantLicense365d: 0,
  grantDeviceSlots: 0,
  creditExpiresInDays: 365,
  active: true,
};
const make = (change: Partial<SkuTerms> = {}, key: string = randomUUID()) =>
  createSku(shop.db.app, shop.client, actor, { ...TERMS, ...change }, key);
const audit = async (id: string) => {
  const rows = await shop.db.owner<{ action: string; before: string | null; after: string | null }[]>`
    select action, before, after from audit_entry where subject_type = 'SKU' and subject_id = ${id} order by id`;
  return rows.map((row) => ({
    ...row,
    before: JSON.parse(row.before ?? "null"),
    after: JSON.parse(row.after ?? "null"),
  }));
};
const version = async (id: string) => (await readSku(shop.db.app, id)).updatedAt.getTime();

describe("a package made of Stripe's price", () => {
  test("has Stripe's amount, stands last in the shop, and one click makes one", async () => {
    const key = randomUUID();
    const ids = await Promise.all([make({}, key), make({}, key)]);
    expect(new Set(ids).size).toBe(1);
    const sku = await readSku(shop.db.app, ids[0] ?? "");
    expect(sku).toMatchObject({ amountCents: 54_000, currency: "CHF", active: true, due: false });
    expect((await listSkus(shop.db.app)).filter((it) => it.active).at(-1)?.id).toBe(sku.id);
    expect((await audit(sku.id)).map((it) => it.action)).toEqual(["SKU_CREATED"]);
  });

  test.each([
    ["price_nowhere", "Dieser Stripe-Preis existiert nicht."],
    ["price_euro", "Dieser Stripe-Preis ist nicht in CHF."],
    ["price_monthly", "Dieser Stripe-Preis ist ein Abo-Preis. Nur Einmalzahlung ist möglich."],
    ["price_off", "Dieser Stripe-Preis ist ausgeschaltet."],
  ])("is not made of %s", async (stripePriceId, text) => {
    const before = await listSkus(shop.db.app);
    await expect(make({ stripePriceId })).rejects.toMatchObject({
      code: "INVALID_BODY",
      details: { fields: { preis: text } },
    });
    expect(await listSkus(shop.db.app)).toEqual(before);
  });

  test("is not made while Stripe is away", async () => {
    shop.stripe.control.setFaults({ apiDown: "500" });
    await expect(priceTerms(shop.client, TERMS)).rejects.toMatchObject({ code: "STRIPE_UNAVAILABLE" });
  });
});

describe("a change", () => {
  test("is for future orders: who is at Stripe gets what was offered, also after it was taken from the shop", async () => {
    const id = await make();
    const bought = await order(shop, await newBuyer(shop), id);
    await saveSku(shop.db.app, shop.client, actor, id, await version(id), {
      ...TERMS,
      stripePriceId: "price_lr_30d_1",
      grantLicense30d: 1,
    });
    await retireSku(shop.db.app, actor, id);
    shop.news();
    await shop.stripe.control.pay(bought.sessionId);
    await tell(shop, shop.news());
    expect(await standing(shop, bought)).toMatchObject({ status: "PAID", lots: ["LICENSE_30D 20/0"] });
    await expect(order(shop, await newBuyer(shop), id)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await audit(id)).map((it) => it.action)).toEqual(["SKU_CREATED", "SKU_CHANGED", "SKU_RETIRED"]);
    expect((await audit(id))[1]).toMatchObject({
      before: { amountCents: 54_000, grantLicense30d: 20 },
      after: { amountCents: 3_900, grantLicense30d: 1 },
    });
  });

  test("by two people at once: the second one is told", async () => {
    const id = await make();
    const seen = await version(id);
    const save = (name: string) => saveSku(shop.db.app, shop.client, actor, id, seen, { ...TERMS, name });
    const answers = await Promise.allSettled([save("eins"), save("zwei")]);
    expect(answers.map((it) => it.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(answers.find((it) => it.status === "rejected")).toMatchObject({ reason: { code: "INVALID_STATE" } });
  });

  test("that changes nothing leaves no entry", async () => {
    const id = await make();
    await releaseSku(shop.db.app, shop.client, actor, id);
    expect((await audit(id)).map((it) => it.action)).toEqual(["SKU_CREATED"]);
    await expect(releaseSku(shop.db.app, shop.client, actor, "nowhere")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

test("packages move one place, also where two had the same, and stop at the ends", async () => {
  await shop.db.owner`update billing_sku set sort_order = 7 where active`;
  const shown = async () => (await listSkus(shop.db.app)).filter((it) => it.active).map((it) => it.id);
  const before = await shown();
  const [first = "", second = "", third = ""] = before;
  await moveSku(shop.db.app, actor, second, "up");
  expect(await shown()).toEqual([second, first, ...before.slice(2)]);
  await moveSku(shop.db.app, actor, first, "down");
  expect(await shown()).toEqual([second, third, first, ...before.slice(3)]);
  await moveSku(shop.db.app, actor, second, "up");
  expect((await shown())[0]).toBe(second);
  await Promise.all([moveSku(shop.db.app, actor, first, "up"), moveSku(shop.db.app, actor, third, "down")]);
  expect([...(await shown())].sort()).toEqual([...before].sort());
});

test("what Stripe changes is seen, and named until it fits again", async () => {
  const id = await make({ stripePriceId: "price_twenty" });
  await shop.stripe.control.updatePrice("price_twenty", { active: false });
  await tell(
    shop,
    shop.news().filter((event) => event.type === "price.updated"),
  );
  expect((await readSku(shop.db.app, id)).due).toBe(true);
  expect(await compareSku(shop.db.app, shop.client, actor, id)).toBe("INACTIVE");
  expect(await comparePrices(shop.db.app, shop.client)).toBeGreaterThan(0);
  expect((await listPriceFaults(shop.db.app)).map((it) => it.id)).toContain(id);
  await shop.stripe.control.updatePrice("price_twenty", { active: true });
  expect(await compareSku(shop.db.app, shop.client, actor, id)).toBeNull();
  expect(await readSku(shop.db.app, id)).toMatchObject({ due: false, priceFault: null });
  await shop.db.owner`update billing_sku set amount_cents = 1 where id = ${id}`;
  expect(await compareSku(shop.db.app, shop.client, actor, id)).toBe("AMOUNT");
  expect((await audit(id)).at(-1)).toMatchObject({ action: "SKU_COMPARED", after: { priceFault: "AMOUNT" } });
  await retireSku(shop.db.app, actor, id);
  await expect(releaseSku(shop.db.app, shop.client, actor, id)).rejects.toMatchObject({ code: "INVALID_BODY" });
  expect(await readSku(shop.db.app, id)).toMatchObject({ active: false, priceFault: "AMOUNT" });
});
