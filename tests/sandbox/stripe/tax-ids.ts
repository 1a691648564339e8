import type Stripe from "stripe";
import { retrieveCustomer } from "./customers";
import { invalidParameter, missing } from "./errors";
import { page } from "./listing";
import type { Local } from "./local";
import type { Params } from "./params";
import { newId } from "./state";

/** The types that a shop in this part of the world meets, and the country and shape that Stripe documents for each. */
const TYPES: Record<string, { country: string | null; shape: RegExp }> = {
  ch_uid: { country: "CH", shape: /^CHE-\d{3}\.\d{3}\.\d{3}( HR)?$/ },
  ch_vat: { country: "CH", shape: /^CHE-\d{3}\.\d{3}\.\d{3} (MWST|TVA|IVA)$/ },
  eu_oss_vat: { country: null, shape: /^EU\d{9}$/ },
  eu_vat: { country: null, shape: /^(ATU\d{8}|DE\d{9}|FR[0-9A-Z]{2}\d{9}|IT\d{11})$/ },
  gb_vat: { country: "GB", shape: /^GB(\d{9}|\d{12}|GD\d{3}|HA\d{3})$/ },
  li_uid: { country: "LI", shape: /^CHE\d{9}$/ },
  li_vat: { country: "LI", shape: /^\d{5}$/ },
  us_ein: { country: "US", shape: /^\d{2}-\d{7}$/ },
};
/** What Stripe asks an office about; the other numbers it takes as they are. */
const VERIFIED = ["eu_vat", "gb_vat"];

/** `POST /v1/customers/:id/tax_ids`. Throws ApiError 404, and 400 `tax_id_invalid` for a number of another shape. */
export function createTaxId(local: Local, customerId: string, params: Params): Stripe.TaxId {
  const customer = retrieveCustomer(local, customerId);
  const type = params.requiredText("type");
  const value = params.requiredText("value");
  params.finish();
  const known = TYPES[type];
  if (known === undefined)
    throw invalidParameter("type", `Invalid type: must be one of ${Object.keys(TYPES).join(", ")}`);
  if (!known.shape.test(value)) throw invalidParameter("value", `Invalid value for ${type}.`, "tax_id_invalid");
  const isVerified = VERIFIED.includes(type);
  const taxId = {
    id: newId("txi"),
    object: "tax_id",
    country: known.country ?? value.slice(0, 2),
    created: local.seconds(),
    customer: customer.id,
    customer_account: null,
    livemode: local.livemode,
    owner: { type: "customer", customer: customer.id, customer_account: null },
    type,
    value,
    verification: {
      status: isVerified ? "pending" : "unavailable",
      verified_address: null,
      verified_name: null,
    },
  } satisfies Stripe.TaxId;
  local.state.taxIds.set(taxId.id, taxId);
  return taxId;
}

/** `GET /v1/customers/:id/tax_ids`, newest first. Throws ApiError 404. */
export function listTaxIds(local: Local, customerId: string, params: Params): Stripe.ApiList<Stripe.TaxId> {
  retrieveCustomer(local, customerId);
  return page(params, {
    url: `/v1/customers/${customerId}/tax_ids`,
    noun: "tax ID",
    items: taxIdsOf(local, customerId),
  });
}

/** `DELETE /v1/customers/:id/tax_ids/:taxId`. Throws ApiError 404, also for another customer's. */
export function deleteTaxId(local: Local, customerId: string, id: string): Stripe.DeletedTaxId {
  retrieveCustomer(local, customerId);
  if (!taxIdsOf(local, customerId).some((taxId) => taxId.id === id)) throw missing("tax ID", id);
  local.state.taxIds.delete(id);
  return { id, object: "tax_id", deleted: true } satisfies Stripe.DeletedTaxId;
}

/** The tax ids of a customer, oldest first. */
export function taxIdsOf(local: Local, customerId: string | null): Stripe.TaxId[] {
  return [...local.state.taxIds.values()].filter((taxId) => taxId.customer === customerId);
}
