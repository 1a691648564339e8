import type Stripe from "stripe";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Accounting, readAccounting, saveAccounting } from "~/billing/accounting.server";
import { placeOrder } from "~/billing/checkout.server";
import { DomainError } from "~/errors";
import { newCustomer } from "../browser/steps";
import { gate } from "../support/gate";
import { type Buyer, openShop, type Shop } from "../support/shop";

let shop: Shop;

beforeAll(async () => {
  shop = await openShop();
});
afterEach(() => shop.stripe.control.setFaults({ apiDown: "off", apiDownPath: null, apiDelayMs: 0 }));
afterAll(() => shop?.close());

const COMPANY: Accounting = {
  legalName: "Säntis Bühnen AG",
  street: "Messeplatz 1",
  postalCode: "9000",
  city: "St. Gallen",
  country: "CH",
  vatNumber: "CHE-123.456.788 MWST",
  contactName: "Sina Säntis",
  contactEmail: "rechnung@saentis.example",
  contactPhone: "+41 71 123 45 67",
};
const TAX_ID = { type: "ch_vat", value: "CHE-123.456.788 MWST" };

/** A tenant of its own. */
async function newBuyer(): Promise<Buyer> {
  const { tenantId } = await newCustomer(shop.db.owner);
  const [user] = await shop.db.owner<{ id: string }[]>`select id from app_user where tenant_id = ${tenantId}`;
  return { tenantId, userId: String(user?.id) };
}

const save = (buyer: Buyer, change: Partial<Accounting> = {}, client: Stripe = shop.client) =>
  saveAccounting(shop.db.app, client, buyer, { ...COMPANY, ...change });

function order(buyer: Buyer, client: Stripe = shop.client) {
  const request = { skuId: "lr_sku_30d_1", requestKey: null, whileOpen: false };
  return placeOrder(shop.db.app, client, buyer, request, "https://billing.example.ch");
}

/** A tenant that has bought before and is a customer of Stripe's. */
async function newRegular(): Promise<Buyer> {
  const buyer = await newBuyer();
  await order(buyer);
  return buyer;
}

async function row({ tenantId }: Buyer) {
  const [found] = await shop.db.owner`select * from tenant_accounting where tenant_id = ${tenantId}`;
  return found;
}

/** The tenant's customer and its tax ids, as Stripe has them. */
async function atStripe({ tenantId }: Buyer) {
  const found = await shop.client.customers.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
  const ours = found.filter((it) => it.metadata.tenantId === tenantId);
  expect(ours).toHaveLength(1);
  const customer = ours[0] as Stripe.Customer;
  const taxIds = await shop.client.customers.listTaxIds(customer.id);
  return { ...customer, taxIds: taxIds.data.map(({ type, value }) => ({ type, value })) };
}

const CUSTOMER = {
  name: "Säntis Bühnen AG",
  address: { line1: "Messeplatz 1", postal_code: "9000", city: "St. Gallen", country: "CH" },
  email: "rechnung@saentis.example",
  phone: "+41 71 123 45 67",
  preferred_locales: ["de"],
};

function calls(after: number): string[] {
  const requests = shop.stripe.control.requests().slice(after);
  return requests.filter((it) => it.method !== "GET").map((it) => it.path.replaceAll(/(cus|txi)_\w+/g, "$1"));
}

/** The client, with one method of its customers replaced. */
function withCustomers(change: Partial<Stripe["customers"]>): Stripe {
  const customers = new Proxy(shop.client.customers, {
    get: (target, name) => Reflect.get(name in change ? change : target, name),
  });
  return new Proxy(shop.client, {
    get: (target, name) => (name === "customers" ? customers : Reflect.get(target, name)),
  });
}

