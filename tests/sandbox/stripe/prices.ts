import Stripe from "stripe";
import { invalidParameter, missing } from "./errors";
import { page } from "./listing";
import type { Cause, Local } from "./local";
import { mergeMetadata, type Params, withinTime } from "./params";
import { newId, type StoredPrice } from "./state";

/** A price to put into the catalogue. `unitAmount` in minor units; `recurring` makes it unfit for one payment. */
export interface PriceSeed {
  id?: string;
  productName: string;
  unitAmount: number;
  currency: string;
  active?: boolean;
  recurring?: boolean;
}

/** What may change on a price; the amount is for tests of a catalogue that drifted (Stripe itself forbids it). */
export interface PriceChange {
  active?: boolean;
  productName?: string;
  productActive?: boolean;
  unitAmount?: number;
  currency?: string;
}

/** Puts a price and its product into the catalogue without an event, as a dashboard that was set up long ago. */
export function seedPrice(local: Local, seed: PriceSeed): Stripe.Price {
  const id = seed.id ?? newId("price");
  const product = addProduct(local, { id: `prod_${id.replace(/^price_/, "")}`, name: seed.productName });
  const price = addPrice(local, {
    id,
    product: product.id,
    unitAmount: seed.unitAmount,
    currency: seed.currency,
    active: seed.active ?? true,
    recurring: seed.recurring ?? false,
  });
  return renderPrice(price);
}

/** Changes a price and its product and emits `price.updated` and `product.updated`. Throws ApiError 404. */
export function changePrice(local: Local, id: string, change: PriceChange): Stripe.Price {
  const old = findPrice(local, id);
  const price = {
    ...old,
    active: change.active ?? old.active,
    unit_amount: change.unitAmount ?? old.unit_amount,
    currency: change.currency?.toLowerCase() ?? old.currency,
  };
  local.state.prices.set(id, price);
  const product = findProduct(local, old.product);
  if (change.productName !== undefined || change.productActive !== undefined) {
    replaceProduct(local, product, {
      name: change.productName ?? product.name,
      active: change.productActive ?? product.active,
    });
  }
  const previous = changedFrom(old, price);
  local.emit({ type: "price.updated", data: { object: renderPrice(price), previous_attributes: previous } });
  local.state.save();
  return renderPrice(price);
}

/** `POST /v1/prices`: a one-time price, or a recurring one with `recurring[interval]`. */
export function createPrice(local: Local, params: Params, cause: Cause): Stripe.Price {
  const currency = params.requiredText("currency").toLowerCase();
  const unitAmount = params.integer("unit_amount");
  const productId = params.text("product");
  const productData = params.object("product_data");
  const productName = productData?.requiredText("name");
  const interval = params.object("recurring")?.oneOf("interval", ["day", "week", "month", "year"]);
  const active = params.boolean("active") ?? true;
  const nickname = params.text("nickname") ?? null;
  const metadata = mergeMetadata({}, params.metadata());
  params.finish();
  if (!/^[a-z]{3}$/.test(currency)) throw invalidParameter("currency", `Invalid currency: ${currency}`);
  if (unitAmount === undefined || unitAmount < 0) {
    throw invalidParameter("unit_amount", "Missing required param: unit_amount.", "parameter_missing");
  }
  if (productId === undefined && productName === undefined) {
    throw invalidParameter("product", "Missing required param: product.", "parameter_missing");
  }
  const product =
    productName === undefined
      ? findProduct(local, productId ?? "", "product")
      : addProduct(local, { id: newId("prod"), name: productName });
  if (productName !== undefined) local.emit({ type: "product.created", data: { object: product } }, cause);
  const fields = { id: newId("price"), product: product.id, unitAmount, currency, active, nickname, metadata };
  const price = renderPrice(addPrice(local, { ...fields, recurring: interval !== undefined }));
  local.emit({ type: "price.created", data: { object: price } }, cause);
  return price;
}

/** `POST /v1/prices/:id`: `active`, `nickname` and `metadata`. Throws ApiError 404. */
export function updatePrice(local: Local, id: string, params: Params, cause: Cause): Stripe.Price {
  const old = findPrice(local, id);
  const active = params.boolean("active") ?? old.active;
  const nickname = params.text("nickname") ?? old.nickname;
  const metadata = mergeMetadata(old.metadata, params.metadata());
  params.finish();
  const price = { ...old, active, nickname, metadata };
  local.state.prices.set(id, price);
  const previous = changedFrom(old, price);
  local.emit({ type: "price.updated", data: { object: renderPrice(price), previous_attributes: previous } }, cause);
  return renderPrice(price);
}

/** `GET /v1/prices/:id`. Throws ApiError 404 (400 when the id came in `param`). */
export function retrievePrice(local: Local, id: string, param = "id"): Stripe.Price {
  return renderPrice(findPrice(local, id, param));
}

