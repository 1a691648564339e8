import { z } from "zod";
import { nonce, plainText } from "~/billing/schemas.server";
import { cents, reason } from "./texts.server";

/** «Rückerstatten»: how much, why, and which click. */
export const refundForm = z.object({ betrag: cents, grund: reason, nonce });

/** «Nochmals senden». */
export const resendForm = z.object({ refund: plainText(100) });

/** «Prüfung abschliessen». */
export const reviewForm = z.object({ grund: reason });

/** What the page of an order asks, and what it was told just now. */
export const deskQuery = z.object({
  bestaetigen: z.enum(["rueckerstatten", "pruefung"]).optional().catch(undefined),
  betrag: z.string().max(200).optional().catch("?"),
  grund: z.string().max(600).optional().catch(undefined),
  erledigt: z.literal("pruefung").optional().catch(undefined),
  /** The refund that was asked for just now: what became of it stands in its own row. */
  auftrag: plainText(100).optional().catch(undefined),
});

/** The amount that a preview is about, in cents; what is wrong with it otherwise. */
export function readAmount(text: string | undefined, most: number): { amount: number } | { fault: string } {
  if (text === undefined) return { amount: most };
  const result = cents.safeParse(text);
  if (!result.success) return { fault: result.error.issues[0]?.message ?? "" };
  return { amount: result.data };
}
