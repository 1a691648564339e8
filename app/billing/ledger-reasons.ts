/** Why a lot moved (docs/contract.md, "States"). The order is the order on every page. */
export const LEDGER_REASONS = [
  "STRIPE_PURCHASE",
  "COUPON_REDEEM",
  "CREDIT_CONSUME",
  "MANUAL_ADJUST",
  "CREDIT_EXPIRE",
  "STRIPE_REFUND",
  "STRIPE_REFUND_REVERSAL",
  "STRIPE_DISPUTE_LOST",
] as const;

export type LedgerReason = (typeof LEDGER_REASONS)[number];
