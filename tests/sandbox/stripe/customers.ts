import type Stripe from "stripe";
import { invalidParameter, missing } from "./errors";
import { page } from "./listing";
import type { Local } from "./local";
import { mergeMetadata, type Params, withinTime } from "./params";
import { newId } from "./state";

/** `POST /v1/customers`: a customer with name, address for mail, postal address, phone, description and metadata. */
export function createCustomer(local: Local, params: Params): Stripe.Customer {
  const fields = readFields(params);
  params.finish();
  const customer = {
    id: newId("cus"),
    object: "customer",
    address: fields.address ?? null,
    balance: 0,
    created: local.seconds(),
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: fields.description ?? null,
    discount: null,
    email: fields.email ?? null,
    invoice_prefix: null,
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: local.livemode,
    metadata: mergeMetadata({}, fields.metadata),
    name: fields.name ?? null,
    phone: fields.phone ?? null,
    preferred_locales: fields.preferredLocales,
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  } satisfies Stripe.Customer;
  local.state.customers.set(customer.id, customer);
  return customer;
}

/** `POST /v1/customers/:id`; an empty value clears a field. Throws ApiError 404. */
export function updateCustomer(local: Local, id: string, params: Params): Stripe.Customer {
  const old = retrieveCustomer(local, id);
  const fields = readFields(params);
  params.finish();
  const { name, email, phone, description, address } = fields;
  const customer = {
    ...old,
    address: address === undefined ? (old.address ?? null) : address,
    name: name === undefined ? (old.name ?? null) : name,
    email: email === undefined ? old.email : email,
    phone: phone === undefined ? (old.phone ?? null) : phone,
    description: description === undefined ? old.description : description,
    metadata: mergeMetadata(old.metadata, fields.metadata),
    preferred_locales: params.has("preferred_locales") ? fields.preferredLocales : (old.preferred_locales ?? []),
  } satisfies Stripe.Customer;
  local.state.customers.set(id, customer);
  return customer;
}

/** `GET /v1/customers/:id`. Throws ApiError 404 (400 when the id came in `param`). */
export function retrieveCustomer(local: Local, id: string, param = "id"): Stripe.Customer {
  const customer = local.state.customers.get(id);
  if (customer === undefined) throw missing("customer", id, param);
  return customer;
}

/** `GET /v1/customers`, newest first, by e-mail and time. */
export function listCustomers(local: Local, params: Params): Stripe.ApiList<Stripe.Customer> {
  const email = params.text("email");
  const created = params.time("created");
  return page(params, {
    url: "/v1/customers",
    noun: "customer",
    items: local.state.customers.values(),
    matches: (customer) => (email === undefined || customer.email === email) && withinTime(customer.created, created),
  });
}

function readFields(params: Params) {
  return {
    name: params.clearable("name", 256),
    email: readEmail(params),
    phone: params.clearable("phone", 20),
    description: params.clearable("description"),
    address: readAddress(params),
    metadata: params.metadata(),
    preferredLocales: params.strings("preferred_locales"),
  };
}

function readEmail(params: Params): string | null | undefined {
  const email = params.clearable("email", 512);
  if (email != null && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) {
    throw invalidParameter("email", `Invalid email address: ${email}`, "email_invalid");
  }
  return email;
}

/** The whole address is replaced; what is left out of it is empty. */
function readAddress(params: Params): Stripe.Address | null | undefined {
  const address = params.object("address");
  if (address === undefined) return undefined;
  const country = address.text("country", 2) ?? null;
  return {
    city: address.text("city") ?? null,
    country,
    line1: address.text("line1") ?? null,
    line2: address.text("line2") ?? null,
    postal_code: address.text("postal_code") ?? null,
    state: address.text("state") ?? null,
  };
}
