import type Stripe from "stripe";
import type { Local } from "./local";
import { newId, type StoredCharge, type StoredRefund } from "./state";

/** What is decided about a refund when it is made. Amount in minor units. */
export interface RefundFields {
  amount: number;
  /** `pending`: the bank takes its time; `requires_action`: the customer must first say where the money goes. */
  status: "succeeded" | "pending" | "requires_action";
  reason: Stripe.Refund.Reason | null;
  metadata: Record<string, string>;
}

const EMAIL_VALID_SECONDS = 45 * 86_400;

/** A refund of a charge, with every field Stripe sends. */
export function newRefund(local: Local, charge: StoredCharge, fields: RefundFields): StoredRefund {
  const paymentMethod = charge.payment_method;
  return {
    id: newId("re"),
    object: "refund",
    amount: fields.amount,
    balance_transaction: newId("txn"),
    charge: charge.id,
    created: local.seconds(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: destination(charge),
    metadata: fields.metadata,
    ...(fields.status === "requires_action" ? { next_action: emailSent(local, charge) } : {}),
    payment_intent: charge.payment_intent,
    payment_method: paymentMethod,
    ...(fields.status === "pending" ? { pending_reason: "processing" } : {}),
    reason: fields.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: fields.status,
    transfer_reversal: null,
  } satisfies Stripe.Refund;
}

function destination(charge: StoredCharge): Stripe.Refund.DestinationDetails {
  if (charge.payment_method_details?.type !== "card") {
    return { type: "eu_bank_transfer", eu_bank_transfer: { reference: null, reference_status: null } };
  }
  const card = { reference_status: "pending", reference_type: "acquirer_reference_number", type: "refund" };
  return { type: "card", card };
}

function emailSent(local: Local, charge: StoredCharge): Stripe.Refund.NextAction {
  const email = { email_sent_at: local.seconds(), email_sent_to: charge.billing_details.email ?? "" };
  const expires = local.seconds() + EMAIL_VALID_SECONDS;
  return { type: "display_details", display_details: { email_sent: email, expires_at: expires } };
}
