import { CREDIT_TYPES, type CreditType, LICENCE_DAYS } from "~/billing/credit-types";
import type { Activation, afterSpending } from "~/billing/licences.server";
import type { Overview } from "~/billing/overview.server";
import { formatDateTime, formatLastDay, formatPack } from "./format";
import type { ToastContent } from "./toast";
import { CREDIT_NAME, SPENDING } from "./words.de";

/** What is asked before a credit is spent. */
export interface SpendingQuestion {
  type: CreditType;
  title: string;
  text: string;
}

type Preview = ReturnType<typeof afterSpending> & { lotExpiresAt: Date };

/** The type that `?bestaetigen=` asks about; null for another word. */
export function askedType(ask: string | null): CreditType | null {
  return CREDIT_TYPES.find((type) => SPENDING[type].ask === ask) ?? null;
}

/** What spending one credit leads to, said before the click. Run by the loader. */
export function spendingQuestion(
  { entitlement }: Pick<Overview, "entitlement">,
  type: CreditType,
  { validUntil, maxDevices, lotExpiresAt }: Preview,
): SpendingQuestion {
  const days = LICENCE_DAYS[type];
  const spent = `Verbraucht wird 1 Credit, gültig bis und mit ${formatLastDay(lotExpiresAt)}. Das lässt sich nicht rückgängig machen.`;
  if (!validUntil) {
    const text = `Danach können ${maxDevices} Geräte aktiv sein. ${spent}`;
    return { type, title: "Geräte-Slot hinzufügen?", text };
  }
  const title = entitlement.isActive ? `Lizenz um ${days} Tage verlängern?` : `Lizenz für ${days} Tage aktivieren?`;
  return { type, title, text: `Gültig bis neu: ${formatDateTime(validUntil)}. ${spent}` };
}

/** What an activation came to, after the click. */
export function activationToast({ validUntil, maxDevices }: Activation): ToastContent {
  if (validUntil) {
    return { tone: "positive", title: "Lizenz verlängert", text: `Gültig bis ${formatDateTime(validUntil)}.` };
  }
  const devices = maxDevices === 1 ? "1 Gerät" : `${maxDevices} Geräte`;
  return { tone: "positive", title: "Geräte-Slot hinzugefügt", text: `Sie können jetzt ${devices} nutzen.` };
}

/** What was granted, as a sentence: "2 × 30 Tage sind gutgeschrieben, gültig bis und mit 22.11.2027." */
export function grantedSentence(credits: Array<{ type: CreditType; quantity: number }>, expiresAt: Date): string {
  const packs = credits.map(({ type, quantity }) => formatPack(quantity, CREDIT_NAME[type]));
  const verb = credits.length === 1 && credits[0]?.quantity === 1 ? "ist" : "sind";
  return `${packs.join(", ")} ${verb} gutgeschrieben, gültig bis und mit ${formatLastDay(expiresAt)}.`;
}
