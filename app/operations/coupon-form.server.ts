import { z } from "zod";
import { parseMoment } from "~/billing/expiry";
import { nonce, plainText } from "~/billing/schemas.server";
import { COUPON_STATES, type CouponWish } from "./coupon-codes.server";
import { optionalLine, wholeNumber } from "./texts.server";

const count = wholeNumber(0, 10_000).default(0);

const day = z
  .string()
  .optional()
  .transform((text, context) => {
    if (!text?.trim()) return null;
    const found = parseMoment(text);
    if (found) return found;
    context.addIssue({ code: "custom", message: "Geben Sie ein Datum wie 22.11.2026 ein." });
    return z.NEVER;
  });

/** «Code anlegen»: a code of one's own or generated ones, what they grant, when and how often. */
export const couponForm = z
  .object({
    code: z
      .string()
      .optional()
      .transform((text) => text?.trim().toUpperCase() || null)
      .refine(
        (code) => code === null || /^[A-Z0-9-]{4,40}$/.test(code),
        "4 bis 40 Buchstaben, Ziffern und Bindestriche.",
      ),
    anzahl: wholeNumber(1, 1_000).default(1),
    license30d: count,
    license365d: count,
    slots: count,
    tage: wholeNumber(1, 3_650),
    hoechstens: z
      .string()
      .optional()
      .transform((text) => text?.trim() || undefined)
      .pipe(wholeNumber(1, 999_999).optional()),
    von: day,
    bis: day,
    partner: optionalLine(120),
    nonce,
  })
  .refine((it) => it.license30d + it.license365d + it.slots > 0, {
    path: ["license30d"],
    message: "Mindestens ein Credit muss enthalten sein.",
  })
  .refine((it) => !it.von || !it.bis || it.von.start < it.bis.end, {
    path: ["bis"],
    message: "Das Ende liegt vor dem Anfang.",
  })
  .refine((it) => it.code === null || it.anzahl === 1, {
    path: ["anzahl"],
    message: "Einen eigenen Code gibt es einmal. Lassen Sie den Code leer, um mehrere anzulegen.",
  });

/** What a form wants. */
export function wishOf(form: z.infer<typeof couponForm>): CouponWish {
  return {
    code: form.code,
    count: form.anzahl,
    terms: {
      grantLicense30d: form.license30d,
      grantLicense365d: form.license365d,
      grantDeviceSlots: form.slots,
      creditExpiresInDays: form.tage,
      maxRedemptions: form.hoechstens ?? null,
      validFrom: form.von?.start ?? null,
      validUntil: form.bis?.end ?? null,
      partner: form.partner,
    },
  };
}

/** Which codes the list shows, and the file of a batch. */
export const couponQuery = z.object({
  cursor: z.string().optional(),
  status: z.enum(COUPON_STATES, { message: "Diesen Stand gibt es nicht." }).optional(),
  partner: plainText(120).optional(),
  batch: plainText(200).optional(),
  suche: plainText(100).optional(),
});

/** A code's own page, and that of a batch. `cursor` pages the redemptions. */
export const couponDeskQuery = z.object({
  cursor: z.string().optional(),
  bestaetigen: z.literal("aus").optional().catch(undefined),
  erledigt: z.enum(["angelegt", "aus", "ein"]).optional().catch(undefined),
});