describe("saving", () => {
  test("keeps every field, who saved, and another tenant's as it was", async () => {
    const [mine, other] = [await newBuyer(), await newBuyer()];
    await save(other, { legalName: "Andere GmbH" });
    const before = await row(other);
    await save(mine);
    expect(await row(mine)).toMatchObject({
      legal_name: "Säntis Bühnen AG",
      street: "Messeplatz 1",
      postal_code: "9000",
      city: "St. Gallen",
      country: "CH",
      vat_number: "CHE-123.456.788 MWST",
      contact_name: "Sina Säntis",
      contact_email: "rechnung@saentis.example",
      contact_phone: "+41 71 123 45 67",
      updated_by: mine.userId,
    });
    expect(await row(other)).toEqual(before);
  });

  test("without a customer calls nobody, and owes Stripe the news without saying that Stripe is away", async () => {
    const buyer = await newBuyer();
    const before = shop.stripe.control.requests().length;
    expect(await save(buyer)).toBe("saved");
    expect(shop.stripe.control.requests()).toHaveLength(before);
    expect(await row(buyer)).toMatchObject({ stripe_due: true });
    expect(await readAccounting(shop.db.app, buyer.tenantId)).toMatchObject({
      stripeWaits: false,
      savedBy: buyer.userId,
    });
  });

  test("nothing yet: what the tenant itself says", async () => {
    const { tenantId } = await newBuyer();
    await shop.db.owner`update tenant set country = 'AT' where id = ${tenantId}`;
    const state = await readAccounting(shop.db.app, tenantId);
    expect(state).toMatchObject({ savedBy: null, stripeWaits: false, version: "" });
    expect(state.values).toMatchObject({ legalName: "Säntis Bühnen AG", country: "AT", street: "", vatNumber: "" });
  });
});

describe("Stripe's customer", () => {
  test("says what was saved, with its tax id, and then nothing is due", async () => {
    const buyer = await newRegular();
    expect(await save(buyer)).toBe("saved");
    const customer = await atStripe(buyer);
    expect(customer).toMatchObject(CUSTOMER);
    expect(customer.metadata).toEqual({
      app: "leadradar-billing",
      tenantId: buyer.tenantId,
      vatNumber: "CHE-123.456.788 MWST",
    });
    expect(customer.taxIds).toEqual([TAX_ID]);
    expect(await row(buyer)).toMatchObject({ stripe_due: false });
    // the purchase after it finds nothing to do
    const before = shop.stripe.control.requests().length;
    await order(buyer);
    expect(calls(before)).toEqual(["/v1/checkout/sessions"]);
  });

  test("keeps its tax id where it is the same, changes it where it differs, and loses it where it is gone", async () => {
    const buyer = await newRegular();
    await save(buyer);
    const before = shop.stripe.control.requests().length;
    await save(buyer, { street: "Messeplatz 2" });
    expect(calls(before)).toEqual(["/v1/customers/cus"]);

    await save(buyer, { country: "DE", postalCode: "78462", vatNumber: "DE123456789" });
    expect((await atStripe(buyer)).taxIds).toEqual([{ type: "eu_vat", value: "DE123456789" }]);

    await save(buyer, { vatNumber: null, contactEmail: null, contactPhone: null });
    const customer = await atStripe(buyer);
    expect(customer).toMatchObject({ taxIds: [], email: null, phone: null });
    expect(customer.metadata).not.toHaveProperty("vatNumber");
  });

  test("keeps one tax id of two that are the same, and those of a kind that we never write", async () => {
    const buyer = await newRegular();
    const { id } = await atStripe(buyer);
    const foreign = { type: "eu_oss_vat", value: "EU123456789" };
    for (const taxId of [TAX_ID, foreign, TAX_ID]) await shop.client.customers.createTaxId(id, taxId);
    await save(buyer);
    expect((await atStripe(buyer)).taxIds).toEqual([foreign, TAX_ID]);
  });

  test("takes the rest when it does not take the number, which is said once and stops nobody from buying", async () => {
    const buyer = await newRegular();
    await save(buyer);
    expect(await save(buyer, { legalName: "Neu AG", vatNumber: "kaputt" })).toBe("number refused");
    expect(await atStripe(buyer)).toMatchObject({ name: "Neu AG", taxIds: [], metadata: { vatNumber: "kaputt" } });
    expect(await row(buyer)).toMatchObject({ stripe_due: false });
    await order(buyer);

    const fresh = await newBuyer();
    await save(fresh, { vatNumber: "kaputt" });
    await order(fresh);
    expect(await atStripe(fresh)).toMatchObject({ ...CUSTOMER, taxIds: [] });
  });
});

