import type Stripe from "stripe";
import { createStripeClient } from "~/stripe/gateway.server";
import { TEST_SECRET_KEY } from "../support/server";

/** What the local Stripe says about one session and its money. Amounts in cents. */
export interface PaymentTruth {
  sessionId: string;
  orderId: string | null;
  tenantId: string | null;
  isPaid: boolean;
  status: string | null;
  amount: number;
  refunded: number;
  dispute: "open" | "won" | "lost" | null;
}

/** Asks the local Stripe, over its API, for all sessions with their charges and disputes. */
export async function readTruth(stripeUrl: string): Promise<PaymentTruth[]> {
  const stripe = createStripeClient(TEST_SECRET_KEY, stripeUrl);
  const [sessions, charges, disputes] = await Promise.all([
    everything((page) => stripe.checkout.sessions.list(page)),
    everything((page) => stripe.charges.list(page)),
    everything((page) => stripe.disputes.list(page)),
  ]);
  const paidCharges = new Map(charges.filter((it) => it.paid).map((it) => [idOf(it.payment_intent), it]));
  const disputeOf = new Map(disputes.map((it) => [idOf(it.charge), it]));
  return sessions.map((session) => {
    const charge = session.payment_intent === null ? undefined : paidCharges.get(idOf(session.payment_intent));
    const dispute = charge && disputeOf.get(charge.id);
    return {
      sessionId: session.id,
      orderId: session.client_reference_id,
      tenantId: session.metadata?.tenantId ?? null,
      isPaid: session.payment_status === "paid",
      status: session.status,
      amount: session.amount_total ?? 0,
      refunded: charge?.amount_refunded ?? 0,
      dispute: dispute ? stateOf(dispute.status) : null,
    };
  });
}

function stateOf(status: string): "open" | "won" | "lost" {
  return status === "won" || status === "lost" ? status : "open";
}

function idOf(reference: string | { id: string } | null): string {
  return typeof reference === "string" ? reference : (reference?.id ?? "");
}

async function everything<Item extends { id: string }>(
  list: (page: { limit: number; starting_after?: string }) => Promise<Stripe.ApiList<Item>>,
): Promise<Item[]> {
  const found: Item[] = [];
  for (;;) {
    const last = found.at(-1);
    const page = await list({ limit: 100, ...(last ? { starting_after: last.id } : {}) });
    found.push(...page.data);
    if (!page.has_more) return found;
  }
}
