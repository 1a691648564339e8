import { type CreditType, type Grants, grantedCredits } from "./credit-types";

/** The part of a SKU that decides how it compares with the others. Amounts in cents. */
export interface OfferInput extends Grants {
  id: string;
  currency: string;
  amountCents: number;
}

/**
 * How one SKU compares with buying the single packs.
 * `kind` is the tab it stands on: the type it grants, or the first one for a mixed pack.
 */
export interface Offer<S extends OfferInput> {
  sku: S;
  kind: CreditType;
  /** Set for a pack of one type; a mixed pack has no unit. */
  unit: { quantity: number; centsEach: number } | null;
  /** Cents saved against buying `unit.quantity` single packs of the same type and currency, 0 if nothing. */
  savedCents: number;
  /** From how many single packs on this pack is cheaper; null without a saving. */
  worthFrom: number | null;
  /** The best saving of its tab, the one that is highlighted. */
  best: boolean;
}

/** Compares SKUs with each other; keeps their order. Savings come from the single pack of same type and currency only. */
export function compareOffers<S extends OfferInput>(skus: readonly S[]): Offer<S>[] {
  const offers = skus.map((sku) => compare(sku, skus));
  for (const kind of new Set(offers.map((offer) => offer.kind))) {
    const rivals = offers.filter((offer) => offer.kind === kind && offer.savedCents > 0);
    const best = rivals.reduce<Offer<S> | null>((top, it) => (top && top.savedCents >= it.savedCents ? top : it), null);
    if (best) best.best = true;
  }
  return offers;
}

function compare<S extends OfferInput>(sku: S, all: readonly S[]): Offer<S> {
  const credits = grantedCredits(sku);
  const [first, ...others] = credits;
  const kind = first?.type ?? "LICENSE_30D";
  if (!first || others.length > 0) return { sku, kind, unit: null, savedCents: 0, worthFrom: null, best: false };

  const unit = { quantity: first.quantity, centsEach: Math.round(sku.amountCents / first.quantity) };
  const single = singlePackCents(all, first.type, sku.currency);
  const savedCents = single === null ? 0 : Math.max(0, single * first.quantity - sku.amountCents);
  const worthFrom = single !== null && savedCents > 0 ? Math.floor(sku.amountCents / single) + 1 : null;
  return { sku, kind, unit, savedCents, worthFrom, best: false };
}

function singlePackCents(skus: readonly OfferInput[], type: CreditType, currency: string): number | null {
  const prices = skus
    .filter((sku) => sku.currency === currency)
    .filter((sku) => {
      const credits = grantedCredits(sku);
      return credits.length === 1 && credits[0]?.type === type && credits[0].quantity === 1;
    })
    .map((sku) => sku.amountCents);
  return prices.length > 0 ? Math.min(...prices) : null;
}
