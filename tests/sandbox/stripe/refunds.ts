import type Stripe from "stripe";
import { allowsRefund } from "./dispute-object";
import { ApiError, invalidParameter, missing, StateError } from "./errors";
import { formatMoney } from "./html";
import { page } from "./listing";
import type { Cause, Local } from "./local";
import { mergeMetadata, type Params, withinTime } from "./params";
import { findPaidCharge, renderCharge } from "./payments";
import { newRefund, type RefundFields } from "./refund-object";
import { newId, type StoredCharge, type StoredRefund } from "./state";

const REASONS = ["duplicate", "fraudulent", "requested_by_customer"] as const;
const EXPANDED_REFUNDS = 10;

/** How a refund from the dashboard is made. Amount in minor units, default all that is left. */
export interface RefundOptions {
  amount?: number;
  /** The refund waits as `pending` until it is settled or fails. */
  pending?: boolean;
  /** The refund waits as `requires_action`, as for bank transfers; only then may the API cancel it. */
  requiresAction?: boolean;
}

/**
 * `POST /v1/refunds` of a charge, or of the charge of a payment intent. Throws ApiError: 404 for an unknown charge,
 * 400 where the charge is unpaid, charged back or has too little left.
 */
export function createRefund(local: Local, params: Params, cause: Cause): Stripe.Refund {
  const chargeId = params.text("charge");
  const intentId = params.text("payment_intent");
  const amount = params.integer("amount");
  const reason = params.oneOf("reason", REASONS) ?? null;
  const metadata = mergeMetadata({}, params.metadata());
  params.finish();
  const charge = findTarget(local, chargeId, intentId);
  const fields = { amount: amount ?? left(charge), status: "succeeded", reason, metadata } as const;
  const refusal = refusalOf(local, charge, fields.amount);
  if (refusal !== undefined) throw refusal;
  return issue(local, charge, fields, cause);
}

/** A refund as a person makes it in the dashboard. Throws ApiError 404, or StateError where Stripe would refuse. */
export function refundSession(local: Local, sessionId: string, options: RefundOptions = {}): Stripe.Refund {
  const charge = findPaidCharge(local, sessionId);
  const amount = options.amount ?? left(charge);
  const refusal = refusalOf(local, charge, amount);
  if (refusal !== undefined) throw new StateError(refusal.message);
  const status = options.requiresAction ? "requires_action" : options.pending ? "pending" : "succeeded";
  return issue(local, charge, { amount, status, reason: null, metadata: {} });
}

/** `GET /v1/refunds/:id`. Throws ApiError 404. */
export function retrieveRefund(local: Local, id: string): StoredRefund {
  const refund = local.state.refunds.get(id);
  if (refund === undefined) throw missing("refund", id, "refund");
  return refund;
}

/** `GET /v1/refunds`, newest first, by charge, payment intent and time. */
export function listRefunds(local: Local, params: Params): Stripe.ApiList<Stripe.Refund> {
  const charge = params.text("charge");
  const paymentIntent = params.text("payment_intent");
  const created = params.time("created");
  const matches = (refund: StoredRefund): boolean =>
    (charge === undefined || refund.charge === charge) &&
    (paymentIntent === undefined || refund.payment_intent === paymentIntent) &&
    withinTime(refund.created, created);
  return page(params, { url: "/v1/refunds", noun: "refund", items: local.state.refunds.values(), matches });
}

/** The newest ten refunds of a charge, the value of `expand: ["refunds"]`. */
export function expandRefunds(local: Local, chargeId: string): Stripe.ApiList<Stripe.Refund> {
  const all = refundsOf(local, chargeId).reverse();
  const data = all.slice(0, EXPANDED_REFUNDS);
  return { object: "list", data, has_more: all.length > data.length, url: `/v1/charges/${chargeId}/refunds` };
}

/** `POST /v1/refunds/:id`: metadata only. Throws ApiError 404. */
export function updateRefund(local: Local, id: string, params: Params, cause: Cause): Stripe.Refund {
  const refund = retrieveRefund(local, id);
  const change = params.metadata();
  params.finish();
  const before = refund.metadata ?? {};
  refund.metadata = mergeMetadata(before, change);
  announce(local, refund, { metadata: before }, cause);
  return refund;
}

/** `POST /v1/refunds/:id/cancel`, only while the customer has yet to act. Throws ApiError 404, or 400 otherwise. */
export function cancelRefund(local: Local, id: string, cause: Cause): Stripe.Refund {
  const refund = retrieveRefund(local, id);
  if (refund.status !== "requires_action") throw new ApiError(400, "Canceling this refund is unsupported.");
  giveBack(local, refund, { status: "canceled", reason: "merchant_request" }, cause);
  return refund;
}

/** The bank has taken a waiting refund. Throws ApiError 404, or StateError when it is not waiting. */
export function settleRefund(local: Local, id: string): Stripe.Refund {
  const refund = retrieveRefund(local, id);
  if (!isWaiting(refund)) throw new StateError(`Refund ${id} is ${refund.status}, not waiting.`);
  const { status } = refund;
  conclude(refund, "succeeded");
  announce(local, refund, { status });
  local.state.save();
  return refund;
}

/**
 * The bank sends a refund back: a waiting one, or one that succeeded days ago. Throws ApiError 404, or StateError
 * when it has failed or been canceled before.
 */
export function failRefund(local: Local, id: string): Stripe.Refund {
  const refund = retrieveRefund(local, id);
  if (!isEffective(refund)) throw new StateError(`Refund ${id} is ${refund.status} already.`);
  return fail(local, refund, "expired_or_canceled_card");
}

