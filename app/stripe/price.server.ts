import type Stripe from "stripe";
import { expectObject } from "./payment.server";

/** Somebody waits for the answer. */
const PATIENCE = { timeout: 4_000, maxNetworkRetries: 1 } as const;
/** More prices than this make no list to choose from; the others are named by their id. */
const MOST_PRICES = 300;

/** A price as Stripe has it now. Amount in cents, null for one that is not fixed; currency upper case. */
export interface PriceReading {
  id: string;
  productName: string;
  amountCents: number | null;
  currency: string;
  active: boolean;
  recurring: boolean;
}

/** One price; null when Stripe has none of this id. Throws what the client throws, and `StripeAnswerError`. */
export async function readPrice(stripe: Stripe, priceId: string): Promise<PriceReading | null> {
  try {
    const price = await stripe.prices.retrieve(priceId, { expand: ["product"] }, PATIENCE);
    expectObject(price, "price");
    return reading(price);
  } catch (error) {
    const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
    if (code === "resource_missing" && statusCode === 404) return null;
    throw error;
  }
}

/** The prices that something can be sold for once, newest first. Throws as `readPrice`. */
export async function listPrices(stripe: Stripe): Promise<PriceReading[]> {
  const found: PriceReading[] = [];
  let after: string | undefined;
  do {
    const page = await stripe.prices.list(
      {
        active: true,
        type: "one_time",
        limit: 100,
        expand: ["data.product"],
        ...(after ? { starting_after: after } : {}),
      },
      PATIENCE,
    );
    expectObject(page, "list");
    found.push(...page.data.map(reading));
    after = page.has_more ? page.data.at(-1)?.id : undefined;
  } while (after && found.length < MOST_PRICES);
  return found;
}

function reading(price: Stripe.Price): PriceReading {
  const { product } = price;
  const named = typeof product === "object" && !product.deleted ? product : null;
  return {
    id: price.id,
    productName: named?.name ?? "",
    amountCents: price.unit_amount,
    currency: price.currency.toUpperCase(),
    active: price.active && (named?.active ?? true),
    recurring: price.type === "recurring",
  };
}
