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

/** How long one credit extends the licence, in calendar days of Europe/Zurich. Nothing for a device slot. */
export const LICENCE_DAYS: Record<CreditType, number> = { LICENSE_30D: 30, LICENSE_365D: 365, DEVICE_SLOT: 0 };

/** What an admin does with a credit, as the API names it. */
export const SPENDING_ACTIONS = {
  ACTIVATE_LICENSE_30D: "LICENSE_30D",
  ACTIVATE_LICENSE_365D: "LICENSE_365D",
  ADD_DEVICE_SLOT: "DEVICE_SLOT",
} as const satisfies Record<string, CreditType>;

export type SpendingAction = keyof typeof SPENDING_ACTIONS;
