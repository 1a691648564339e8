import { z } from "zod";

const BIDI = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/;

/**
 * A line that people type and others read: trimmed, no control characters, no marks that turn the reading direction, which could make one
 * name look like another. Markup and formulas are text like any other. `empty`: the sentence for a missing one.
 */
export function line(max: number, empty: string) {
  return z
    .string({ message: empty })
    .trim()
    .min(1, empty)
    .max(max, `Höchstens ${max} Zeichen.`)
    .refine((text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text), "Steuerzeichen sind nicht erlaubt.")
    .refine((text) => !BIDI.test(text), "Zeichen, die die Schreibrichtung ändern, sind nicht erlaubt.")
    .refine((text) => text === "" || /[^\s\p{Cf}]/u.test(text), empty);
}

/** A line that may be left empty: null then. */
export function optionalLine(max: number) {
  return z
    .string()
    .optional()
    .transform((text) => text?.trim() || null)
    .pipe(line(max, "").nullable());
}

/** Why somebody does something that others must be able to understand later. */
export const reason = line(500, "Geben Sie den Grund an.").min(3, "Geben Sie den Grund mit mindestens 3 Zeichen an.");

/** A whole number in a text field. `words`: what is wrong with anything else. */
export function wholeNumber(min: number, max: number, words = `Eine ganze Zahl von ${min} bis ${max}.`) {
  return z
    .string({ message: words })
    .trim()
    .regex(/^[+-]?\d{1,6}$/, words)
    .transform(Number)
    .refine((value) => value >= min && value <= max, words);
}

/**
 * An amount in francs as people write it, in cents: 145, 145.00, 145,00, 1'197.00, 1’197.00. Anything else is refused: a misread amount is
 * money.
 */
export const cents = z
  .string({ message: "Geben Sie einen Betrag wie 145.00 ein." })
  .trim()
  .regex(/^(\d{1,7}|\d{1,3}(['’]\d{3}){1,2})([.,]\d{2})?$/, "Geben Sie einen Betrag wie 145.00 ein.")
  .transform((text) => {
    const [francs = "0", rest = "00"] = text.replaceAll(/['’]/g, "").split(/[.,]/);
    return Number(francs) * 100 + Number(rest);
  })
  .refine((amount) => amount > 0, "Geben Sie einen Betrag über 0 ein.");
