import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusal, TARGETS } from "./stripe/target";

/** Customers and their tax ids as the shop uses them. The same assertions run against real Stripe test mode. */
describe.each(TARGETS)("$name", ({ open }) => {
  let stripe: Stripe;
  let close: () => Promise<void>;
  let customer: Stripe.Customer;

  beforeAll(async () => {
    ({ stripe, close } = await open());
    customer = await stripe.customers.create({ name: "Alpen Messe AG", metadata: { tenantId: "t1" } });
  });
  afterAll(() => close());

  const address = { line1: "Messeplatz 1", postal_code: "9000", city: "St. Gallen", country: "CH" };

  it("keeps name, address, e-mail, phone and language of a customer", async () => {
    const changed = await stripe.customers.update(customer.id, {
      name: "Alpen Messe und Event AG",
      address,
      email: "rechnung@alpen.example",
      phone: "+41 71 123 45 67",
      preferred_locales: ["de"],
      metadata: { vatNumber: "CHE-123.456.788 MWST" },
    });
    const kept = {
      name: "Alpen Messe und Event AG",
      address: { ...address, line2: null, state: null },
      email: "rechnung@alpen.example",
      phone: "+41 71 123 45 67",
      preferred_locales: ["de"],
      metadata: { tenantId: "t1", vatNumber: "CHE-123.456.788 MWST" },
    };
    expect(changed).toMatchObject(kept);
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject(kept);
  });

  it("clears what comes empty and leaves what does not come", async () => {
    await stripe.customers.update(customer.id, {
      name: "Alpen Messe AG",
      email: "a@alpen.example",
      phone: "071",
      address,
    });
    const cleared = await stripe.customers.update(customer.id, { email: "", phone: "", metadata: { vatNumber: "" } });
    expect(cleared).toMatchObject({
      name: "Alpen Messe AG",
      email: null,
      phone: null,
      address: { city: "St. Gallen" },
    });
    expect(cleared.metadata).toEqual({ tenantId: "t1" });
  });

  it("refuses an e-mail that is none, and an unknown field of an address", async () => {
    const wrong = { statusCode: 400, type: "StripeInvalidRequestError", code: "email_invalid" };
    expect(await refusal(stripe.customers.update(customer.id, { email: "niemand" }))).toMatchObject(wrong);
    const call = stripe.rawRequest("POST", `/v1/customers/${customer.id}`, { address: { ...address, nonsense: "1" } });
    expect(await refusal(call)).toMatchObject({ statusCode: 400, code: "parameter_unknown" });
  });

  it.each([
    ["ch_vat", "CHE-123.456.788 MWST", "CH"],
    ["li_uid", "CHE123456788", "LI"],
    ["li_vat", "53011", "LI"],
    ["eu_vat", "DE123456789", "DE"],
    ["eu_vat", "ATU12345678", "AT"],
    ["gb_vat", "GB980780684", "GB"],
    ["us_ein", "12-3456789", "US"],
  ])("takes a tax id of type %s, lists it and deletes it", async (type, value, country) => {
    const made = await stripe.customers.createTaxId(customer.id, { type, value });
    expect(made).toMatchObject({ object: "tax_id", customer: customer.id, type, value, country });
    expect(made.id).toMatch(/^txi_/);
    const listed = await stripe.customers.listTaxIds(customer.id);
    expect(listed.data.map((it) => it.id)).toEqual([made.id]);
    expect(await stripe.customers.deleteTaxId(customer.id, made.id)).toEqual(
      expect.objectContaining({ id: made.id, object: "tax_id", deleted: true }),
    );
    expect((await stripe.customers.listTaxIds(customer.id)).data).toEqual([]);
  });

  it.each([
    ["eu_vat", "DE123"],
    ["ch_vat", "CHE-12"],
    ["us_ein", "123456789012"],
  ])("refuses the %s %s as no such number, and keeps nothing of it", async (type, value) => {
    const error = await refusal(stripe.customers.createTaxId(customer.id, { type, value }));
    expect(error).toMatchObject({ statusCode: 400, code: "tax_id_invalid", type: "StripeInvalidRequestError" });
    expect((await stripe.customers.listTaxIds(customer.id)).data).toEqual([]);
  });

  it("knows no tax id of another customer, none that is gone, and none of a customer that is not there", async () => {
    const other = await stripe.customers.create({ name: "Jura Events GmbH" });
    const { id } = await stripe.customers.createTaxId(other.id, { type: "li_vat", value: "53011" });
    for (const call of [
      () => stripe.customers.deleteTaxId(customer.id, id),
      () => stripe.customers.deleteTaxId(other.id, "txi_absent"),
      () => stripe.customers.listTaxIds("cus_absent"),
      () => stripe.customers.createTaxId("cus_absent", { type: "li_vat", value: "53011" }),
    ]) {
      expect(await refusal(call())).toMatchObject({ statusCode: 404, code: "resource_missing" });
    }
  });
});
