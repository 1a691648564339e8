import type { FoundOrder, OrderDesk } from "~/operations/orders.server";
import type { RefundEffect, RefundRequest } from "~/operations/refunds.server";
import { formatAmount, formatCount, formatDateTime, formatMoney, formatTimestamp } from "./format";
import { packName } from "./order-words";
import type { ToastContent } from "./toast";

/** Words for the rows of the list over all tenants. Run by the loader. */
export function foundOrderRows(orders: FoundOrder[]) {
  return orders.map((it) => ({
    id: it.id,
    number: it.number,
    iso: it.createdAt.toISOString(),
    when: formatDateTime(it.createdAt),
    tenant: { id: it.tenantId, name: it.tenantName },
    pack: packName(it),
    status: it.status,
    inReview: it.reviewReason !== null,
    amount: formatMoney(it.paidCents ?? it.amountCents, it.currency),
    refunded: it.refundedCents > 0 ? formatMoney(-it.refundedCents, it.currency) : null,
  }));
}

export type FoundOrderRow = ReturnType<typeof foundOrderRows>[number];

const EVENT_STATUS: Record<string, string> = {
  RECEIVED: "Empfangen",
  PROCESSED: "Verarbeitet",
  IGNORED: "Ignoriert",
  FAILED: "Fehlgeschlagen",
};

/** What staff see of an order beside what its tenant sees. */
export function deskWords(desk: OrderDesk) {
  const ids = [
    ["Bestell-ID", desk.id],
    ["Sitzung", desk.sessionId],
    ["Zahlung", desk.paymentIntentId],
    ["Belastung", desk.chargeId],
    ["Grund des Scheiterns", desk.failureReason],
    ["Abgelehnte Karte", desk.paymentFailure],
  ] as const;
  return {
    tenant: { id: desk.tenantId, name: desk.tenantName },
    ids: ids.flatMap(([term, value]) => (value ? [{ term, value }] : [])),
    review: desk.reviewReason ? reviewSentence(desk.reviewReason) : null,
    /** Nothing was granted, and ending the look does not change that. */
    isUngranted: desk.grantedAt === null,
    events: desk.events.map((it) => ({
      id: it.id,
      type: it.type,
      status: EVENT_STATUS[it.status] ?? it.status,
      fault: it.errorMessage,
      iso: it.receivedAt.toISOString(),
      when: formatTimestamp(it.receivedAt),
    })),
  };
}

/** A person's look has ended; an address that says so of an order that is still looked into is not believed. */
export function reviewedToast(desk: OrderDesk): ToastContent | null {
  if (desk.reviewReason !== null) return null;
  return { tone: "positive", title: "Prüfung abgeschlossen", text: "Ihr Vermerk steht im Protokoll." };
}

/** What has become of the refund that was asked for just now, from its row, not from the address. Null: no such request of this order. */
export function refundToast(requestId: string, refunds: RefundRequest[], desk: OrderDesk): ToastContent | null {
  const request = refunds.find(({ id }) => id === requestId);
  if (!request) return null;
  const amount = formatMoney(request.amountCents, desk.currency);
  if (request.status === "OPEN") {
    const text = `Ob ${amount} unterwegs sind, ist nicht bekannt. Senden Sie den Auftrag unten nochmals: Er wird nie zweimal bezahlt.`;
    return { tone: "notice", title: "Stripe hat nicht geantwortet", text };
  }
  if (request.status === "REFUSED") {
    const text = `${refusalSentence(request.failure ?? "")} Es wurde nichts rückerstattet.`;
    return { tone: "danger", title: "Stripe hat die Rückerstattung abgelehnt", text };
  }
  const sent = refunds.filter(({ status }) => status === "SENT").reduce((sum, it) => sum + it.amountCents, 0);
  const isBooked = desk.refundedCents >= sent;
  return {
    tone: "positive",
    title: "Rückerstattung ausgelöst",
    text: isBooked
      ? `Rückerstattet sind ${formatMoney(desk.refundedCents, desk.currency)}.`
      : "Stripe bestätigt sie in Kürze.",
  };
}

