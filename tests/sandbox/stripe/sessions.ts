import type Stripe from "stripe";
import { retrieveCustomer } from "./customers";
import { ApiError, invalidParameter, missing } from "./errors";
import { page } from "./listing";
import type { Cause, Local } from "./local";
import { mergeMetadata, type Params, withinTime } from "./params";
import { findProduct, retrievePrice } from "./prices";
import { newSession, type SessionFields } from "./session-object";
import { newId, type StoredCheckout, type StoredLine } from "./state";

const HALF_HOUR_SECONDS = 1_800;
const DAY_SECONDS = 86_400;
const METHODS = ["card", "twint", "link", "paypal", "klarna", "sepa_debit", "customer_balance"];
const LOCALES = ["auto", "de", "en", "en-GB", "fr", "it"] as const;

/**
 * `POST /v1/checkout/sessions` for one payment. Prices are looked up and frozen, the page is open until
 * `expires_at` (30 minutes to 24 hours ahead, default 24 hours). Throws ApiError 400.
 */
export function createSession(local: Local, params: Params): Stripe.Checkout.Session {
  const fields = readSession(local, params);
  const payment = params.object("payment_intent_data");
  const paymentMetadata = mergeMetadata({}, payment?.metadata());
  const paymentDescription = payment?.text("description", 1000) ?? null;
  const items = params.list("line_items").map((item) => ({
    priceId: item.requiredText("price"),
    param: item.name("price"),
    quantity: readQuantity(item),
  }));
  params.finish();
  if (fields.successUrl === undefined) throw required("success_url");
  if (items.length === 0) throw required("line_items");
  if (fields.customer !== null) retrieveCustomer(local, fields.customer, "customer");

  const sold = items.map((item) => sellLine(local, item));
  const currency = sold[0]?.currency ?? "chf";
  if (sold.some((item) => item.currency !== currency)) {
    throw invalidParameter("line_items", "All line items must use the same currency.");
  }
  const lines = sold.map((item) => item.line);
  const amount = lines.reduce((sum, line) => sum + line.unitAmount * line.quantity, 0);
  const session = newSession(local, { ...fields, successUrl: fields.successUrl, currency, amount });
  local.state.checkouts.set(session.id, { session, lines, paymentMetadata, paymentDescription });
  return renderSession(local, session);
}

/** `GET /v1/checkout/sessions/:id`. Throws ApiError 404. */
export function retrieveSession(local: Local, id: string): Stripe.Checkout.Session {
  return renderSession(local, findCheckout(local, id).session);
}

/** `GET /v1/checkout/sessions`, newest first, by payment intent, customer, status and time. */
export function listSessions(local: Local, params: Params): Stripe.ApiList<Stripe.Checkout.Session> {
  const paymentIntent = params.text("payment_intent");
  const customer = params.text("customer");
  const status = params.oneOf("status", ["open", "complete", "expired"]);
  const created = params.time("created");
  const matches = (session: Stripe.Checkout.Session): boolean =>
    (paymentIntent === undefined || session.payment_intent === paymentIntent) &&
    (customer === undefined || session.customer === customer) &&
    (status === undefined || session.status === status) &&
    withinTime(session.created, created);
  const items = [...local.state.checkouts.values()].map((checkout) => checkout.session);
  const found = page(params, { url: "/v1/checkout/sessions", noun: "checkout.session", items, matches });
  return { ...found, data: found.data.map((session) => renderSession(local, session)) };
}

/** `GET /v1/checkout/sessions/:id/line_items`, in the order of the request. Throws ApiError 404. */
export function listLines(local: Local, id: string, params: Params): Stripe.ApiList<Stripe.LineItem> {
  const items = renderLines(local, findCheckout(local, id)).reverse();
  const url = `/v1/checkout/sessions/${id}/line_items`;
  return page(params, { url, noun: "line item", items });
}

/** All positions of a session as one list, the value of `expand: ["line_items"]`. */
export function expandLines(local: Local, id: string): Stripe.ApiList<Stripe.LineItem> {
  const data = renderLines(local, findCheckout(local, id));
  return { object: "list", data, has_more: false, url: `/v1/checkout/sessions/${id}/line_items` };
}

/** `POST /v1/checkout/sessions/:id/expire`: closes an open session. Throws ApiError 404, or 400 when not open. */
export function expireSession(local: Local, id: string, cause?: Cause): Stripe.Checkout.Session {
  const checkout = findCheckout(local, id);
  if (checkout.session.status !== "open") {
    const message = `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${checkout.session.status}\`.`;
    throw new ApiError(400, message);
  }
  return closeSession(local, checkout, cause);
}

/** Closes every open session whose `expires_at` has passed. */
export function expireDueSessions(local: Local): void {
  for (const checkout of local.state.checkouts.values()) {
    if (checkout.session.status !== "open") continue;
    if (checkout.session.expires_at * 1000 <= local.now()) closeSession(local, checkout);
  }
}

