import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readAccounting } from "~/billing/accounting.server";
import { CUSTOMER, companiesOf, TAX_ID } from "../support/company";
import { openShop, type Shop } from "../support/shop";

let shop: Shop;
let companies: ReturnType<typeof companiesOf>;

beforeAll(async () => {
  shop = await openShop();
  companies = companiesOf(shop);
});
afterEach(() => shop.stripe.control.setFaults({ apiDown: "off", apiDownPath: null }));
afterAll(() => shop?.close());

function calls(after: number): string[] {
  const requests = shop.stripe.control.requests().slice(after);
  return requests.filter((it) => it.method !== "GET").map((it) => it.path.replaceAll(/(cus|txi)_\w+/g, "$1"));
}

describe("saving", () => {
  test("keeps every field, who saved, and another tenant's as it was", async () => {
    const [mine, other] = [await companies.newBuyer(), await companies.newBuyer()];
    await companies.save(other, { legalName: "Andere GmbH" });
    const before = await companies.row(other);
    await companies.save(mine);
    expect(await companies.row(mine)).toMatchObject({
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
    expect(await companies.row(other)).toEqual(before);
  });

  test("without a customer calls nobody, and owes Stripe the news without saying that Stripe is away", async () => {
    const buyer = await companies.newBuyer();
    const before = shop.stripe.control.requests().length;
    expect(await companies.save(buyer)).toBe("saved");
    expect(shop.stripe.control.requests()).toHaveLength(before);
    expect(await companies.row(buyer)).toMatchObject({ stripe_due: true });
    expect(await readAccounting(shop.db.app, buyer.tenantId)).toMatchObject({
      stripeWaits: false,
      savedBy: buyer.userId,
    });
  });

  test("nothing yet: what the tenant itself says", async () => {
    const { tenantId } = await companies.newBuyer();
    await shop.db.owner`update tenant set country = 'AT' where id = ${tenantId}`;
    const state = await readAccounting(shop.db.app, tenantId);
    expect(state).toMatchObject({ savedBy: null, stripeWaits: false, version: "" });
    expect(state.values).toMatchObject({ legalName: "Säntis Bühnen AG", country: "AT", street: "", vatNumber: "" });
  });
});

describe("Stripe's customer", () => {
  test("says what was saved, with its tax id, and then nothing is due", async () => {
    const buyer = await companies.newRegular();
    expect(await companies.save(buyer)).toBe("saved");
    const customer = await companies.atStripe(buyer);
    expect(customer).toMatchObject(CUSTOMER);
    expect(customer.metadata).toEqual({
      app: "leadradar-billing",
      tenantId: buyer.tenantId,
      vatNumber: "CHE-123.456.788 MWST",
    });
    expect(customer.taxIds).toEqual([TAX_ID]);
    expect(await companies.row(buyer)).toMatchObject({ stripe_due: false });
    // the purchase after it finds nothing to do
    const before = shop.stripe.control.requests().length;
    await companies.order(buyer);
    expect(calls(before)).toEqual(["/v1/checkout/sessions"]);
  });

  test("keeps its tax id where it is the same, changes it where it differs, and loses it where it is gone", async () => {
    const buyer = await companies.newRegular();
    await companies.save(buyer);
    const before = shop.stripe.control.requests().length;
    await companies.save(buyer, { street: "Messeplatz 2" });
    expect(calls(before)).toEqual(["/v1/customers/cus"]);

    await companies.save(buyer, { country: "DE", postalCode: "78462", vatNumber: "DE123456789" });
    expect((await companies.atStripe(buyer)).taxIds).toEqual([{ type: "eu_vat", value: "DE123456789" }]);

    await companies.save(buyer, { vatNumber: null, contactEmail: null, contactPhone: null });
    const customer = await companies.atStripe(buyer);
    expect(customer).toMatchObject({ taxIds: [], email: null, phone: null });
    expect(customer.metadata).not.toHaveProperty("vatNumber");
  });

  test("keeps one tax id of two that are the same, and those of a kind that we never write", async () => {
    const buyer = await companies.newRegular();
    const { id } = await companies.atStripe(buyer);
    const foreign = { type: "eu_oss_vat", value: "EU123456789" };
    for (const taxId of [TAX_ID, foreign, TAX_ID]) await shop.client.customers.createTaxId(id, taxId);
    await companies.save(buyer);
    const { taxIds } = await companies.atStripe(buyer);
    expect(taxIds).toHaveLength(2);
    expect(taxIds).toEqual(expect.arrayContaining([foreign, TAX_ID]));
  });

  test("takes the rest when it does not take the number, which is said once and stops nobody from buying", async () => {
    const buyer = await companies.newRegular();
    await companies.save(buyer);
    expect(await companies.save(buyer, { legalName: "Neu AG", vatNumber: "kaputt" })).toBe("number refused");
    expect(await companies.atStripe(buyer)).toMatchObject({
      name: "Neu AG",
      taxIds: [],
      metadata: { vatNumber: "kaputt" },
    });
    expect(await companies.row(buyer)).toMatchObject({ stripe_due: false });
    await companies.order(buyer);

    const fresh = await companies.newBuyer();
    await companies.save(fresh, { vatNumber: "kaputt" });
    await companies.order(fresh);
    expect(await companies.atStripe(fresh)).toMatchObject({ ...CUSTOMER, taxIds: [] });
  });
});

describe("a purchase", () => {
  test("makes the first customer with what was saved, before the session is there", async () => {
    const buyer = await companies.newBuyer();
    await companies.save(buyer);
    const before = shop.stripe.control.requests().length;
    await companies.order(buyer);
    expect(calls(before)).toEqual([
      "/v1/customers",
      "/v1/customers/cus",
      "/v1/customers/cus/tax_ids",
      "/v1/checkout/sessions",
    ]);
    expect(await companies.atStripe(buyer)).toMatchObject({ ...CUSTOMER, taxIds: [TAX_ID] });
    expect(await companies.row(buyer)).toMatchObject({ stripe_due: false });
  });

  test("creates the customer with the same parameters after a save in between, so that the key still fits", async () => {
    const buyer = await companies.newBuyer();
    // Stripe has made the customer, but its answer was lost.
    shop.stripe.control.setFaults({ apiDown: "lost", apiDownPath: "/v1/customers" });
    await expect(companies.order(buyer)).rejects.toMatchObject({ code: "STRIPE_UNAVAILABLE" });
    shop.stripe.control.setFaults({ apiDown: "off", apiDownPath: null });
    await companies.save(buyer);
    await companies.order(buyer);
    expect(await companies.atStripe(buyer)).toMatchObject({ ...CUSTOMER, taxIds: [TAX_ID] });
  });

  test.each(["500", "refuse", "404"] as const)(
    "waits for what is due: API %s is STRIPE_UNAVAILABLE",
    async (apiDown) => {
      const buyer = await companies.newRegular();
      shop.stripe.control.setFaults({ apiDown, apiDownPath: "/v1/customers/" });
      expect(await companies.save(buyer)).toBe("saved");
      expect(await companies.row(buyer)).toMatchObject({ legal_name: "Säntis Bühnen AG", stripe_due: true });
      expect((await readAccounting(shop.db.app, buyer.tenantId)).stripeWaits).toBe(true);

      await expect(companies.order(buyer)).rejects.toMatchObject({ code: "STRIPE_UNAVAILABLE" });
      const [last] = await shop.db.owner`
      select status from billing_order where tenant_id = ${buyer.tenantId} order by created_at desc limit 1`;
      expect(last?.status).toBe("FAILED");

      shop.stripe.control.setFaults({ apiDown: "off", apiDownPath: null });
      await companies.order(buyer);
      expect(await companies.atStripe(buyer)).toMatchObject({ ...CUSTOMER, taxIds: [TAX_ID] });
      expect(await companies.row(buyer)).toMatchObject({ stripe_due: false });
    },
  );
});

test("a Stripe that hangs: saved within 7 s, and due", async () => {
  const buyer = await companies.newRegular();
  shop.stripe.control.setFaults({ apiDown: "hang" });
  const before = performance.now();
  expect(await companies.save(buyer)).toBe("saved");
  expect(performance.now() - before).toBeLessThan(7_000);
  expect(await companies.row(buyer)).toMatchObject({ legal_name: "Säntis Bühnen AG", stripe_due: true });
});