const REFUSAL: Record<string, string> = {
  charge_disputed: "Die Zahlung ist angefochten, und die Bank entscheidet.",
  charge_already_refunded: "Die Zahlung ist schon ganz rückerstattet.",
  balance_insufficient: "Das Guthaben bei Stripe reicht dafür nicht.",
  resource_missing: "Stripe kennt diese Zahlung nicht.",
};

/** Stripe's no in plain words; its own stand in the list of refunds. */
function refusalSentence(failure: string): string {
  return REFUSAL[failure.split(":", 1)[0] ?? ""] ?? "Der Betrag oder der Stand der Zahlung lässt sie nicht zu.";
}

const REVIEW: Record<string, string> = {
  AMOUNT_MISMATCH: "Betrag stimmt nicht mit der Bestellung überein",
  CURRENCY_MISMATCH: "Währung stimmt nicht mit der Bestellung überein",
  TENANT_MISMATCH: "Konto stimmt nicht mit der Bestellung überein",
  SESSION_MISMATCH: "Sitzung stimmt nicht mit der Bestellung überein",
  PRICE_MISMATCH: "Preis stimmt nicht mit der Bestellung überein",
  SHORTFALL: "Rückerstattet, aber schon verbraucht",
  REFUND_EXCEEDS_PAYMENT: "Mehr rückerstattet als bezahlt",
};

/** Why a person must look, and the words as they were written down. */
function reviewSentence(reason: string): { title: string; raw: string } {
  const code = reason.split(":", 1)[0] ?? "";
  return { title: REVIEW[code] ?? "Die Zahlung passt nicht zur Bestellung", raw: reason };
}

/** The refunds that staff have asked for. */
export function refundRows(refunds: Array<RefundRequest & { requestedByName: string }>, currency: string) {
  const states = {
    OPEN: "Stripe hat nicht geantwortet. Ob das Geld unterwegs ist, ist nicht bekannt.",
    SENT: "von Stripe angenommen",
    REFUSED: "von Stripe abgelehnt",
  };
  return refunds.map((it) => ({
    id: it.id,
    amount: formatMoney(it.amountCents, currency),
    state: states[it.status],
    isOpen: it.status === "OPEN",
    why: it.failure ? refusalSentence(it.failure) : null,
    detail: it.failure ?? it.stripeRefundId,
    who: it.requestedByName,
    reason: it.reason,
    when: formatTimestamp(it.requestedAt),
  }));
}

/** What a refund would take back, in a sentence: «Zurückgenommen werden 6 von 10 Credits. 2 sind schon verbraucht und fehlen.» */
export function effectSentence(effects: RefundEffect[]): string {
  const sum = (key: Exclude<keyof RefundEffect, "type">) => effects.reduce((total, it) => total + it[key], 0);
  const [granted, back, spent, lapsed, held] = [sum("granted"), sum("back"), sum("spent"), sum("lapsed"), sum("held")];
  const sentences = [
    back === 0
      ? "Es wird kein Credit zurückgenommen."
      : `Zurückgenommen ${back === 1 ? "wird" : "werden"} ${formatCount(back)} von ${formatCount(granted)} ${granted === 1 ? "Credit" : "Credits"}.`,
  ];
  if (spent > 0) {
    sentences.push(spent === 1 ? "1 ist schon verbraucht und fehlt." : `${spent} sind schon verbraucht und fehlen.`);
  }
  if (lapsed > 0) sentences.push(lapsed === 1 ? "1 ist schon verfallen." : `${lapsed} sind schon verfallen.`);
  if (held > 0) sentences.push(held === 1 ? "1 bleibt gesperrt." : `${held} bleiben gesperrt.`);
  return sentences.join(" ");
}

/** An amount as the field of a form has it: «145.00». */
export function amountText(cents: number): string {
  return formatAmount(cents).replaceAll("’", "");
}
