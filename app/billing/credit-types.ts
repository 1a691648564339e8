/** What a credit is good for. The order is the order on every page. */
export const CREDIT_TYPES = ["LICENSE_30D", "LICENSE_365D", "DEVICE_SLOT"] as const;

export type CreditType = (typeof CREDIT_TYPES)[number];

/** How many credits of each type something grants: a SKU, the snapshot in an order, a coupon. */
export interface Grants {
  grantLicense30d: number;
  grantLicense365d: number;
  grantDeviceSlots: number;
}

/** The granted amounts as (type, quantity) pairs, nothing for a zero, always in the order of `CREDIT_TYPES`. */
export function grantedCredits(grants: Grants): Array<{ type: CreditType; quantity: number }> {
  return [
    { type: "LICENSE_30D" as const, quantity: grants.grantLicense30d },
    { type: "LICENSE_365D" as const, quantity: grants.grantLicense365d },
    { type: "DEVICE_SLOT" as const, quantity: grants.grantDeviceSlots },
  ].filter((credit) => credit.quantity > 0);
}
