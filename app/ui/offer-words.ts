import { CREDIT_TYPES, type CreditType, type Grants, grantedCredits } from "~/billing/credit-types";
import { compareOffers, type Offer } from "~/billing/offers";
import { formatAmount, formatMoney, formatPack } from "./format";
import { CREDIT_NAME, CREDIT_PHRASE, CREDIT_TAB } from "./words.de";

/** What is read of a SKU; a whole row has more, which is nobody's business outside. */
interface ShopSku extends Grants {
  id: string;
  name: string;
  description: string | null;
  currency: string;
  amountCents: number;
  creditExpiresInDays: number;
}

/** What "Kaufen" sends and says. */
export interface Buyable {
  id: string;
  name: string;
  /** Amount with currency. */
  money: string;
}

/** A package as its card says it. */
export interface PackageWords extends Buyable {
  description: string | null;
  /** The tab that it stands on. */
  kind: CreditType;
  /** Whether it has the best saving of its tab. */
  best: boolean;
  currency: string;
  amount: string;
  perUnit: string;
  savings: string | null;
  contents: string[];
}

/** The packages for their page, worded where the rows are: the browser gets what it shows. Run by the loader. */
export function packageWords(skus: readonly ShopSku[]): PackageWords[] {
  return compareOffers(skus).map((offer) => {
    const { sku, kind, best } = offer;
    return {
      ...buyable(sku),
      description: sku.description,
      kind,
      best,
      currency: sku.currency,
      amount: formatAmount(sku.amountCents),
      perUnit: perUnit(offer),
      savings: savings(offer),
      contents: contents(offer),
    };
  });
}

/** The packages as short lines under one heading per type. */
export interface PriceListWords {
  intro: string;
  columns: Array<{ type: CreditType; title: string; lines: PriceLineWords[] }>;
}

/** A package as a line of the price list. */
export interface PriceLineWords extends Buyable {
  pack: string;
  saved: string | null;
}

/** The packages for the overview; null when none is on sale. Run by the loader. */
export function priceListWords(skus: readonly ShopSku[]): PriceListWords | null {
  if (skus.length === 0) return null;
  const offers = compareOffers(skus);
  const columns = CREDIT_TYPES.map((type) => ({
    type,
    title: CREDIT_TAB[type].name,
    lines: offers.filter((offer) => offer.kind === type).map(priceLine),
  }));
  return { intro: priceListIntro(skus), columns: columns.filter((column) => column.lines.length > 0) };
}

function priceLine({ sku, kind, unit, savedCents }: Offer<ShopSku>): PriceLineWords {
  return {
    ...buyable(sku),
    pack: unit ? formatPack(unit.quantity, CREDIT_NAME[kind]) : sku.name,
    saved: savedCents > 0 ? `${formatMoney(savedCents, sku.currency)} gespart` : null,
  };
}

function priceListIntro(skus: readonly ShopSku[]): string {
  const [days, ...others] = new Set(skus.map((sku) => sku.creditExpiresInDays));
  const validity = others.length === 0 ? ` Credits sind ab Zahlung ${days} Tage einlösbar.` : "";
  return `Einmalzahlung über Stripe.${validity}`;
}

function buyable({ id, name, amountCents, currency }: ShopSku): Buyable {
  return { id, name, money: formatMoney(amountCents, currency) };
}

function perUnit({ sku, unit, kind }: Offer<ShopSku>): string {
  if (!unit || unit.quantity === 1) return "einmalig";
  return `${formatMoney(unit.centsEach, sku.currency)} pro ${kind === "DEVICE_SLOT" ? "Slot" : "Lizenz"}`;
}

function savings({ sku, savedCents, unit }: Offer<ShopSku>): string | null {
  if (savedCents === 0 || !unit) return null;
  return `Spare ${formatMoney(savedCents, sku.currency)} gegenüber ${unit.quantity}× Einzelkauf`;
}

function contents({ sku, worthFrom, kind }: Offer<ShopSku>): string[] {
  return [
    ...grantedCredits(sku).map(({ type, quantity }) => formatPack(quantity, CREDIT_PHRASE[type])),
    `${sku.creditExpiresInDays} Tage einlösbar`,
    ...(worthFrom === null ? [] : [`Lohnt sich ab ${worthFrom} ${kind === "DEVICE_SLOT" ? "Slots" : "Lizenzen"}`]),
  ];
}
