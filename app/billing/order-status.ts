/** The life of an order (docs/contract.md, "States"). */
export const ORDER_STATUSES = [
  "PENDING",
  "PROCESSING",
  "PAID",
  "PARTIALLY_REFUNDED",
  "REFUNDED",
  "EXPIRED",
  "FAILED",
  "DISPUTED",
] as const;

export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** Whether money may still arrive without anybody being surprised: only these may become EXPIRED or FAILED. */
export function isUnsettled(status: OrderStatus): boolean {
  return status === "PENDING" || status === "PROCESSING";
}
