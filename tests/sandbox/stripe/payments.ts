import type Stripe from "stripe";
import { missing, StateError } from "./errors";
import { page } from "./listing";
import type { Emitted, Local } from "./local";
import { type Params, withinTime } from "./params";
import { newCharge, newIntent } from "./payment-objects";
import { findCheckout, renderSession } from "./sessions";
import type { StoredCharge, StoredCheckout, StoredIntent } from "./state";
import { taxIdsOf } from "./tax-ids";

/** What an outcome left behind: the session, and the event that speaks about it. */
export interface Outcome {
  session: Stripe.Checkout.Session;
  emitted: Emitted;
}

/**
 * The card is charged: charge and payment intent succeed, the session is complete and paid.
 * Throws ApiError 404 for an unknown session, StateError for one that is not open.
 */
export function pay(local: Local, sessionId: string): Outcome {
  const checkout = findOpen(local, sessionId);
  const intent = intentOf(local, checkout);
  const charge = newCharge(local, intent, "succeeded");
  succeed(local, intent, charge);
  complete(local, checkout, "paid");
  return outcome(local, checkout, "checkout.session.completed");
}

/** A delayed method: the session is complete but unpaid until `settle` or `fail`. Throws as `pay` does. */
export function payLater(local: Local, sessionId: string): Outcome {
  const checkout = findOpen(local, sessionId);
  const intent = intentOf(local, checkout);
  const charge = newCharge(local, intent, "pending");
  intent.status = "processing";
  intent.latest_charge = charge.id;
  intent.last_payment_error = null;
  local.emit({ type: "charge.pending", data: { object: renderCharge(local, charge) } });
  local.emit({ type: "payment_intent.processing", data: { object: intent } });
  complete(local, checkout, "unpaid");
  return outcome(local, checkout, "checkout.session.completed");
}

/** The delayed payment arrives. Throws StateError unless the session is complete and its payment under way. */
export function settle(local: Local, sessionId: string): Outcome {
  const { checkout, intent, charge } = findProcessing(local, sessionId);
  charge.status = "succeeded";
  charge.paid = true;
  charge.captured = true;
  charge.amount_captured = charge.amount;
  succeed(local, intent, charge);
  checkout.session.payment_status = "paid";
  return outcome(local, checkout, "checkout.session.async_payment_succeeded");
}

/** The delayed payment fails for good; the session stays complete and unpaid. Throws as `settle` does. */
export function fail(local: Local, sessionId: string): Outcome {
  const { checkout, intent, charge } = findProcessing(local, sessionId);
  refuse(local, intent, charge, { code: "payment_intent_payment_attempt_failed", message: "The payment failed." });
  return outcome(local, checkout, "checkout.session.async_payment_failed");
}

/** The bank refuses the card; the session stays open for another attempt. Throws as `pay` does. */
export function decline(local: Local, sessionId: string): Outcome {
  const checkout = findOpen(local, sessionId);
  const intent = intentOf(local, checkout);
  const charge = newCharge(local, intent, "failed");
  const emitted = refuse(local, intent, charge, { code: "card_declined", message: "Your card was declined." });
  local.state.save();
  return { session: renderSession(local, checkout.session), emitted };
}

/** `GET /v1/payment_intents/:id`. Throws ApiError 404. */
export function retrieveIntent(local: Local, id: string): Stripe.PaymentIntent {
  const intent = local.state.intents.get(id);
  if (intent === undefined) throw missing("payment_intent", id, "intent");
  return intent;
}

/** `GET /v1/payment_intents`, newest first, by customer and time. */
export function listIntents(local: Local, params: Params): Stripe.ApiList<Stripe.PaymentIntent> {
  const customer = params.text("customer");
  const created = params.time("created");
  const matches = (intent: StoredIntent): boolean =>
    (customer === undefined || intent.customer === customer) && withinTime(intent.created, created);
  const items = local.state.intents.values();
  return page(params, { url: "/v1/payment_intents", noun: "payment_intent", items, matches });
}

/** `GET /v1/charges/:id`. Throws ApiError 404. */
export function retrieveCharge(local: Local, id: string): Stripe.Charge {
  const charge = local.state.charges.get(id);
  if (charge === undefined) throw missing("charge", id);
  return renderCharge(local, charge);
}

