import type { AccountingState } from "~/billing/accounting.server";
import { COUNTRIES, type Country, isCountry } from "~/billing/countries";
import type { ToastContent } from "./toast";

const COUNTRY_NAME: Record<Country, string> = {
  CH: "Schweiz",
  LI: "Liechtenstein",
  DE: "Deutschland",
  AT: "Österreich",
  FR: "Frankreich",
  IT: "Italien",
  GB: "Vereinigtes Königreich",
  US: "Vereinigte Staaten",
};

/** The countries to choose from. A tenant from elsewhere has chosen none of them yet. */
export function countryOptions(current: string): Array<[value: string, word: string]> {
  const names = COUNTRIES.map((code): [string, string] => [code, COUNTRY_NAME[code]]);
  return isCountry(current) ? names : [["", "Bitte wählen"], ...names];
}

/**
 * What to say after "Speichern". The address says only that somebody comes from there, and whether Stripe took the number;
 * that it was saved, by this person, and that Stripe knows, says the database.
 */
export function savedToast(query: string | null, state: AccountingState, userId: string): ToastContent | null {
  if (query === null || state.savedBy !== userId) return null;
  if (state.stripeWaits) {
    const text = "Stripe ist gerade nicht erreichbar. Die Angaben folgen vor dem nächsten Kauf.";
    return { tone: "notice", title: "Gespeichert", text };
  }
  if (query === "ohne-nummer" && state.values.vatNumber) {
    const text = "Stripe nimmt die UID/MWST-Nummer nicht an. Neue Belege verwenden die übrigen Angaben.";
    return { tone: "notice", title: "Gespeichert", text };
  }
  return { tone: "positive", title: "Gespeichert", text: "Neue Belege verwenden diese Angaben." };
}
