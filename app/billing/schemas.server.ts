import { z } from "zod";

const REQUIRED = "Diese Angabe fehlt oder stimmt nicht.";

/** No control characters: PostgreSQL cannot hold U+0000 in text, and no name or id of ours has one. */
const plainText = (max: number) =>
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
