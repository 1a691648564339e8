import { type Country, isCountry } from "./countries";
import { looksLikeUid, readVatNumber } from "./vat-number";

/** The fields as typed, in the order of the form. */
export interface AccountingValues {
  legalName: string;
  street: string;
  postalCode: string;
  city: string;
  country: string;
  vatNumber: string;
  contactName: string;
  contactEmail: string;
  contactPhone: string;
}

/** Longest values in characters; what Stripe takes (names 256, phone 20, metadata 500) is never less. */
const LONGEST: Record<keyof AccountingValues, number> = {
  legalName: 200,
  street: 200,
  postalCode: 20,
  city: 100,
  country: 2,
  vatNumber: 40,
  contactName: 200,
  contactEmail: 254,
  contactPhone: 20,
};

/** What must be there, and what to say if it is not. */
const REQUIRED: Partial<Record<keyof AccountingValues, string>> = {
  legalName: "Geben Sie den Firmennamen ein.",
  street: "Geben Sie Strasse und Nummer ein.",
  city: "Geben Sie den Ort ein.",
};

const FOUR_DIGITS = { shape: /^\d{4}$/, sentence: "Geben Sie eine PLZ mit 4 Ziffern ein." };
const FIVE_DIGITS = { shape: /^\d{5}$/, sentence: "Geben Sie eine PLZ mit 5 Ziffern ein." };
const POSTAL_CODE: Record<Country, { shape: RegExp; sentence: string }> = {
  CH: FOUR_DIGITS,
  LI: FOUR_DIGITS,
  AT: FOUR_DIGITS,
  DE: FIVE_DIGITS,
  FR: FIVE_DIGITS,
  IT: FIVE_DIGITS,
  US: { shape: /^\d{5}(-\d{4})?$/, sentence: "Geben Sie eine PLZ wie 10001 oder 10001-1234 ein." },
  GB: { shape: /\S/, sentence: "Geben Sie die PLZ ein." },
};

const WRONG_UID = "Diese UID stimmt nicht. Prüfen Sie die Ziffern.";
const VAT_NUMBER: Record<Country, string> = {
  CH: WRONG_UID,
  LI: "Geben Sie eine Nummer wie 12345 oder eine UID ein.",
  DE: "Geben Sie eine Nummer wie DE123456789 ein.",
  AT: "Geben Sie eine Nummer wie ATU12345678 ein.",
  FR: "Geben Sie eine Nummer wie FR12345678901 ein.",
  IT: "Geben Sie eine Nummer wie IT12345678901 ein.",
  GB: "Geben Sie eine Nummer wie GB123456789 ein.",
  US: "Geben Sie eine Nummer wie 12-3456789 ein.",
};

/** ASCII only, as Stripe and most mail servers take it; dots alone and at the edges are none. */
const EMAIL =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/i;
const PHONE = /^(?=(\D*\d){5})\+?[\d ()/.-]+$/;
/** Control characters, line separators, and what turns the direction of text around. */
const INVISIBLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** What is wrong with which field of the form, in its order. Nothing: it can be saved. */
export function accountingProblems(form: AccountingValues): Partial<Record<keyof AccountingValues, string>> {
  const problems: Partial<Record<keyof AccountingValues, string>> = {};
  for (const field of Object.keys(LONGEST) as Array<keyof AccountingValues>) {
    const problem = basicProblem(form, field) ?? shapeProblem(form, field);
    if (problem) problems[field] = problem;
  }
  return problems;
}

/** What every text must be. The country is chosen from a list, and says so itself. */
function basicProblem(form: AccountingValues, field: keyof AccountingValues): string | null {
  const text = form[field];
  if (field === "country") return null;
  if (text.length > LONGEST[field]) return `Kürzen Sie die Angabe auf ${LONGEST[field]} Zeichen.`;
  if (INVISIBLE.test(text)) return "Entfernen Sie unsichtbare Zeichen, zum Beispiel Tabulatoren.";
  return text === "" ? (REQUIRED[field] ?? null) : null;
}

function shapeProblem(form: AccountingValues, field: keyof AccountingValues): string | null {
  const { postalCode, country, vatNumber, contactEmail, contactPhone } = form;
  // Before a country is chosen, what depends on it is read as if it were Switzerland.
  const where = isCountry(country) ? country : "CH";
  switch (field) {
    case "postalCode":
      return POSTAL_CODE[where].shape.test(postalCode) ? null : POSTAL_CODE[where].sentence;
    case "country":
      return isCountry(country) ? null : "Wählen Sie ein Land aus der Liste.";
    case "vatNumber":
      if (vatNumber === "" || readVatNumber(vatNumber, where)) return null;
      return where === "LI" && looksLikeUid(vatNumber) ? WRONG_UID : VAT_NUMBER[where];
    case "contactEmail":
      return contactEmail === "" || EMAIL.test(contactEmail)
        ? null
        : "Geben Sie eine E-Mail-Adresse wie name@firma.ch ein.";
    case "contactPhone":
      return contactPhone === "" || PHONE.test(contactPhone)
        ? null
        : "Geben Sie eine Telefonnummer wie +41 44 123 45 67 ein.";
    default:
      return null;
  }
}
