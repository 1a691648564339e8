import { z } from "zod";
import { CREDIT_TYPES, SPENDING_ACTIONS, type SpendingAction } from "./credit-types";
import { parseMoment } from "./expiry";
import { LEDGER_REASONS } from "./ledger-reasons";

const REQUIRED = "Diese Angabe fehlt oder stimmt nicht.";

/** No control characters: PostgreSQL cannot hold U+0000 in text, and no name or id of ours has one. */
export const plainText = (max: number) =>
  z
    .string({ message: REQUIRED })
    .min(1, REQUIRED)
    .max(max, REQUIRED)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is the point
    .regex(/^[^\u0000-\u001f\u007f]*$/, REQUIRED);

export const loginForm = z.object({
  email: plainText(320),
  password: z.string({ message: REQUIRED }).min(1, REQUIRED).max(1_000, REQUIRED),
  redirectTo: z.string().max(2_000).optional(),
});

/** What the client may say about a purchase: which SKU, and which click. Price and grants come from the database. */
export const buyForm = z.object({ skuId: plainText(100), nonce: plainText(100).min(8, REQUIRED) });

export const checkoutBody = z.object({ skuId: plainText(100) });

const ACTIONS = Object.keys(SPENDING_ACTIONS) as [SpendingAction, ...SpendingAction[]];

export const nonce = plainText(100).min(8, REQUIRED);

export const consumeBody = z.object({ action: z.enum(ACTIONS, { message: REQUIRED }) });

const couponCode = plainText(200).refine((code) => code.trim() !== "", "Geben Sie einen Code ein.");

export const redeemBody = z.object({ code: couponCode });

/** The forms of the overview: spend one credit, or redeem a code. */
export const spendingForm = z.discriminatedUnion("intent", [
  z.object({ intent: z.literal("consume"), action: z.enum(ACTIONS, { message: REQUIRED }), nonce }),
  z.object({ intent: z.literal("redeem"), code: couponCode, nonce }),
]);

/** Which devices, and what is asked of one of them: `?bestaetigen=…&geraet=…`; `geaendert` was changed just now. */
export const deviceQuery = z.object({
  cursor: z.string().optional(),
  bestaetigen: z.string().optional(),
  geraet: plainText(100).optional(),
  geaendert: plainText(100).optional(),
});

const deviceName = z
  .string({ message: REQUIRED })
  .trim()
  .min(1, "Geben Sie einen Namen ein.")
  .max(80, "Der Name darf höchstens 80 Zeichen haben.")
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, "Der Name darf keine Steuerzeichen enthalten.")
  // Blanks of no width would be a name that nobody can read or click.
  .regex(/^$|[^\s\p{Cf}]/u, "Geben Sie einen Namen ein.");

/** "Gerät erfassen": what it is called, and which click. */
export const newDeviceForm = z.object({ name: deviceName, nonce });

/** Blocks a device, or lets it work again. */
export const deviceForm = z.object({
  intent: z.enum(["disable", "enable"], { message: REQUIRED }),
  deviceId: plainText(100),
});

/** `?cursor=` and `?limit=` of every list of the API. */
export const listQuery = z.object({
  cursor: z.string().optional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, "Eine Zahl von 1 bis 100.")
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 100, "Eine Zahl von 1 bis 100.")
    .default(50),
});

const moment = z.string().transform((text, context) => {
  const found = parseMoment(text);
  if (found) return found;
  context.addIssue({ code: "custom", message: "Geben Sie ein Datum wie 22.11.2026 ein." });
  return z.NEVER;
});

/** The filter of the statement, for the page, the API and the CSV. Days are meant from their beginning to their end. */
export const statementQuery = listQuery
  .extend({
    type: z.enum(CREDIT_TYPES, { message: REQUIRED }).optional(),
    reason: z.enum(LEDGER_REASONS, { message: REQUIRED }).optional(),
    from: moment.optional(),
    to: moment.optional(),
    at: moment.optional(),
    lot: plainText(100).optional(),
  })
  .refine(({ from, to }) => !from || !to || from.start < to.end, {
    path: ["to"],
    message: "Das Ende liegt vor dem Anfang.",
  });
