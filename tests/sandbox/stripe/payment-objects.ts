import type Stripe from "stripe";
import type { Local } from "./local";
import { newId, type StoredCharge, type StoredCheckout, type StoredIntent } from "./state";

/** The payment intent of a session, before its first attempt; metadata is `payment_intent_data.metadata`. */
export function newIntent(local: Local, checkout: StoredCheckout): StoredIntent {
  const { session } = checkout;
  const id = newId("pi");
  return {
    id,
    object: "payment_intent",
    allowed_payment_method_types: null,
    amount: session.amount_total ?? 0,
    amount_capturable: 0,
    amount_details: {},
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "automatic_async",
    client_secret: `${id}_secret_local`,
    confirmation_method: "automatic",
    created: local.seconds(),
    currency: session.currency ?? "chf",
    customer: session.customer,
    customer_account: null,
    description: checkout.paymentDescription,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: local.livemode,
    managed_payments: null,
    metadata: { ...checkout.paymentMetadata },
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: session.payment_method_types,
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "requires_payment_method",
    transfer_data: null,
    transfer_group: null,
  } satisfies Stripe.PaymentIntent;
}

/** One attempt to charge a payment intent. It is stored at once; metadata is copied from the intent, as Stripe does. */
export function newCharge(
  local: Local,
  intent: StoredIntent,
  status: "succeeded" | "pending" | "failed",
): StoredCharge {
  const succeeded = status === "succeeded";
  const customer = local.state.customers.get(intent.customer ?? "");
  intent.payment_method = newId("pm");
  const charge = {
    id: newId("ch"),
    object: "charge",
    ...NOT_USED,
    amount: intent.amount,
    amount_captured: succeeded ? intent.amount : 0,
    amount_refunded: 0,
    balance_transaction: status === "failed" ? null : newId("txn"),
    billing_details: {
      address: customer?.address ?? null,
      email: customer?.email ?? null,
      name: customer?.name ?? null,
      phone: customer?.phone ?? null,
      tax_id: null,
    },
    captured: succeeded,
    created: local.seconds(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: local.livemode,
    metadata: { ...intent.metadata },
    outcome: {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: status === "failed" ? "declined_by_network" : "approved_by_network",
      reason: status === "failed" ? "generic_decline" : null,
      risk_level: "normal",
      seller_message: status === "failed" ? "The bank refused the card." : "Payment complete.",
      type: status === "failed" ? "issuer_declined" : "authorized",
    },
    paid: succeeded,
    payment_intent: intent.id,
    payment_method: intent.payment_method,
    payment_method_details:
      status === "pending" ? { type: "customer_balance", customer_balance: {} } : card(intent.amount),
    receipt_url: null,
    refunded: false,
    status,
  } satisfies Stripe.Charge;
  local.state.charges.set(charge.id, charge);
  return charge;
}

/** Features of charges that this shop does not use; Stripe sends them as null. */
const NOT_USED = {
  application: null,
  application_fee: null,
  application_fee_amount: null,
  calculated_statement_descriptor: null,
  failure_balance_transaction: null,
  on_behalf_of: null,
  receipt_email: null,
  receipt_number: null,
  review: null,
  shipping: null,
  source: null,
  source_transfer: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
  transfer_data: null,
  transfer_group: null,
};

/** Stripe's test card 4242. */
function card(amount: number): Stripe.Charge.PaymentMethodDetails {
  return {
    type: "card",
    card: {
      amount_authorized: amount,
      authorization_code: null,
      brand: "visa",
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
      country: "CH",
      electronic_commerce_indicator: null,
      exp_month: 12,
      exp_year: 2034,
      funding: "credit",
      installments: null,
      last4: "4242",
      mandate: null,
      network: "visa",
      network_transaction_id: null,
      regulated_status: "unregulated",
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}
