import type Stripe from "stripe";
import { expectObject } from "./payment.server";
import { APP_MARK } from "./session.server";

/** A person waits: one try more with the same key, within 8 s. */
const PATIENCE = { timeout: 4_000, maxNetworkRetries: 1 } as const;

/** A refund to be made. `id` is ours and becomes Stripe's idempotency key: asking again is the same refund. */
export interface WantedRefund {
  id: string;
  orderId: string;
  amountCents: number;
  paymentIntentId: string | null;
  chargeId: string | null;
}

/** Stripe's answers that are a clear no, and stay one for the same key. Everything else leaves open whether money moves. */
const REFUSALS = new Set(["StripeInvalidRequestError", "StripeCardError"]);

/**
 * Asks Stripe to pay back. Answers with the refund's id, or with Stripe's words for a clear no.
 * Throws what the client throws, and `StripeAnswerError`, when it is unknown whether the refund was made.
 */
export async function createRefund(
  stripe: Stripe,
  wanted: WantedRefund,
): Promise<{ refundId: string } | { refused: string }> {
  const { id, orderId, amountCents, paymentIntentId, chargeId } = wanted;
  const payment = paymentIntentId ? { payment_intent: paymentIntentId } : { charge: chargeId ?? "" };
  try {
    const refund = await stripe.refunds.create(
      { ...payment, amount: amountCents, metadata: { app: APP_MARK, orderId, refundRequestId: id } },
      { ...PATIENCE, idempotencyKey: id },
    );
    expectObject(refund, "refund");
    return { refundId: refund.id };
  } catch (error) {
    const { type, code, message } = error as { type?: unknown; code?: unknown; message?: unknown };
    // Another call with this key is under way: its answer is not known yet.
    if (!REFUSALS.has(String(type)) || code === "idempotency_key_in_use") throw error;
    return { refused: String(message ?? code ?? type).slice(0, 500) };
  }
}
