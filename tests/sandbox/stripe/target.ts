import { setTimeout as sleep } from "node:timers/promises";
import Stripe from "stripe";
import { startLocalStripe } from "./server";

/** A payment that succeeded, by the ids the API knows it under. */
export interface Paid {
  charge: string;
  paymentIntent: string;
}

/** An opened target: the client, and what the API alone cannot do because it takes a buyer or a bank. */
export interface Shop {
  stripe: Stripe;
  /** A card payment in CHF, amount in minor units. */
  pay(amount: number): Promise<Paid>;
  /** A fresh payment that the buyer's bank disputes or asks about. */
  dispute(kind: "chargeback" | "inquiry"): Promise<Stripe.Dispute>;
  close(): Promise<void>;
}

/** Where the contract of the API is tested. */
export interface Target {
  name: string;
  open(): Promise<Shop>;
}

const SECRET_KEY = "sk_test_contract";
const realKey = process.env.STRIPE_TEST_SECRET_KEY;

/** The local Stripe and, when `STRIPE_TEST_SECRET_KEY` is set, Stripe's own test mode. */
export const TARGETS: Target[] = [
  { name: "local Stripe", open: openLocal },
  ...(realKey === undefined ? [] : [{ name: "Stripe test mode", open: async () => openReal(realKey) }]),
];

/** The unchanged client for a local Stripe. */
export function clientOf(key: string, port: number): Stripe {
  return new Stripe(key, { host: "127.0.0.1", port, protocol: "http", maxNetworkRetries: 0, timeout: 5_000 });
}

async function openLocal(): Promise<Shop> {
  const server = await startLocalStripe({ prices: [], secretKey: SECRET_KEY });
  const stripe = clientOf(SECRET_KEY, server.port);
  const sell = async (amount: number) => {
    const product_data = { name: "3 Lizenzen für 365 Tage" };
    const price = await stripe.prices.create({ currency: "chf", unit_amount: amount, product_data });
    const line_items = [{ price: price.id, quantity: 1 }];
    const session = await stripe.checkout.sessions.create({
      mode: "payment",
      line_items,
      success_url: "http://127.0.0.1:9/ok",
    });
    await server.control.pay(session.id);
    return session.id;
  };
  return {
    stripe,
    pay: async (amount) => {
      const session = await stripe.checkout.sessions.retrieve(await sell(amount), { expand: ["payment_intent"] });
      return paidBy(session.payment_intent);
    },
    dispute: async (kind) => server.control.dispute(await sell(10_000), { inquiry: kind === "inquiry" }),
    close: () => server.close(),
  };
}

function openReal(key: string): Shop {
  const stripe = new Stripe(key, { maxNetworkRetries: 4 });
  const confirm = (amount: number, payment_method: string) =>
    stripe.paymentIntents.create({
      amount,
      currency: "chf",
      payment_method,
      allowed_payment_method_types: ["card"],
      confirm: true,
    });
  return {
    stripe,
    pay: async (amount) => paidBy(await confirm(amount, "pm_card_visa")),
    dispute: async (kind) => {
      const card = kind === "inquiry" ? "pm_card_createDisputeInquiry" : "pm_card_createDispute";
      const { id } = await confirm(10_000, card);
      for (let attempt = 0; attempt < 20; attempt += 1) {
        const [dispute] = (await stripe.disputes.list({ payment_intent: id })).data;
        // The money of a chargeback leaves a moment after the dispute is there.
        const isReady = kind === "inquiry" || (dispute?.balance_transactions.length ?? 0) > 0;
        if (dispute !== undefined && isReady) return dispute;
        await sleep(1_000);
      }
      throw new Error(`Stripe opened no dispute of ${id}`);
    },
    close: async () => {},
  };
}

function paidBy(intent: string | Stripe.PaymentIntent | null): Paid {
  if (intent === null || typeof intent === "string" || typeof intent.latest_charge !== "string") {
    throw new Error("The payment has no charge");
  }
  return { charge: intent.latest_charge, paymentIntent: intent.id };
}

/** The error of a call that must be refused. Throws when it is not. */
export async function refusal(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const error: unknown = await call.then(
    () => new Error("The call was expected to be refused"),
    (reason: unknown) => reason,
  );
  if (error instanceof Stripe.errors.StripeError) return error;
  throw error;
}
