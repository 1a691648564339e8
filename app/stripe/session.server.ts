import { z } from "zod";

/** The mark on everything this app makes at Stripe; what lacks it belongs to somebody else on the same account. */
export const APP_MARK = "leadradar-billing";

const idOrObject = z
  .union([z.string(), z.object({ id: z.string() }).transform((object) => object.id)])
  .nullish()
  .transform((id) => id ?? null);
const cents = z.number().int().nullish();

const sessionSchema = z.object({
  id: z.string().min(1),
  object: z.literal("checkout.session"),
  mode: z.string(),
  payment_status: z.string(),
  currency: z.string().nullish(),
  amount_subtotal: cents,
  amount_total: cents,
  client_reference_id: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  payment_intent: idOrObject,
  total_details: z.object({ amount_discount: cents, amount_shipping: cents, amount_tax: cents }).nullish(),
  line_items: z.object({ data: z.array(z.object({ price: idOrObject })) }).nullish(),
});

/** What we read of a Checkout session, whatever the API version that wrote it. Amounts in cents, currency upper case. */
export interface PaidSession {
  id: string;
  paymentStatus: string;
  currency: string | null;
  amountSubtotal: number | null;
  amountTotal: number | null;
  discount: number;
  shipping: number;
  tax: number;
  paymentIntentId: string | null;
  clientReferenceId: string | null;
  orderId: string | null;
  tenantId: string | null;
  skuId: string | null;
  /** The prices of the line items, where the payload carries them. */
  priceIds: string[] | null;
}

/**
 * Reads a session object. "foreign": not ours (no mark, or not a one-time payment); "garbled": ours by its type but not
 * readable as a session.
 */
export function readSession(object: unknown): PaidSession | "foreign" | "garbled" {
  const marked = z.object({ metadata: z.object({ app: z.literal(APP_MARK) }) }).safeParse(object).success;
  if (!marked) return "foreign";
  const result = sessionSchema.safeParse(object);
  if (!result.success) return "garbled";
  const session = result.data;
  if (session.mode !== "payment") return "foreign";
  return {
    id: session.id,
    paymentStatus: session.payment_status,
    currency: session.currency?.toUpperCase() ?? null,
    amountSubtotal: session.amount_subtotal ?? null,
    amountTotal: session.amount_total ?? null,
    discount: session.total_details?.amount_discount ?? 0,
    shipping: session.total_details?.amount_shipping ?? 0,
    tax: session.total_details?.amount_tax ?? 0,
    paymentIntentId: session.payment_intent,
    clientReferenceId: session.client_reference_id ?? null,
    orderId: session.metadata?.orderId ?? session.client_reference_id ?? null,
    tenantId: session.metadata?.tenantId ?? null,
    skuId: session.metadata?.skuId ?? null,
    priceIds: session.line_items?.data.flatMap((item) => (item.price ? [item.price] : [])) ?? null,
  };
}