/** The stored session. Throws ApiError 404. */
export function findCheckout(local: Local, id: string): StoredCheckout {
  const checkout = local.state.checkouts.get(id);
  if (checkout === undefined) throw missing("checkout.session", id);
  return checkout;
}

/** The session as Stripe shows it: the address of its page only while it is open. */
export function renderSession(local: Local, session: Stripe.Checkout.Session): Stripe.Checkout.Session {
  const url = session.status === "open" ? `${local.origin()}/c/pay/${session.id}` : null;
  return { ...session, url } satisfies Stripe.Checkout.Session;
}

function closeSession(local: Local, checkout: StoredCheckout, cause?: Cause): Stripe.Checkout.Session {
  const { session } = checkout;
  session.status = "expired";
  const intent = local.state.intents.get(session.payment_intent ?? "");
  if (intent !== undefined) {
    intent.status = "canceled";
    intent.canceled_at = local.seconds();
    local.emit({ type: "payment_intent.canceled", data: { object: intent } }, cause);
  }
  const object = renderSession(local, session);
  local.emit({ type: "checkout.session.expired", data: { object } }, cause);
  local.state.save();
  return object;
}

type ReadFields = Omit<SessionFields, "currency" | "amount" | "successUrl"> & { successUrl: string | undefined };

function readSession(local: Local, params: Params): ReadFields {
  const mode = params.oneOf("mode", ["payment"]);
  if (mode === undefined) throw required("mode");
  const methods = params.strings("payment_method_types");
  const unknown = methods.findIndex((method) => !METHODS.includes(method));
  if (unknown >= 0) {
    const message = `Invalid payment_method_types[${unknown}]: must be one of ${METHODS.join(", ")}`;
    throw invalidParameter(`payment_method_types[${unknown}]`, message);
  }
  return {
    successUrl: params.address("success_url"),
    cancelUrl: params.address("cancel_url") ?? null,
    clientReferenceId: params.text("client_reference_id", 200) ?? null,
    customer: params.text("customer") ?? null,
    customerEmail: params.text("customer_email", 800) ?? null,
    metadata: mergeMetadata({}, params.metadata()),
    locale: params.oneOf("locale", LOCALES) ?? null,
    adaptivePricing: params.object("adaptive_pricing")?.boolean("enabled") ?? true,
    methods: methods.length === 0 ? ["card"] : methods,
    submitType: params.oneOf("submit_type", ["auto", "book", "donate", "pay"]) ?? null,
    expiresAt: readExpiry(local, params.integer("expires_at")),
  };
}

/** Stripe allows for the way of the request: half an hour counts from when the caller looked at its clock. */
function readExpiry(local: Local, requested: number | undefined): number {
  if (requested === undefined) return local.seconds() + DAY_SECONDS;
  const ahead = requested - local.seconds();
  if (ahead < HALF_HOUR_SECONDS - 10) {
    throw invalidParameter(
      "expires_at",
      "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
    );
  }
  if (ahead > DAY_SECONDS) {
    throw invalidParameter(
      "expires_at",
      "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
    );
  }
  return requested;
}

function readQuantity(item: Params): number {
  const quantity = item.integer("quantity");
  if (quantity === undefined) throw required(item.name("quantity"));
  if (quantity < 1 || quantity > 999_999)
    throw invalidParameter(item.name("quantity"), `Invalid quantity: ${quantity}`);
  return quantity;
}

function sellLine(local: Local, item: { priceId: string; param: string; quantity: number }) {
  const price = retrievePrice(local, item.priceId, item.param);
  if (!price.active) {
    throw invalidParameter(item.param, "The price specified is inactive. This field only accepts active prices.");
  }
  if (price.recurring !== null) {
    const message =
      "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.";
    throw invalidParameter(item.param, message);
  }
  const product = findProduct(local, typeof price.product === "string" ? price.product : price.product.id);
  if (!product.active) {
    const message = `Price \`${price.id}\` is not available to be purchased because its product is not active.`;
    throw invalidParameter(item.param, message);
  }
  const line: StoredLine = {
    id: newId("li"),
    priceId: price.id,
    quantity: item.quantity,
    unitAmount: price.unit_amount ?? 0,
    description: product.name,
  };
  return { line, currency: price.currency };
}

function renderLines(local: Local, { session, lines }: StoredCheckout): Stripe.LineItem[] {
  return lines.map((line) => {
    const amount = line.unitAmount * line.quantity;
    return {
      id: line.id,
      object: "item",
      adjustable_quantity: null,
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: session.currency ?? "chf",
      description: line.description,
      metadata: {},
      price: retrievePrice(local, line.priceId),
      quantity: line.quantity,
    } satisfies Stripe.LineItem;
  });
}

function required(param: string): ApiError {
  return new ApiError(400, `Missing required param: ${param}.`, { code: "parameter_missing", param });
}
