import { grantedCredits } from "~/billing/credit-types";
import { creditExpiry } from "~/billing/expiry";
import type { OrderHistory, OrderItem } from "~/billing/order-history.server";
import { formatAmount, formatDate, formatDateTime, formatLastDay, formatMoney, formatPack, formatTime } from "./format";
import { CREDIT_NAME } from "./words.de";

/** What was bought: "3 × 365 Tage". */
export function packName(order: Parameters<typeof grantedCredits>[0]): string {
  return grantedCredits(order)
    .map(({ type, quantity }) => formatPack(quantity, CREDIT_NAME[type]))
    .join(", ");
}

/** Words for the rows of the orders' list. `currency`: of all amounts, null if they differ. Run by the loader. */
export function orderRows(orders: OrderItem[]) {
  const [first, ...others] = new Set(orders.map(({ currency }) => currency));
  const currency = others.length === 0 ? (first ?? null) : null;
  const money = (cents: number, it: OrderItem) => (currency ? formatAmount(cents) : formatMoney(cents, it.currency));
  const rows = orders.map((it) => ({
    id: it.id,
    number: it.number,
    iso: it.createdAt.toISOString(),
    when: formatDateTime(it.createdAt),
    pack: packName(it),
    status: it.status,
    inReview: it.reviewReason !== null,
    amount: money(it.paidCents ?? it.amountCents, it),
    refunded: it.refundedCents > 0 ? money(-it.refundedCents, it) : null,
  }));
  return { rows, amountHead: currency ? `Betrag in ${currency}` : "Betrag" };
}

export type OrderRow = ReturnType<typeof orderRows>["rows"][number];

/** How many credits were taken back and not given again, and how many are frozen now. */
function taken({ movements, lots }: OrderHistory): { back: number; frozen: number } {
  const reasons = ["STRIPE_REFUND", "STRIPE_REFUND_REVERSAL", "STRIPE_DISPUTE_LOST"];
  const back = movements.filter((it) => reasons.includes(it.reason)).reduce((sum, it) => sum - it.delta, 0);
  return { back, frozen: lots.reduce((sum, lot) => sum + lot.frozen, 0) };
}

/** What the state of an order means, in a sentence; null where the badge says it all. */
function stateSentence(history: OrderHistory): string | null {
  const { order } = history;
  const { back, frozen } = taken(history);
  const withdrawn = back === 1 ? "1 Credit wurde zurückgenommen." : `${back} Credits wurden zurückgenommen.`;
  switch (order.status) {
    case "PENDING": {
      const isOpen = order.checkoutUrl !== null && order.checkoutExpiresAt > order.readAt;
      const until = isOpen ? ` Die Zahlungsseite ist bis ${formatTime(order.checkoutExpiresAt)} gültig.` : "";
      return `Die Zahlung ist noch nicht abgeschlossen.${until}`;
    }
    case "PROCESSING":
      return "Die Zahlung ist unterwegs. Die Credits werden gutgeschrieben, sobald sie bestätigt ist.";
    case "PAID":
      return order.creditsGrantedAt ? null : "Bezahlt. Die Gutschrift folgt in Kürze.";
    case "PARTIALLY_REFUNDED":
      return `${formatMoney(order.refundedCents, order.currency)} wurden rückerstattet.${back > 0 ? ` ${withdrawn}` : ""}`;
    case "REFUNDED": {
      const granted = grantedCredits(order).reduce((sum, it) => sum + it.quantity, 0);
      if (back === granted) return "Der ganze Betrag wurde rückerstattet, die Credits wurden zurückgenommen.";
      return `Der ganze Betrag wurde rückerstattet. ${back > 0 ? withdrawn : "Es war kein Credit mehr übrig."}`;
    }
    case "EXPIRED":
      return "Die Zahlungsseite ist abgelaufen. Es wurde nichts belastet.";
    case "FAILED":
      return "Die Zahlung ist fehlgeschlagen. Es wurde nichts belastet.";
    case "DISPUTED": {
      if (order.disputeStatus === "lost") return `Die Anfechtung ist verloren.${back > 0 ? ` ${withdrawn}` : ""}`;
      const held = frozen === 1 ? "ist 1 Credit gesperrt" : `sind ${frozen} Credits gesperrt`;
      return `Die Zahlung wurde bei der Bank angefochten.${frozen > 0 ? ` Bis zum Entscheid ${held}.` : ""}`;
    }
  }
}

/** One order as its page says it. Run by the loader. */
export function orderWords(history: OrderHistory) {
  const { order } = history;
  const paid = order.paidAt ? `, bezahlt am ${formatDateTime(order.paidAt)}` : "";
  const isOpen = order.status === "PENDING" && order.checkoutUrl && order.checkoutExpiresAt > order.readAt;
  return {
    pack: packName(order),
    number: order.number,
    status: order.status,
    inReview: order.reviewReason !== null,
    intro: `${formatMoney(order.paidCents ?? order.amountCents, order.currency)}${paid}`,
    sentence: stateSentence(history),
    payUrl: isOpen ? order.checkoutUrl : null,
    receiptUrl: order.receiptUrl,
    again:
      (order.status === "EXPIRED" || order.status === "FAILED") && order.skuActive
        ? { id: order.skuId, name: order.skuName, money: formatMoney(order.amountCents, order.currency) }
        : null,
    printed: `Gedruckt am ${formatDateTime(order.readAt)}`,
    details: detailWords(history),
    company: [order.company, order.street, order.place, order.vatNumber].filter((line) => line !== null && line !== ""),
  };
}

/** The facts of an order, term and value. */
function detailWords(history: OrderHistory): Array<{ term: string; value: string }> {
  const { order, lots } = history;
  const granted = grantedCredits(order);
  const total = granted.reduce((sum, it) => sum + it.quantity, 0);
  const money = (cents: number) => formatMoney(cents, order.currency);
  const known = order.creditsGrantedAt && lots.every((lot) => !lot.shared);
  const left = known ? `, davon ${lots.reduce((sum, lot) => sum + lot.quantity, 0)} übrig` : "";
  const only = granted.length === 1 ? granted[0] : undefined;
  return [
    { term: "Bestellnummer", value: order.number },
    { term: "Paket", value: packName(order) },
    { term: "Betrag", value: money(order.paidCents ?? order.amountCents) },
    { term: "Rückerstattet", value: money(order.refundedCents) },
    ...(only
      ? [
          {
            term: only.type === "DEVICE_SLOT" ? "Pro Slot" : "Pro Lizenz",
            value: money(Math.round((order.paidCents ?? order.amountCents) / only.quantity)),
          },
        ]
      : []),
    { term: "Credits", value: `${total}${left}` },
    {
      term: "Einlösbar bis und mit",
      value: order.paidAt
        ? formatLastDay(creditExpiry(order.paidAt, order.creditExpiresInDays))
        : `${order.creditExpiresInDays} Tage ab Zahlung`,
    },
    { term: "Bestellt am", value: formatDate(order.createdAt) },
    { term: "Bestellt von", value: order.buyer ?? "Person unbekannt" },
  ];
}
