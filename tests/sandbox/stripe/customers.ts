import type Stripe from "stripe";
import { missing } from "./errors";
import { page } from "./listing";
import type { Local } from "./local";
import { mergeMetadata, type Params, withinTime } from "./params";
import { newId } from "./state";

/** `POST /v1/customers`: a customer with name, address for mail, phone, description and metadata. */
export function createCustomer(local: Local, params: Params): Stripe.Customer {
  const fields = readFields(params);
  params.finish();
  const customer = {
    id: newId("cus"),
    object: "customer",
    address: null,
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

/** `POST /v1/customers/:id`. Throws ApiError 404. */
export function updateCustomer(local: Local, id: string, params: Params): Stripe.Customer {
  const old = retrieveCustomer(local, id);
  const fields = readFields(params);
  params.finish();
  const customer = {
    ...old,
    name: fields.name ?? old.name ?? null,
    email: fields.email ?? old.email,
    phone: fields.phone ?? old.phone ?? null,
    description: fields.description ?? old.description,
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
    name: params.text("name", 256),
    email: params.text("email", 512),
    phone: params.text("phone", 20),
    description: params.text("description"),
    metadata: params.metadata(),
    preferredLocales: params.strings("preferred_locales"),
  };
}
