import { randomBytes } from "node:crypto";
import type Stripe from "stripe";
import type { Local } from "./local";
import type { StoredCheckout } from "./state";

/** What a caller decides about a session. Amount in minor units, `expiresAt` in Unix seconds. */
export interface SessionFields {
  successUrl: string;
  cancelUrl: string | null;
  clientReferenceId: string | null;
  customer: string | null;
  customerEmail: string | null;
  metadata: Record<string, string>;
  locale: Stripe.Checkout.Session.Locale | null;
  adaptivePricing: boolean;
  methods: string[];
  submitType: Stripe.Checkout.Session.SubmitType | null;
  expiresAt: number;
  currency: string;
  amount: number;
}

/** An open session of mode `payment`, with every field Stripe sends. It has no payment intent before an attempt. */
export function newSession(local: Local, fields: SessionFields): StoredCheckout["session"] {
  return {
    id: `cs_${local.livemode ? "live" : "test"}_${randomBytes(28).toString("hex")}`,
    object: "checkout.session",
    ...SWITCHED_OFF,
    adaptive_pricing: { enabled: fields.adaptivePricing },
    amount_subtotal: fields.amount,
    amount_total: fields.amount,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    cancel_url: fields.cancelUrl,
    client_reference_id: fields.clientReferenceId,
    created: local.seconds(),
    currency: fields.currency,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: fields.customer,
    customer_creation: fields.customer === null ? "if_required" : null,
    customer_email: fields.customerEmail,
    expires_at: fields.expiresAt,
    livemode: local.livemode,
    locale: fields.locale,
    metadata: fields.metadata,
    mode: "payment",
    payment_intent: null,
    payment_method_collection: "if_required",
    payment_method_options: {},
    payment_method_types: fields.methods,
    payment_status: "unpaid",
    phone_number_collection: { enabled: false },
    shipping_options: [],
    status: "open",
    submit_type: fields.submitType,
    success_url: fields.successUrl,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: "hosted_page",
    url: null,
  } satisfies Stripe.Checkout.Session;
}

/** Features of Checkout that this shop does not use; Stripe sends them as null. */
const SWITCHED_OFF = {
  after_expiration: null,
  allow_promotion_codes: null,
  allowed_payment_method_types: null,
  billing_address_collection: null,
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  currency_conversion: null,
  customer_account: null,
  customer_details: null,
  discounts: null,
  integration_identifier: null,
  invoice: null,
  invoice_creation: null,
  managed_payments: null,
  origin_context: null,
  payment_link: null,
  payment_method_configuration_details: null,
  permissions: null,
  recovered_from: null,
  saved_payment_method_options: null,
  setup_intent: null,
  shipping_address_collection: null,
  shipping_cost: null,
  subscription: null,
  wallet_options: null,
};
