import type Stripe from "stripe";
import { allowsRefund, balanceMove, cardDetails, isClosed, isInquiry, newDispute } from "./dispute-object";
import { ApiError, missing, StateError } from "./errors";
import { page } from "./listing";
import type { Cause, Local } from "./local";
import { type Params, withinTime } from "./params";
import { findPaidCharge } from "./payments";
import { failWaitingRefunds } from "./refunds";
import type { StoredDispute } from "./state";

/** How a dispute opens. Amount in minor units, default the whole charge. */
export interface DisputeOptions {
  amount?: number;
  /** The bank only asks at first: no money is withdrawn before the inquiry is escalated. */
  inquiry?: boolean;
}

/** `GET /v1/disputes/:id`. Throws ApiError 404. */
export function retrieveDispute(local: Local, id: string): Stripe.Dispute {
  return render(local, find(local, id));
}

/** `GET /v1/disputes`, newest first, by charge, payment intent and time. */
export function listDisputes(local: Local, params: Params): Stripe.ApiList<Stripe.Dispute> {
  const charge = params.text("charge");
  const paymentIntent = params.text("payment_intent");
  const created = params.time("created");
  const matches = (dispute: StoredDispute): boolean =>
    (charge === undefined || dispute.charge === charge) &&
    (paymentIntent === undefined || dispute.payment_intent === paymentIntent) &&
    withinTime(dispute.created, created);
  const items = local.state.disputes.values();
  const found = page(params, { url: "/v1/disputes", noun: "dispute", items, matches });
  return { ...found, data: found.data.map((dispute) => render(local, dispute)) };
}

/** `POST /v1/disputes/:id/close`: gives the dispute up as lost. Throws ApiError 404, or 400 when it is not open. */
export function closeDispute(local: Local, id: string, cause: Cause): Stripe.Dispute {
  const dispute = find(local, id);
  if (isClosed(dispute.status)) throw new ApiError(400, "This dispute is already closed.");
  if (isInquiry(dispute.status)) throw new ApiError(400, "This dispute is an inquiry and cannot be closed.");
  return end(local, dispute, "lost", cause);
}

/**
 * The buyer's bank disputes a payment. A chargeback withdraws the amount at once and fails refunds that still wait.
 * Throws ApiError 404, or StateError unless the session is paid and neither in dispute nor lost.
 */
export function openDispute(local: Local, sessionId: string, options: DisputeOptions = {}): Stripe.Dispute {
  const charge = findPaidCharge(local, sessionId);
  const { amount = charge.amount, inquiry = false } = options;
  if (!canBeDisputed(local, charge.id)) throw new StateError(`Charge ${charge.id} is disputed already.`);
  if (!Number.isInteger(amount) || amount < 1 || amount > charge.amount) {
    throw new StateError(`A dispute of charge ${charge.id} is about 1 to ${charge.amount}, not ${amount}.`);
  }
  const dispute = newDispute(local, charge, { amount, inquiry });
  local.state.disputes.set(dispute.id, dispute);
  charge.disputed = true;
  if (!inquiry) dispute.balance_transactions.push(balanceMove(local, dispute, "withdrawal"));
  local.emit({ type: "charge.dispute.created", data: { object: render(local, dispute) } });
  if (!inquiry) withdrawn(local, dispute);
  local.state.save();
  return render(local, dispute);
}

/** An inquiry becomes a chargeback under the same id. Throws ApiError 404, or StateError for anything else. */
export function escalateDispute(local: Local, id: string): Stripe.Dispute {
  const dispute = findInquiry(local, id);
  const { status } = dispute;
  const charge = local.state.charges.get(dispute.charge);
  dispute.status = "needs_response";
  if (charge !== undefined) Object.assign(dispute, cardDetails(charge, false));
  dispute.balance_transactions.push(balanceMove(local, dispute, "withdrawal"));
  updated(local, dispute, status);
  withdrawn(local, dispute);
  local.state.save();
  return render(local, dispute);
}

/** An inquiry ends without a chargeback. Throws as `escalateDispute` does. */
export function closeInquiry(local: Local, id: string): Stripe.Dispute {
  return end(local, findInquiry(local, id), "warning_closed");
}

/** The bank decides for us, and the money comes back. Throws ApiError 404, or StateError unless it is an open chargeback. */
export function winDispute(local: Local, id: string): Stripe.Dispute {
  const dispute = findChargeback(local, id);
  const isMoneyOut = dispute.balance_transactions.length === 1;
  if (isMoneyOut) dispute.balance_transactions.push(balanceMove(local, dispute, "reversal"));
  const won = end(local, dispute, "won");
  if (isMoneyOut) local.emit({ type: "charge.dispute.funds_reinstated", data: { object: won } });
  return won;
}

/** The bank decides for the buyer; the money was withdrawn at opening. Throws as `winDispute` does. */
export function loseDispute(local: Local, id: string): Stripe.Dispute {
  return end(local, findChargeback(local, id), "lost");
}

/** Sets any status, also one of a later API version, and moves no money. Throws ApiError 404. */
export function setDisputeStatus(local: Local, id: string, status: string): Stripe.Dispute {
  const dispute = find(local, id);
  const before = dispute.status;
  dispute.status = status;
  updated(local, dispute, before);
  local.state.save();
  return render(local, dispute);
}

/** Whether a new dispute of the charge may open: none is open and none was lost. */
export function canBeDisputed(local: Local, chargeId: string): boolean {
  return disputesOf(local, chargeId).every(({ status }) => isClosed(status) && status !== "lost");
}

/** All disputes of a charge, oldest first. */
export function disputesOf(local: Local, chargeId: string): StoredDispute[] {
  return [...local.state.disputes.values()].filter((dispute) => dispute.charge === chargeId);
}

function find(local: Local, id: string): StoredDispute {
  const dispute = local.state.disputes.get(id);
  if (dispute === undefined) throw missing("dispute", id, "dispute");
  return dispute;
}

function findInquiry(local: Local, id: string): StoredDispute {
  const dispute = find(local, id);
  if (isInquiry(dispute.status) && !isClosed(dispute.status)) return dispute;
  throw new StateError(`Dispute ${id} is ${dispute.status}, not an open inquiry.`);
}

function findChargeback(local: Local, id: string): StoredDispute {
  const dispute = find(local, id);
  if (!isInquiry(dispute.status) && !isClosed(dispute.status)) return dispute;
  throw new StateError(`Dispute ${id} is ${dispute.status}, not an open chargeback.`);
}

function withdrawn(local: Local, dispute: StoredDispute): void {
  local.emit({ type: "charge.dispute.funds_withdrawn", data: { object: render(local, dispute) } });
  failWaitingRefunds(local, dispute.charge);
}

function updated(local: Local, dispute: StoredDispute, status: StoredDispute["status"]): void {
  const data = { object: render(local, dispute), previous_attributes: { status } };
  local.emit({ type: "charge.dispute.updated", data });
}

function end(local: Local, dispute: StoredDispute, status: StoredDispute["status"], cause?: Cause): Stripe.Dispute {
  const previous_attributes = { status: dispute.status };
  dispute.status = status;
  const object = render(local, dispute);
  local.emit({ type: "charge.dispute.closed", data: { object, previous_attributes } }, cause);
  local.state.save();
  return object;
}

function render(local: Local, dispute: StoredDispute): Stripe.Dispute {
  const isRefunded = local.state.charges.get(dispute.charge)?.refunded ?? false;
  const is_charge_refundable = allowsRefund(dispute.status) && !isRefunded;
  return { ...dispute, is_charge_refundable } satisfies Stripe.Dispute;
}
