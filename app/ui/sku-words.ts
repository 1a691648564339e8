import { grantedCredits } from "~/billing/credit-types";
import type { CatalogueSku, PricedTerms, PriceFault } from "~/operations/catalogue.server";
import type { PriceReading } from "~/stripe/price.server";
import { formatDateTime, formatMoney, formatPack } from "./format";
import { packageWords } from "./offer-words";
import type { ToastContent } from "./toast";
import { CREDIT_PHRASE } from "./words.de";

/** What is wrong with a SKU's price, and what to do. */
export const PRICE_FAULT: Record<PriceFault, string> = {
  MISSING: "Der Preis existiert bei Stripe nicht mehr. Wählen Sie einen anderen.",
  INACTIVE: "Der Preis ist bei Stripe ausgeschaltet. Schalten Sie ihn ein, oder wählen Sie einen anderen.",
  RECURRING: "Der Preis ist ein Abo-Preis. Wählen Sie einen für Einmalzahlung.",
  CURRENCY: "Der Preis ist nicht in CHF. Wählen Sie einen anderen.",
  AMOUNT: "Preis weicht von Stripe ab. Speichern Sie das Paket, damit der Betrag von Stripe gilt.",
};

function contents(it: Parameters<typeof grantedCredits>[0]): string {
  return grantedCredits(it)
    .map(({ type, quantity }) => formatPack(quantity, CREDIT_PHRASE[type]))
    .join(", ");
}

/** Words for the rows of the catalogue. `offers` compares those on sale with each other, as the shop does. */
export function skuRows(skus: CatalogueSku[]) {
  const offers = new Map(packageWords(skus.filter((it) => it.active)).map((it) => [it.id, it]));
  const onSale = skus.filter((it) => it.active);
  return skus.map((it) => ({
    id: it.id,
    name: it.name,
    active: it.active,
    due: it.due,
    contents: `${contents(it)}, ${it.creditExpiresInDays} Tage einlösbar`,
    price: formatMoney(it.amountCents, it.currency),
    priceId: it.stripePriceId,
    hint: offers.get(it.id)?.savings ?? null,
    isFirst: onSale[0]?.id === it.id,
    isLast: onSale.at(-1)?.id === it.id,
  }));
}

export type SkuRow = ReturnType<typeof skuRows>[number];

/** What a SKU is, as the fields of its form hold it. */
export function skuValues(it: CatalogueSku): Record<string, string> {
  return {
    name: it.name,
    beschreibung: it.description ?? "",
    preis: it.stripePriceId,
    preisId: "",
    license30d: String(it.grantLicense30d),
    license365d: String(it.grantLicense365d),
    slots: String(it.grantDeviceSlots),
    tage: String(it.creditExpiresInDays),
    aktiv: it.active ? "1" : "",
    version: String(it.updatedAt.getTime()),
  };
}

/** Stripe's prices to choose from; `current` stays choosable although Stripe no longer lists it. */
export function priceOptions(prices: PriceReading[], current: string | null): Array<[string, string]> {
  const options = prices.map((it): [string, string] => {
    const money = it.amountCents === null ? "ohne festen Betrag" : formatMoney(it.amountCents, it.currency);
    return [it.id, `${it.productName || "Ohne Namen"}: ${money} (${it.id})`];
  });
  const isListed = current === null || prices.some((it) => it.id === current);
  return [["", "Bitte wählen"], ...(isListed ? [] : [[current, current] as [string, string]]), ...options];
}

/** What saving would alter, field by field, and the package as buyers would see it among the others. */
export function skuPreview(before: CatalogueSku | null, after: PricedTerms, others: CatalogueSku[]) {
  const id = before?.id ?? "";
  const shop = others.filter((it) => it.active && it.id !== id);
  const card = packageWords([...shop, { ...after, id }]).find((it) => it.id === id);
  const lines = (it: PricedTerms) => ({
    Name: it.name,
    Beschreibung: it.description ?? "leer",
    Preis: `${formatMoney(it.amountCents, it.currency)} (${it.stripePriceId})`,
    Inhalt: contents(it),
    Einlösbar: `${it.creditExpiresInDays} Tage`,
    Verkauf: it.active ? "zum Verkauf freigegeben" : "nicht im Verkauf",
  });
  const [from, to] = [before ? lines(before) : null, lines(after)];
  const changes = Object.entries(to)
    .map(([field, text]) => ({ field, from: from ? from[field as keyof typeof to] : null, to: text }))
    .filter((it) => it.from !== it.to);
  return {
    changes,
    others: besideChanges(others, after.active ? [...shop, { ...after, id }] : shop, id),
    card: card
      ? { ...card, lines: [card.savings, ...card.contents].filter((text): text is string => text !== null) }
      : null,
  };
}

export type SkuPreview = ReturnType<typeof skuPreview>;

/** What the cards of other packages will say otherwise: they are compared with the single one. */
function besideChanges(before: CatalogueSku[], after: Parameters<typeof packageWords>[0], id: string) {
  const hints = (skus: Parameters<typeof packageWords>[0]) =>
    new Map(packageWords(skus).map((it) => [it.id, it.savings ?? "keine Ersparnis"]));
  const [from, to] = [hints(before.filter((it) => it.active)), hints(after)];
  return before
    .filter((it) => it.active && it.id !== id && from.get(it.id) !== to.get(it.id))
    .map((it) => ({ field: it.name, from: from.get(it.id) ?? null, to: to.get(it.id) ?? "" }));
}

/** What the cards of other packages will say once this one is not on sale. */
export function retireEffects(sku: CatalogueSku, all: CatalogueSku[]) {
  return besideChanges(
    all,
    all.filter((it) => it.active && it.id !== sku.id),
    sku.id,
  );
}

/** How it stands with a SKU's price at Stripe. */
export function priceState({ priceFault, priceCheckedAt, due }: CatalogueSku): { text: string; due: boolean } {
  const when = priceCheckedAt ? ` Zuletzt verglichen am ${formatDateTime(priceCheckedAt)}.` : "";
  if (priceFault) return { text: `${PRICE_FAULT[priceFault]}${when}`, due };
  if (due) return { text: `Der Preis oder sein Produkt wurde bei Stripe geändert.${when}`, due };
  return { text: when.trim() || "Noch nie mit Stripe verglichen.", due };
}

/** What has just been done with a SKU. */
export function skuToast(done: string | undefined, name: string): ToastContent | null {
  const words: Record<string, [string, string]> = {
    angelegt: ["Paket angelegt", `«${name}» steht im Katalog.`],
    gespeichert: [
      "Gespeichert",
      "Neue Bestellungen gelten zu diesen Bedingungen. Bestehende bleiben, wie sie gekauft wurden.",
    ],
    weg: ["Aus dem Verkauf genommen", `«${name}» kann nicht mehr bestellt werden. Wer schon bezahlt, erhält es.`],
    frei: ["Zum Verkauf freigegeben", `«${name}» steht bei den Paketen.`],
    abgeglichen: ["Mit Stripe verglichen", `Der Stand von «${name}» ist neu.`],
  };
  const found = done ? words[done] : undefined;
  return found ? { tone: "positive", title: found[0], text: found[1] } : null;
}
