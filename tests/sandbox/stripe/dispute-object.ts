import type Stripe from "stripe";
import type { Local } from "./local";
import { newId, type StoredCharge, type StoredDispute } from "./state";

const DAY_SECONDS = 86_400;
const FEE = 2_000;

/** What is decided about a dispute when it opens. Amount in minor units. */
export interface DisputeFields {
  amount: number;
  inquiry: boolean;
}

/** An inquiry only asks; no money has moved. */
export function isInquiry(status: string): boolean {
  return status.startsWith("warning_");
}

/** Whether nothing more is to come. A status that this API version does not know is taken as open. */
export function isClosed(status: string): boolean {
  return ["won", "lost", "warning_closed", "prevented"].includes(status);
}

/** Whether Stripe lets the charge be refunded beside a dispute of this status. */
export function allowsRefund(status: string): boolean {
  return status === "won" || status === "prevented" || isInquiry(status);
}

/** A dispute of a charge, without its movements of money. */
export function newDispute(local: Local, charge: StoredCharge, { amount, inquiry }: DisputeFields): StoredDispute {
  return {
    id: newId("du"),
    object: "dispute",
    amount,
    balance_transactions: [],
    charge: charge.id,
    created: local.seconds(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: NO_EVIDENCE,
    evidence_details: {
      due_by: local.seconds() + 9 * DAY_SECONDS,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: "not_submitted",
    },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: local.livemode,
    metadata: {},
    payment_intent: charge.payment_intent,
    ...cardDetails(charge, inquiry),
    reason: "product_not_received",
    status: inquiry ? "warning_needs_response" : "needs_response",
  } satisfies Stripe.Dispute;
}

/** Only a card has a case at its network. */
export function cardDetails(charge: StoredCharge, inquiry: boolean): Pick<Stripe.Dispute, "payment_method_details"> {
  const card = charge.payment_method_details?.card;
  if (card === undefined) return {};
  const case_type = inquiry ? "inquiry" : "chargeback";
  const network = { brand: card.brand ?? "visa", network: card.network ?? "visa", network_reason_code: "13.1" };
  return { payment_method_details: { type: "card", card: { ...network, case_type } } };
}

/** One movement on the balance: the disputed amount leaves with Stripe's fee, or comes back without it. */
export function balanceMove(local: Local, dispute: StoredDispute, move: "withdrawal" | "reversal") {
  const isOut = move === "withdrawal";
  const amount = isOut ? -dispute.amount : dispute.amount;
  const fee = isOut ? FEE : 0;
  const { currency } = dispute;
  const detail = { amount: fee, application: null, currency, description: "Dispute fee", type: "stripe_fee" };
  return {
    id: newId("txn"),
    object: "balance_transaction",
    amount,
    available_on: local.seconds() + 7 * DAY_SECONDS,
    balance_type: "payments",
    created: local.seconds(),
    currency,
    description: `Chargeback ${move} for ${dispute.charge}`,
    exchange_rate: null,
    fee,
    fee_details: isOut ? [detail] : [],
    net: amount - fee,
    reporting_category: isOut ? "dispute" : "dispute_reversal",
    source: dispute.id,
    status: "pending",
    type: "adjustment",
  } satisfies Stripe.BalanceTransaction;
}

const NO_EVIDENCE: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};
