import type { AccountingState } from "~/billing/accounting.server";
import type { AccountingValues } from "~/billing/accounting-form";
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

/** The countries to choose from, by name. */
export const COUNTRY_OPTIONS = COUNTRIES.map((code): [string, string] => [code, COUNTRY_NAME[code]]);

/** A field as the form draws it; `options` makes it a choice. */
export interface FieldWords {
  name: keyof AccountingValues;
  label: string;
  autoComplete: string;
  type?: string;
  hint?: string;
  optional?: boolean;
  options?: Array<[value: string, word: string]>;
  /** How much of a line it takes where there is room; the whole of it if nothing is said. */
  className?: string;
}

/** The form's groups, for a tenant with this country; one from elsewhere has not chosen yet. */
export function accountingGroups(country: string): Array<{ title: string; fields: FieldWords[] }> {
  const options: Array<[string, string]> = isCountry(country)
    ? COUNTRY_OPTIONS
    : [["", "Bitte wählen"], ...COUNTRY_OPTIONS];
  return [
    {
      title: "Firma",
      fields: [
        { name: "legalName", label: "Firma", autoComplete: "organization" },
        { name: "street", label: "Strasse und Nummer", autoComplete: "address-line1" },
        { name: "postalCode", label: "PLZ", autoComplete: "postal-code", className: "sm:col-span-1" },
        { name: "city", label: "Ort", autoComplete: "address-level2", className: "sm:col-span-2" },
        { name: "country", label: "Land", autoComplete: "country", options },
      ],
    },
    {
      title: "MWST",
      fields: [
        {
          name: "vatNumber",
          label: "UID/MWST-Nummer",
          hint: "Zum Beispiel CHE-123.456.788 MWST",
          optional: true,
          autoComplete: "off",
        },
      ],
    },
    {
      title: "Kontakt",
      fields: [
        { name: "contactName", label: "Name", optional: true, autoComplete: "name" },
        { name: "contactEmail", label: "E-Mail", optional: true, autoComplete: "email", type: "email" },
        { name: "contactPhone", label: "Telefon", optional: true, autoComplete: "tel", type: "tel" },
      ],
    },
  ];
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
