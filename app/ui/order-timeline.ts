import type { OrderHistory, OrderMovement } from "~/billing/order-history.server";
import { formatDateTime, formatLastDay, formatMoney, formatPack, formatTime } from "./format";
import type { IconName } from "./icon";
import { packName } from "./order-words";
import { CREDIT_NAME } from "./words.de";

/** One thing that happened, as the timeline says it. */
export interface TimelineEntry {
  at: number;
  iso: string;
  when: string;
  title: string;
  text: string;
  icon: IconName;
  /** Money or credits in. */
  isGain: boolean;
  link: { label: string; to: string } | null;
}

/** An order's life, oldest first, of what is truly known. Run by the loader. */
export function timelineOf(history: OrderHistory): TimelineEntry[] {
  return (
    [...stepsOf(history), ...history.movements.map(movementEntry)]
      .map((entry, i) => ({ entry, i }))
      // Stripe's times have no fractions of a second: what falls into one second keeps the order of a purchase.
      .sort((a, b) => Math.floor(a.entry.at / 1000) - Math.floor(b.entry.at / 1000) || a.i - b.i)
      .map(({ entry }) => entry)
  );
}

type Detail = Partial<Pick<TimelineEntry, "isGain" | "link">>;

function entry(at: Date, title: string, text: string, icon: IconName, detail: Detail = {}): TimelineEntry {
  const time = { at: at.getTime(), iso: at.toISOString(), when: formatDateTime(at) };
  return { ...time, title, text, icon, isGain: false, link: null, ...detail };
}

/** What became of the order and its payment. */
function stepsOf({ order, movements, news }: OrderHistory): TimelineEntry[] {
  const entries = [
    entry(
      order.createdAt,
      "Bestellung ausgelöst",
      `${order.buyer ?? "Jemand"} hat «${packName(order)}» gewählt.`,
      "box",
    ),
  ];
  if (order.stripeCheckoutSessionId) {
    const text = `Zahlungsseite geöffnet, gültig bis ${formatTime(order.checkoutExpiresAt)}.`;
    entries.push(entry(order.createdAt, "Weiter zu Stripe", text, "external"));
  }
  const completed = news.get("checkout.session.completed");
  const isDelayed = order.status === "PROCESSING" || news.has("checkout.session.async_payment_succeeded");
  if (completed && isDelayed) {
    entries.push(entry(completed, "Zahlung wird verarbeitet", "Die Bank hat sie noch nicht bestätigt.", "clock"));
  }
  if (order.paidAt) {
    const text = `${formatMoney(order.paidCents ?? order.amountCents, order.currency)} bei Stripe bezahlt.`;
    entries.push(entry(order.paidAt, "Zahlung bestätigt", text, "check", { isGain: true }));
  }
  if (order.status === "EXPIRED") {
    const at = news.get("checkout.session.expired") ?? order.updatedAt;
    entries.push(entry(at, "Zahlungsseite abgelaufen", "Es wurde nichts belastet.", "minus"));
  }
  if (order.status === "FAILED") {
    const at = news.get("checkout.session.async_payment_failed") ?? order.updatedAt;
    entries.push(entry(at, "Zahlung fehlgeschlagen", "Es wurde nichts belastet.", "cross-circle"));
  }
  if (order.refundedCents > 0) {
    const taken = movements.findLast((it) => it.reason === "STRIPE_REFUND");
    const at = news.get("charge.refunded") ?? taken?.occurredAt ?? order.updatedAt;
    const title = `${formatMoney(order.refundedCents, order.currency)} rückerstattet`;
    entries.push(entry(at, title, "Der Betrag geht auf dem Weg zurück, auf dem er kam.", "return"));
  }
  return [...entries, ...disputeSteps(order, news)];
}

function disputeSteps(order: OrderHistory["order"], news: OrderHistory["news"]): TimelineEntry[] {
  if (!order.disputeStatus) return [];
  const opened = news.get("charge.dispute.created") ?? order.updatedAt;
  const closed = news.get("charge.dispute.closed") ?? order.updatedAt;
  const entries = [entry(opened, "Zahlung angefochten", "Die Bank prüft die Zahlung.", "shield")];
  if (order.disputeStatus === "won") {
    entries.push(entry(closed, "Anfechtung gewonnen", "Gesperrte Credits sind wieder frei.", "check"));
  }
  if (order.disputeStatus === "lost") {
    entries.push(entry(closed, "Anfechtung verloren", "Der Betrag wurde zurückgebucht.", "cross-circle"));
  }
  return entries;
}

/** What moved, and what it led to. */
function movementEntry(it: OrderMovement): TimelineEntry {
  const count = Math.abs(it.delta);
  const credits = count === 1 ? "1 Credit" : `${count} Credits`;
  const pack = formatPack(count, CREDIT_NAME[it.type]);
  const rest = it.quantityAfter === 1 ? "1 Credit ist noch übrig." : `${it.quantityAfter} Credits sind noch übrig.`;
  const link = { label: "Im Kontoauszug ansehen", to: `/admin/billing/ledger?lot=${encodeURIComponent(it.balanceId)}` };
  switch (it.reason) {
    case "STRIPE_PURCHASE": {
      const text = `${pack}, gültig bis und mit ${formatLastDay(it.expiresAt)}.`;
      return entry(it.occurredAt, `${credits} gutgeschrieben`, text, "plus", { isGain: true, link });
    }
    case "CREDIT_CONSUME": {
      const spent = it.validUntil
        ? `Lizenz verlängert bis ${formatDateTime(it.validUntil)}.`
        : it.maxDevices === null
          ? ""
          : `Slot ${it.maxDevices} hinzugefügt.`;
      return entry(it.occurredAt, `${credits} verbraucht`, `${spent} ${rest}`.trim(), "key");
    }
    case "CREDIT_EXPIRE":
      return entry(it.occurredAt, `${credits} verfallen`, `${pack}, nicht eingelöst.`, "minus");
    case "STRIPE_REFUND_REVERSAL":
      return entry(it.occurredAt, `${credits} zurückgegeben`, "Die Rückerstattung ist gescheitert.", "plus", {
        isGain: true,
      });
    default:
      return entry(it.occurredAt, `${credits} zurückgenommen`, `${pack}. ${rest}`, "minus");
  }
}