/** `GET /v1/charges`, newest first, by payment intent, customer and time. */
export function listCharges(local: Local, params: Params): Stripe.ApiList<Stripe.Charge> {
  const paymentIntent = params.text("payment_intent");
  const customer = params.text("customer");
  const created = params.time("created");
  const matches = (charge: StoredCharge): boolean =>
    (paymentIntent === undefined || charge.payment_intent === paymentIntent) &&
    (customer === undefined || charge.customer === customer) &&
    withinTime(charge.created, created);
  const found = page(params, { url: "/v1/charges", noun: "charge", items: local.state.charges.values(), matches });
  return { ...found, data: found.data.map((charge) => renderCharge(local, charge)) };
}

/** The charge that paid a session. Throws ApiError 404 for an unknown session, StateError for an unpaid one. */
export function findPaidCharge(local: Local, sessionId: string): StoredCharge {
  const { session } = findCheckout(local, sessionId);
  const intent = local.state.intents.get(session.payment_intent ?? "");
  const charge = local.state.charges.get(intent?.latest_charge ?? "");
  if (session.payment_status !== "paid" || charge === undefined) {
    throw new StateError(`Session ${sessionId} is not paid.`);
  }
  return charge;
}

/** The charge as Stripe shows it: a receipt only once it is paid. Its refunds are there only when expanded. */
export function renderCharge(local: Local, charge: StoredCharge): Stripe.Charge {
  const receipt = charge.paid ? `${local.origin()}/receipts/${charge.id}` : null;
  return { ...charge, receipt_url: receipt } satisfies Stripe.Charge;
}

function findOpen(local: Local, sessionId: string): StoredCheckout {
  const checkout = findCheckout(local, sessionId);
  if (checkout.session.status !== "open") {
    throw new StateError(`Session ${sessionId} is ${checkout.session.status}, not open.`);
  }
  return checkout;
}

function findProcessing(local: Local, sessionId: string) {
  const checkout = findCheckout(local, sessionId);
  const intent = local.state.intents.get(checkout.session.payment_intent ?? "");
  const charge = local.state.charges.get(intent?.latest_charge ?? "");
  if (intent?.status !== "processing" || charge === undefined) {
    throw new StateError(`Session ${sessionId} has no payment under way.`);
  }
  return { checkout, intent, charge };
}

/** Stripe makes the payment intent at the first attempt, not with the session; later attempts reuse it. */
function intentOf(local: Local, checkout: StoredCheckout): StoredIntent {
  const existing = local.state.intents.get(checkout.session.payment_intent ?? "");
  if (existing !== undefined) return existing;
  const intent = newIntent(local, checkout);
  local.state.intents.set(intent.id, intent);
  checkout.session.payment_intent = intent.id;
  return intent;
}

function succeed(local: Local, intent: StoredIntent, charge: StoredCharge): void {
  intent.status = "succeeded";
  intent.amount_received = intent.amount;
  intent.latest_charge = charge.id;
  intent.last_payment_error = null;
  local.emit({ type: "charge.succeeded", data: { object: renderCharge(local, charge) } });
  local.emit({ type: "payment_intent.succeeded", data: { object: intent } });
}

function refuse(local: Local, intent: StoredIntent, charge: StoredCharge, fault: { code: string; message: string }) {
  charge.status = "failed";
  charge.paid = false;
  charge.captured = false;
  charge.amount_captured = 0;
  charge.failure_code = fault.code;
  charge.failure_message = fault.message;
  intent.status = "requires_payment_method";
  intent.latest_charge = charge.id;
  intent.last_payment_error = { type: "card_error", charge: charge.id, code: fault.code, message: fault.message };
  local.emit({ type: "charge.failed", data: { object: renderCharge(local, charge) } });
  return local.emit({ type: "payment_intent.payment_failed", data: { object: intent } });
}

function complete(local: Local, { session }: StoredCheckout, status: "paid" | "unpaid"): void {
  const customer = local.state.customers.get(session.customer ?? "");
  session.status = "complete";
  session.payment_status = status;
  session.customer_details = {
    address: customer?.address ?? null,
    business_name: null,
    email: customer?.email ?? session.customer_email,
    individual_name: null,
    name: customer?.name ?? null,
    phone: customer?.phone ?? null,
    tax_exempt: "none",
    tax_ids: taxIdsOf(local, session.customer).map(({ type, value }) => ({ type, value })),
  };
}

type SessionFact =
  | "checkout.session.completed"
  | "checkout.session.async_payment_succeeded"
  | "checkout.session.async_payment_failed";

function outcome(local: Local, checkout: StoredCheckout, type: SessionFact): Outcome {
  const session = renderSession(local, checkout.session);
  const emitted = local.emit({ type, data: { object: session } });
  local.state.save();
  return { session, emitted };
}
