import type { Country } from "./countries";

/** A tax id as Stripe takes it (docs.stripe.com/billing/customer/tax-ids). */
export interface StripeTaxId {
  type: "ch_vat" | "ch_uid" | "li_vat" | "li_uid" | "eu_vat" | "gb_vat" | "us_ein";
  value: string;
}

/** The weights of the first eight digits of a UID (eCH-0097); the ninth is the check digit, modulo 11. */
const UID_WEIGHTS = [5, 4, 3, 2, 7, 6, 5, 4];
const UID = /^CHE(\d{3})(\d{3})(\d{3})(MWST|TVA|IVA)?$/;

/** What a number of these countries looks like without its prefix; their check digits are left to their offices. */
const SHAPES: Record<"DE" | "AT" | "FR" | "IT" | "GB", RegExp> = {
  DE: /^\d{9}$/,
  AT: /^U\d{8}$/,
  FR: /^[0-9A-HJ-NP-Z]{2}\d{9}$/,
  IT: /^\d{11}$/,
  GB: /^(\d{9}|\d{12}|GD\d{3}|HA\d{3})$/,
};

/**
 * Reads a UID, MWST or VAT number of a country in any usual notation: spaces, dots, hyphens and case do not matter, and the
 * country's prefix may be missing abroad. Null when it is none: wrong shape, or a UID whose check digit is wrong.
 * A Swiss one becomes `CHE-123.456.788`, with ` MWST` behind it if it was given (TVA and IVA are the same in other languages).
 */
export function readVatNumber(text: string, country: Country): string | null {
  const plain = text.toUpperCase().replaceAll(/[\s.‐-–-]/g, "");
  switch (country) {
    case "CH":
      return readUid(plain);
    case "LI":
      return /^\d{5}$/.test(plain) ? plain : readUid(plain);
    case "US":
      return /^\d{9}$/.test(plain) ? `${plain.slice(0, 2)}-${plain.slice(2)}` : null;
    default: {
      const number = plain.startsWith(country) ? plain.slice(2) : plain;
      return SHAPES[country].test(number) ? `${country}${number}` : null;
    }
  }
}

/** Whether it is meant as a UID, right or wrong; where there are others, too, the reason differs. */
export function looksLikeUid(text: string): boolean {
  return /^\s*che/i.test(text);
}

/** What Stripe is told of a number that `readVatNumber` gave. A UID alone does not say that its owner pays MWST. */
export function stripeTaxId(number: string, country: Country): StripeTaxId {
  if (country === "US") return { type: "us_ein", value: number };
  if (country === "GB") return { type: "gb_vat", value: number };
  if (country !== "CH" && country !== "LI") return { type: "eu_vat", value: number };
  if (/^\d/.test(number)) return { type: "li_vat", value: number };
  if (number.endsWith("MWST")) return { type: "ch_vat", value: number };
  return country === "LI"
    ? { type: "li_uid", value: number.replaceAll(/[-.]/g, "") }
    : { type: "ch_uid", value: number };
}

function readUid(plain: string): string | null {
  const found = UID.exec(plain);
  if (!found) return null;
  const [, first = "", second = "", third = "", suffix] = found;
  const digits = [...`${first}${second}${third}`].map(Number);
  const sum = UID_WEIGHTS.reduce((total, weight, i) => total + weight * (digits[i] ?? 0), 0);
  // A remainder of 1 would ask for a check digit of 10: such numbers are never given out.
  if ((11 - (sum % 11)) % 11 !== digits[8]) return null;
  return `CHE-${first}.${second}.${third}${suffix ? " MWST" : ""}`;
}
