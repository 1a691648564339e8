import { z } from "zod";
import { nonce, plainText } from "~/billing/schemas.server";
import type { SkuTerms } from "./catalogue.server";
import { line, optionalLine, wholeNumber } from "./texts.server";

const NO_PRICE = "Wählen Sie einen Stripe-Preis, oder geben Sie seine ID ein.";
const count = wholeNumber(0, 1_000).default(0);

/** A SKU as its form sends it. `preisId`, typed by hand, goes before `preis`, picked from the list. */
export const skuForm = z
  .object({
    name: line(120, "Geben Sie einen Namen ein."),
    beschreibung: optionalLine(300),
    preis: z.string().trim().max(255, NO_PRICE).default(""),
    preisId: z.string().trim().max(255, NO_PRICE).default(""),
    license30d: count,
    license365d: count,
    slots: count,
    tage: wholeNumber(1, 3_650),
    aktiv: z.literal("1").optional(),
    version: z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number)
      .optional(),
    nonce,
  })
  .refine((it) => /^price_\w+$/.test(it.preisId || it.preis), { path: ["preis"], message: NO_PRICE })
  .refine((it) => it.license30d + it.license365d + it.slots > 0, {
    path: ["license30d"],
    message: "Mindestens ein Credit muss enthalten sein.",
  });

/** What a form says about a SKU. */
export function termsOf(form: z.infer<typeof skuForm>): SkuTerms {
  return {
    name: form.name,
    description: form.beschreibung,
    stripePriceId: form.preisId || form.preis,
    grantLicense30d: form.license30d,
    grantLicense365d: form.license365d,
    grantDeviceSlots: form.slots,
    creditExpiresInDays: form.tage,
    active: form.aktiv === "1",
  };
}

/** A button of the list: which SKU. */
export const skuIdForm = z.object({ skuId: plainText(100) });

/** What a page was told just now, and what it asks. */
export const skuQuery = z.object({
  erledigt: z.enum(["angelegt", "gespeichert", "weg", "frei", "abgeglichen"]).optional().catch(undefined),
  bestaetigen: z.literal("weg").optional().catch(undefined),
  sku: z.string().max(100).optional().catch(undefined),
});