/** A chargeback fails the refunds that are still waiting, so that the buyer is not paid back twice. */
export function failWaitingRefunds(local: Local, chargeId: string): void {
  for (const refund of refundsOf(local, chargeId).filter(isWaiting)) {
    fail(local, refund, "charge_for_pending_refund_disputed");
  }
}

/** All refunds of a charge, oldest first. */
export function refundsOf(local: Local, chargeId: string): StoredRefund[] {
  return [...local.state.refunds.values()].filter((refund) => refund.charge === chargeId);
}

function findTarget(local: Local, chargeId: string | undefined, intentId: string | undefined): StoredCharge {
  if (chargeId === undefined && intentId === undefined) {
    const message = "One of the following params should be provided for this request: payment_intent or charge.";
    throw new ApiError(400, message);
  }
  const intent = intentId === undefined ? undefined : local.state.intents.get(intentId);
  if (intentId !== undefined && intent === undefined) throw missing("payment_intent", intentId, "payment_intent");
  const id = chargeId ?? intent?.latest_charge ?? "";
  const charge = local.state.charges.get(id);
  if (charge === undefined) throw intent === undefined ? missing("charge", id) : nothingToRefund(intent.id);
  if (intent !== undefined && charge.payment_intent !== intent.id) {
    throw invalidParameter("charge", `Charge ${charge.id} does not belong to PaymentIntent ${intent.id}.`);
  }
  return charge;
}

/** Why Stripe would not make this refund, in Stripe's order. */
function refusalOf(local: Local, charge: StoredCharge, amount: number): ApiError | undefined {
  const isChargedBack = [...local.state.disputes.values()].some(
    (dispute) => dispute.charge === charge.id && !allowsRefund(dispute.status),
  );
  if (!charge.paid) return nothingToRefund(charge.payment_intent ?? "");
  if (isChargedBack) {
    const message = `Charge ${charge.id} has been charged back; cannot issue a refund.`;
    return new ApiError(400, message, { code: "charge_disputed" });
  }
  if (left(charge) === 0) {
    const message = `Charge ${charge.id} has already been refunded.`;
    return new ApiError(400, message, { code: "charge_already_refunded" });
  }
  if (!Number.isInteger(amount) || amount < 1) {
    return invalidParameter("amount", "This value must be greater than or equal to 1.", "parameter_invalid_integer");
  }
  if (amount <= left(charge)) return undefined;
  const [wanted, most] = [amount, left(charge)].map((cents) => formatMoney(cents, charge.currency));
  const limit = charge.amount_refunded === 0 ? "charge amount" : "unrefunded amount on charge";
  return invalidParameter("amount", `Refund amount (${wanted}) is greater than ${limit} (${most})`);
}

function nothingToRefund(intentId: string): ApiError {
  return new ApiError(400, `This PaymentIntent (${intentId}) does not have a successful charge to refund.`);
}

function issue(local: Local, charge: StoredCharge, fields: RefundFields, cause?: Cause): Stripe.Refund {
  const refund = newRefund(local, charge, fields);
  local.state.refunds.set(refund.id, refund);
  const before = { amount_refunded: charge.amount_refunded };
  book(local, charge);
  const previous_attributes = charge.refunded ? { ...before, refunded: false } : before;
  local.emit({ type: "refund.created", data: { object: refund } }, cause);
  const object = renderCharge(local, charge);
  local.emit({ type: "charge.refunded", data: { object, previous_attributes } }, cause);
  local.state.save();
  return refund;
}

function fail(local: Local, refund: StoredRefund, reason: string): Stripe.Refund {
  giveBack(local, refund, { status: "failed", reason });
  local.emit({ type: "refund.failed", data: { object: refund } });
  local.state.save();
  return refund;
}

/** The money returns to the balance: the charge counts as less refunded again. */
function giveBack(local: Local, refund: StoredRefund, end: { status: string; reason: string }, cause?: Cause): void {
  const { status } = refund;
  conclude(refund, end.status);
  refund.failure_reason = end.reason;
  refund.failure_balance_transaction = newId("txn");
  const charge = local.state.charges.get(refund.charge);
  if (charge !== undefined) book(local, charge);
  announce(local, refund, { status }, cause);
}

function conclude(refund: StoredRefund, status: string): void {
  refund.status = status;
  delete refund.pending_reason;
  delete refund.next_action;
}

/** Stripe tells every change of a refund twice: under its old name and under its new one. */
function announce(local: Local, refund: StoredRefund, previous_attributes: Partial<Stripe.Refund>, cause?: Cause) {
  local.emit({ type: "charge.refund.updated", data: { object: refund, previous_attributes } }, cause);
  local.emit({ type: "refund.updated", data: { object: refund, previous_attributes } }, cause);
}

/** Waiting refunds count at once, so that no more than the charge can be asked for. */
function book(local: Local, charge: StoredCharge): void {
  const effective = refundsOf(local, charge.id).filter(isEffective);
  charge.amount_refunded = effective.reduce((sum, refund) => sum + refund.amount, 0);
  charge.refunded = left(charge) === 0;
}

function left(charge: StoredCharge): number {
  return charge.amount - charge.amount_refunded;
}

function isWaiting({ status }: StoredRefund): boolean {
  return status === "pending" || status === "requires_action";
}

function isEffective({ status }: StoredRefund): boolean {
  return status !== "failed" && status !== "canceled";
}
