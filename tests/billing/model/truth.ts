/** What really happened to one order's money at Stripe, as far as the specification speaks of it. Plain data. */
export interface Payment {
  sessionId: string;
  /** Null until somebody tries to pay. */
  intentId: string | null;
  cents: number;
  /** Unix seconds at which the page closes by itself. */
  closesAt: number;
  page: "open" | "complete" | "expired";
  money: "none" | "under way" | "paid" | "failed";
  /** Unix seconds of the (latest) charge. */
  chargedAt: number;
  refunds: Array<{ id: string; cents: number; state: "pending" | "succeeded" | "failed" }>;
  disputes: Array<{ id: string; state: "inquiry" | "closed inquiry" | "open" | "won" | "lost" }>;
}

export function newPayment(sessionId: string, cents: number, closesAt: number): Payment {
  const nothing = { page: "open", money: "none", chargedAt: 0 } as const;
  return { sessionId, intentId: null, cents, closesAt, ...nothing, refunds: [], disputes: [] };
}

/** Everything that was given back or is on its way; a failed refund is none. */
export function refunded(payment: Payment): number {
  return payment.refunds.filter(({ state }) => state !== "failed").reduce((sum, { cents }) => sum + cents, 0);
}

/** How the payment stands with the bank; inquiries change nothing. */
export function disputeOf(payment: Payment): "lost" | "open" | "won" | null {
  return (["lost", "open", "won"] as const).find((it) => payment.disputes.some(({ state }) => state === it)) ?? null;
}

export function mayRefund(payment: Payment): boolean {
  const blocked = payment.disputes.some(({ state }) => state === "open" || state === "lost");
  return payment.money === "paid" && !blocked && refunded(payment) < payment.cents;
}

export function mayDispute(payment: Payment): boolean {
  return (
    payment.money === "paid" && payment.disputes.every(({ state }) => state === "won" || state === "closed inquiry")
  );
}

/** The bank takes the money: refunds still under way will not be paid out as well. */
export function chargeBack(payment: Payment): void {
  for (const refund of payment.refunds) if (refund.state === "pending") refund.state = "failed";
}
