import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DomainError } from "~/errors";
import { companiesOf, TAX_ID } from "../support/company";
import { gate } from "../support/gate";
import { openShop, type Shop } from "../support/shop";

let shop: Shop;
let companies: ReturnType<typeof companiesOf>;

beforeAll(async () => {
  shop = await openShop();
  companies = companiesOf(shop);
});
afterAll(() => shop?.close());

/** The client, with one method of its customers replaced. */
function withCustomers(change: Partial<Stripe["customers"]>): Stripe {
  const customers = new Proxy(shop.client.customers, {
    get: (target, name) => Reflect.get(name in change ? change : target, name),
  });
  return new Proxy(shop.client, {
    get: (target, name) => (name === "customers" ? customers : Reflect.get(target, name)),
  });
}

test("many purchases at once leave one tax id", async () => {
  const buyer = await companies.newRegular();
  await companies.save(buyer, { vatNumber: null });
  await shop.db.owner`
      update tenant_accounting set vat_number = ${TAX_ID.value}, stripe_due = true where tenant_id = ${buyer.tenantId}`;
  // All have looked before the first has created.
  const all = gate();
  let waiting = 0;
  const createTaxId: Stripe["customers"]["createTaxId"] = async (...args) => {
    waiting += 1;
    if (waiting === 4) all.open();
    await all.passed;
    return shop.client.customers.createTaxId(...args);
  };
  await Promise.all(Array.from({ length: 4 }, () => companies.order(buyer, withCustomers({ createTaxId }))));
  expect((await companies.atStripe(buyer)).taxIds).toEqual([TAX_ID]);
  expect(await companies.row(buyer)).toMatchObject({ stripe_due: false });
});

describe("two who save at once", () => {
  test("leave Stripe with the words of the last, although the first reached it later", async () => {
    const buyer = await companies.newRegular();
    const [onItsWay, released] = [gate(), gate()];
    let held = false;
    const update: Stripe["customers"]["update"] = async (...args) => {
      if (!held) {
        held = true;
        onItsWay.open();
        await released.passed;
      }
      return shop.client.customers.update(...args);
    };
    const first = companies.save(buyer, { legalName: "Erste AG", vatNumber: null }, withCustomers({ update }));
    await onItsWay.passed;
    await companies.save(buyer, { legalName: "Zweite AG" });
    expect(await companies.atStripe(buyer)).toMatchObject({ name: "Zweite AG" });
    released.open();
    await first;
    expect(await companies.atStripe(buyer)).toMatchObject({ name: "Zweite AG", taxIds: [TAX_ID] });
    expect(await companies.row(buyer)).toMatchObject({ legal_name: "Zweite AG", stripe_due: false });
  });

  test("and a Stripe that goes away in between: the news stay due", async () => {
    const buyer = await companies.newRegular();
    const [onItsWay, released] = [gate(), gate()];
    let calls = 0;
    const update: Stripe["customers"]["update"] = async (...args) => {
      calls += 1;
      if (calls > 1) throw Object.assign(new Error("away"), { type: "StripeConnectionError" });
      onItsWay.open();
      await released.passed;
      return shop.client.customers.update(...args);
    };
    const first = companies.save(buyer, { legalName: "Erste AG" }, withCustomers({ update }));
    await onItsWay.passed;
    await companies.save(buyer, { legalName: "Zweite AG" });
    released.open();
    await first;
    expect(await companies.row(buyer)).toMatchObject({ legal_name: "Zweite AG", stripe_due: true });
  });
});

test("what is no fault of Stripe's is not taken for one", async () => {
  const buyer = await companies.newRegular();
  const update: Stripe["customers"]["update"] = async () => {
    throw new TypeError("a bug");
  };
  await expect(companies.save(buyer, {}, withCustomers({ update }))).rejects.not.toBeInstanceOf(DomainError);
  expect(await companies.row(buyer)).toMatchObject({ stripe_due: true });
});