/** `GET /v1/prices`, newest first, by product, activity, currency and kind. */
export function listPrices(local: Local, params: Params): Stripe.ApiList<Stripe.Price> {
  const product = params.text("product");
  const active = params.boolean("active");
  const currency = params.text("currency");
  const type = params.oneOf("type", ["one_time", "recurring"]);
  const created = params.time("created");
  const matches = (price: StoredPrice): boolean =>
    (product === undefined || price.product === product) &&
    (active === undefined || price.active === active) &&
    (currency === undefined || price.currency === currency) &&
    (type === undefined || price.type === type) &&
    withinTime(price.created, created);
  const found = page(params, { url: "/v1/prices", noun: "price", items: local.state.prices.values(), matches });
  return { ...found, data: found.data.map(renderPrice) };
}

/** `POST /v1/products`. */
export function createProduct(local: Local, params: Params, cause: Cause): Stripe.Product {
  const name = params.requiredText("name");
  const id = params.text("id") ?? newId("prod");
  const description = params.text("description") ?? null;
  const active = params.boolean("active") ?? true;
  const metadata = mergeMetadata({}, params.metadata());
  params.finish();
  if (local.state.products.has(id)) throw invalidParameter("id", "Product already exists.", "resource_already_exists");
  const product = { ...addProduct(local, { id, name }), description, active, metadata } satisfies Stripe.Product;
  local.state.products.set(id, product);
  local.emit({ type: "product.created", data: { object: product } }, cause);
  return product;
}

/** `POST /v1/products/:id`: name, description, activity, metadata. Throws ApiError 404. */
export function updateProduct(local: Local, id: string, params: Params, cause: Cause): Stripe.Product {
  const old = findProduct(local, id);
  const change = {
    name: params.text("name") ?? old.name,
    description: params.text("description") ?? old.description,
    active: params.boolean("active") ?? old.active,
    metadata: mergeMetadata(old.metadata, params.metadata()),
  };
  params.finish();
  return replaceProduct(local, old, change, cause);
}

/** `GET /v1/products/:id`. Throws ApiError 404 (400 when the id came in `param`). */
export function findProduct(local: Local, id: string, param = "id"): Stripe.Product {
  const product = local.state.products.get(id);
  if (product === undefined) throw missing("product", id, param);
  return product;
}

/** `GET /v1/products`, newest first, by activity and time. */
export function listProducts(local: Local, params: Params): Stripe.ApiList<Stripe.Product> {
  const active = params.boolean("active");
  const created = params.time("created");
  const matches = (product: Stripe.Product): boolean =>
    (active === undefined || product.active === active) && withinTime(product.created, created);
  return page(params, { url: "/v1/products", noun: "product", items: local.state.products.values(), matches });
}

function findPrice(local: Local, id: string, param = "id"): StoredPrice {
  const price = local.state.prices.get(id);
  if (price === undefined) throw missing("price", id, param);
  return price;
}

function renderPrice(price: StoredPrice): Stripe.Price {
  const decimal = price.unit_amount === null ? null : Stripe.Decimal.from(price.unit_amount);
  return { ...price, unit_amount_decimal: decimal } satisfies Stripe.Price;
}

interface NewPrice {
  id: string;
  product: string;
  unitAmount: number;
  currency: string;
  active: boolean;
  recurring: boolean;
  nickname?: string | null;
  metadata?: Record<string, string>;
}

function addPrice(local: Local, fields: NewPrice): StoredPrice {
  const monthly = {
    interval: "month",
    interval_count: 1,
    meter: null,
    trial_period_days: null,
    usage_type: "licensed",
  };
  const price: StoredPrice = {
    id: fields.id,
    object: "price",
    active: fields.active,
    billing_scheme: "per_unit",
    created: local.seconds(),
    currency: fields.currency.toLowerCase(),
    custom_unit_amount: null,
    livemode: local.livemode,
    lookup_key: null,
    metadata: fields.metadata ?? {},
    nickname: fields.nickname ?? null,
    product: fields.product,
    recurring: fields.recurring ? monthly : null,
    tax_behavior: "unspecified",
    tiers_mode: null,
    transform_quantity: null,
    type: fields.recurring ? "recurring" : "one_time",
    unit_amount: fields.unitAmount,
  };
  local.state.prices.set(price.id, price);
  return price;
}

function addProduct(local: Local, { id, name }: { id: string; name: string }): Stripe.Product {
  const product = {
    id,
    object: "product",
    active: true,
    created: local.seconds(),
    default_price: null,
    description: null,
    images: [],
    livemode: local.livemode,
    marketing_features: [],
    metadata: {},
    name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: "service",
    unit_label: null,
    updated: local.seconds(),
    url: null,
  } satisfies Stripe.Product;
  local.state.products.set(id, product);
  return product;
}

function replaceProduct(local: Local, old: Stripe.Product, change: Partial<Stripe.Product>, cause?: Cause) {
  const product = { ...old, ...change, updated: local.seconds() } satisfies Stripe.Product;
  local.state.products.set(old.id, product);
  const previous = changedFrom(old, product);
  local.emit({ type: "product.updated", data: { object: product, previous_attributes: previous } }, cause);
  return product;
}

/** The old values of what changed, as `previous_attributes` of an event. */
function changedFrom<Object extends object>(old: Object, now: Object): Partial<Object> {
  const previous: Partial<Object> = {};
  for (const key in old) if (JSON.stringify(old[key]) !== JSON.stringify(now[key])) previous[key] = old[key];
  return previous;
}