describe("a purchase", () => {
  test("makes the first customer with what was saved, before the session is there", async () => {
    const buyer = await newBuyer();
    await save(buyer);
    const before = shop.stripe.control.requests().length;
    await order(buyer);
    expect(calls(before)).toEqual([
      "/v1/customers",
      "/v1/customers/cus",
      "/v1/customers/cus/tax_ids",
      "/v1/checkout/sessions",
    ]);
    expect(await atStripe(buyer)).toMatchObject({ ...CUSTOMER, taxIds: [TAX_ID] });
    expect(await row(buyer)).toMatchObject({ stripe_due: false });
  });

  test("creates the customer with the same parameters after a save in between, so that the key still fits", async () => {
    const buyer = await newBuyer();
    // Stripe has made the customer, but its answer was lost.
    shop.stripe.control.setFaults({ apiDown: "lost", apiDownPath: "/v1/customers" });
    await expect(order(buyer)).rejects.toMatchObject({ code: "STRIPE_UNAVAILABLE" });
    shop.stripe.control.setFaults({ apiDown: "off", apiDownPath: null });
    await save(buyer);
    await order(buyer);
    expect(await atStripe(buyer)).toMatchObject({ ...CUSTOMER, taxIds: [TAX_ID] });
  });

  test.each(["500", "refuse", "404"] as const)(
    "waits for what is due: API %s is STRIPE_UNAVAILABLE",
    async (apiDown) => {
      const buyer = await newRegular();
      shop.stripe.control.setFaults({ apiDown, apiDownPath: "/v1/customers/" });
      expect(await save(buyer)).toBe("saved");
      expect(await row(buyer)).toMatchObject({ legal_name: "Säntis Bühnen AG", stripe_due: true });
      expect((await readAccounting(shop.db.app, buyer.tenantId)).stripeWaits).toBe(true);

      await expect(order(buyer)).rejects.toMatchObject({ code: "STRIPE_UNAVAILABLE" });
      const [last] = await shop.db.owner`
      select status from billing_order where tenant_id = ${buyer.tenantId} order by created_at desc limit 1`;
      expect(last?.status).toBe("FAILED");

      shop.stripe.control.setFaults({ apiDown: "off", apiDownPath: null });
      await order(buyer);
      expect(await atStripe(buyer)).toMatchObject({ ...CUSTOMER, taxIds: [TAX_ID] });
      expect(await row(buyer)).toMatchObject({ stripe_due: false });
    },
  );

  test("of many at once leaves one tax id", async () => {
    const buyer = await newRegular();
    await save(buyer, { vatNumber: null });
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
    await Promise.all(Array.from({ length: 4 }, () => order(buyer, withCustomers({ createTaxId }))));
    expect((await atStripe(buyer)).taxIds).toEqual([TAX_ID]);
    expect(await row(buyer)).toMatchObject({ stripe_due: false });
  });
});

describe("two who save at once", () => {
  test("leave Stripe with the words of the last, although the first reached it later", async () => {
    const buyer = await newRegular();
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
    const first = save(buyer, { legalName: "Erste AG", vatNumber: null }, withCustomers({ update }));
    await onItsWay.passed;
    await save(buyer, { legalName: "Zweite AG" });
    expect(await atStripe(buyer)).toMatchObject({ name: "Zweite AG" });
    released.open();
    await first;
    expect(await atStripe(buyer)).toMatchObject({ name: "Zweite AG", taxIds: [TAX_ID] });
    expect(await row(buyer)).toMatchObject({ legal_name: "Zweite AG", stripe_due: false });
  });

  test("and a Stripe that goes away in between: the news stay due", async () => {
    const buyer = await newRegular();
    const [onItsWay, released] = [gate(), gate()];
    let calls = 0;
    const update: Stripe["customers"]["update"] = async (...args) => {
      calls += 1;
      if (calls > 1) throw Object.assign(new Error("away"), { type: "StripeConnectionError" });
      onItsWay.open();
      await released.passed;
      return shop.client.customers.update(...args);
    };
    const first = save(buyer, { legalName: "Erste AG" }, withCustomers({ update }));
    await onItsWay.passed;
    await save(buyer, { legalName: "Zweite AG" });
    released.open();
    await first;
    expect(await row(buyer)).toMatchObject({ legal_name: "Zweite AG", stripe_due: true });
  });
});

test("a Stripe that hangs: saved within 7 s, and due", async () => {
  const buyer = await newRegular();
  shop.stripe.control.setFaults({ apiDown: "hang" });
  const before = performance.now();
  expect(await save(buyer)).toBe("saved");
  expect(performance.now() - before).toBeLessThan(7_000);
  expect(await row(buyer)).toMatchObject({ legal_name: "Säntis Bühnen AG", stripe_due: true });
});

test("what is no fault of Stripe's is not taken for one", async () => {
  const buyer = await newRegular();
  const update: Stripe["customers"]["update"] = async () => {
    throw new TypeError("a bug");
  };
  await expect(save(buyer, {}, withCustomers({ update }))).rejects.not.toBeInstanceOf(DomainError);
  expect(await row(buyer)).toMatchObject({ stripe_due: true });
});
