import type Stripe from "stripe";
import { all, expectObject } from "./payment.server";
import { APP_MARK } from "./session.server";

/** A person waits: one try more with the same key, within 8 s, the pause between the two included. */
const PATIENCE = { timeout: 3_500, maxNetworkRetries: 1 } as const;
const LOOKING = { timeout: 3_500, maxNetworkRetries: 0 } as const;

/** A refund to be made. `id` is ours and becomes Stripe's idempotency key: asking again within a day is the same refund. */
export interface WantedRefund {
  id: string;
  orderId: string;
  amountCents: number;
  paymentIntentId: string | null;
  chargeId: string | null;
}

/** Stripe's answers that are a clear no, and stay one for the same key. Everything else leaves open whether money moves. */
const REFUSALS = new Set(["StripeInvalidRequestError", "StripeCardError"]);

const paymentOf = ({ paymentIntentId, chargeId }: WantedRefund) =>
  paymentIntentId ? { payment_intent: paymentIntentId } : { charge: chargeId ?? "" };

/**
 * The id of the refund that an earlier call has made, null when there is none. Stripe forgets an idempotency key after a day, and then the key
 * alone would pay twice; the refund itself says by its metadata whose it is. Throws as `createRefund`.
 */
export async function findRefund(stripe: Stripe, wanted: WantedRefund): Promise<string | null> {
  const refunds = await all(stripe.refunds.list({ ...paymentOf(wanted), limit: 100 }, LOOKING));
  return refunds.find(({ metadata }) => metadata?.refundRequestId === wanted.id)?.id ?? null;
}

/**
 * Asks Stripe to pay back. Answers with the refund's id, or with Stripe's code and words for a clear no.
 * Throws what the client throws, and `StripeAnswerError`, when it is unknown whether the refund was made.
 */
export async function createRefund(
  stripe: Stripe,
  wanted: WantedRefund,
): Promise<{ refundId: string } | { refused: string }> {
  const { id, orderId, amountCents } = wanted;
  const payment = paymentOf(wanted);
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
    return { refused: `${code ?? "refused"}: ${message ?? type}`.slice(0, 500) };
  }
}
