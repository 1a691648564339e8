import type { CreditType, SpendingAction } from "~/billing/credit-types";
import type { LedgerReason } from "~/billing/ledger-reasons";

/** Credit types as headings and in tables. */
export const CREDIT_NAME: Record<CreditType, string> = {
  LICENSE_30D: "30 Tage",
  LICENSE_365D: "365 Tage",
  DEVICE_SLOT: "Geräte-Slot",
};

/** Credit types in sentences. */
export const CREDIT_PHRASE: Record<CreditType, string> = {
  LICENSE_30D: "Lizenz 30 Tage",
  LICENSE_365D: "Lizenz 365 Tage",
  DEVICE_SLOT: "Geräte-Slot",
};

/** Why credits moved. */
export const REASON_NAME: Record<LedgerReason, string> = {
  STRIPE_PURCHASE: "Kauf",
  COUPON_REDEEM: "Gutscheincode",
  CREDIT_CONSUME: "Verbrauch",
  MANUAL_ADJUST: "Korrektur",
  CREDIT_EXPIRE: "Verfall",
  STRIPE_REFUND: "Rückerstattung",
  STRIPE_REFUND_REVERSAL: "Rückerstattung aufgehoben",
  STRIPE_DISPUTE_LOST: "Anfechtung verloren",
};

/** The tabs of the packages page: word and query value. */
export const CREDIT_TAB: Record<CreditType, { name: string; art: string }> = {
  LICENSE_30D: { name: "30 Tage", art: "30-tage" },
  LICENSE_365D: { name: "365 Tage", art: "365-tage" },
  DEVICE_SLOT: { name: "Geräte", art: "geraete" },
};

/** What a credit is spent on: the button, and the value of `?bestaetigen=` that asks first. */
export const SPENDING: Record<CreditType, { action: SpendingAction; button: string; ask: string }> = {
  LICENSE_30D: { action: "ACTIVATE_LICENSE_30D", button: "30 Tage aktivieren", ask: "lizenz-30" },
  LICENSE_365D: { action: "ACTIVATE_LICENSE_365D", button: "365 Tage aktivieren", ask: "lizenz-365" },
  DEVICE_SLOT: { action: "ADD_DEVICE_SLOT", button: "Gerät hinzufügen", ask: "geraete-slot" },
};
