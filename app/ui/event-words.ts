import { zurichDay } from "~/billing/expiry";
import type { Page } from "~/billing/paging.server";
import type { MaskedPayload } from "~/operations/event-payload.server";
import type { EventCount, EventDetail, EventRow } from "~/operations/events.server";
import { type FaultWords, faultWords } from "./event-faults";
import { formatCount, formatDate, formatTimestamp } from "./format";
import { jsonLines } from "./json-lines";
import { pageLinks } from "./list-words";

const NOTHING_GRANTED = "Nichts gutgeschrieben.";

/** 22.11.2026, 10:35:12 */
export function formatSecond(instant: Date): string {
  return formatTimestamp(instant).replace(" ", ", ");
}

function formatClock(instant: Date): string {
  return formatTimestamp(instant).slice(11);
}

/** The events of a page by the Zurich day on which they came. Run by the loader. */
export function eventDays(events: EventRow[], now: Date) {
  const days: Array<{ day: number; name: string; rows: ReturnType<typeof eventRow>[] }> = [];
  for (const event of events) {
    const day = zurichDay(event.receivedAt);
    if (days.at(-1)?.day !== day) days.push({ day, name: dayName(event.receivedAt, now), rows: [] });
    days.at(-1)?.rows.push(eventRow(event));
  }
  return days;
}

export type EventDay = ReturnType<typeof eventDays>[number];

function dayName(at: Date, now: Date): string {
  const lead = ["Heute, ", "Gestern, "][zurichDay(now) - zurichDay(at)] ?? "";
  return `${lead}${formatDate(at)}`;
}

function eventRow(event: EventRow) {
  const { id, type, state, receivedAt, attempts, errorMessage, nextAttemptAt } = event;
  const about = [
    event.tenantName ?? (errorMessage ? faultWords(errorMessage, null).title : ownerless(type)),
    event.orderNumber,
    attempts > 1 ? `${formatCount(attempts)} Versuche` : null,
  ];
  return {
    id,
    type,
    state,
    iso: receivedAt.toISOString(),
    time: formatClock(receivedAt),
    about: about.filter((it) => it !== null).join(" · "),
    next: nextAttemptAt ? `Nächster Versuch ${formatClock(nextAttemptAt)}` : null,
  };
}

function ownerless(type: string): string {
  return /^(price|product)\./.test(type) ? "Katalog" : "Ohne Konto";
}

/** An event in full. Run by the loader. */
export function eventWords(event: EventDetail, masked: MaskedPayload | null) {
  const { id, type, state, errorMessage, orderId, orderNumber, tenantId, tenantName, stripeCreatedAt } = event;
  const fault = errorMessage ? faultWords(errorMessage, event.currency) : null;
  const at = (instant: Date | null) => instant && { iso: instant.toISOString(), text: formatSecond(instant) };
  return {
    id,
    type,
    state,
    fault: fault && { title: fault.title, text: faultText(fault, event) },
    tenant: tenantId ? { name: tenantName ?? tenantId, to: `/operator/tenants/${tenantId}` } : null,
    order: orderId ? { number: orderNumber ?? orderId, to: `/operator/orders/${orderId}` } : null,
    times: [
      { term: "Bei Stripe erstellt", at: at(stripeCreatedAt), none: "Nicht angegeben" },
      { term: "Empfangen", at: at(event.receivedAt), none: "" },
      {
        term: "Verarbeitet",
        at: at(event.processedAt),
        none: state === "RECEIVED" ? "Noch nicht" : "Nicht verarbeitet",
      },
    ],
    attempts: attemptWords(event),
    release: `${event.apiVersion ?? "Nicht angegeben"}${event.livemode ? "" : ", Testmodus"}`,
    lines: masked && jsonLines(masked.json, fault?.faulty ?? null),
    cut: masked?.isCut ? "Der Rest ist zu lang und wird nicht gezeigt." : null,
  };
}

export type EventWords = ReturnType<typeof eventWords>;

function faultText(fault: FaultWords, { inReview }: EventDetail): string {
  return [fault.values, NOTHING_GRANTED, inReview ? "Die Bestellung ist in Prüfung." : ""].filter(Boolean).join(" ");
}

function attemptWords({ attempts, state, nextAttemptAt }: EventDetail): string {
  const count = formatCount(attempts);
  if (nextAttemptAt) return `${count}, nächster Versuch ${formatSecond(nextAttemptAt)}`;
  return state === "FAILED" ? `${count}, keine weiteren geplant` : count;
}

/** The line under the list, and the ways to its neighbours; the count is bounded. Run by the loader. */
export function eventPages(
  page: Page<EventRow>,
  { count, isAll, isMore }: EventCount,
  { isFiltered, url }: { isFiltered: boolean; url: URL },
) {
  const links = pageLinks(page, { total: count, words: ["Ereignis", "Ereignissen"], filtered: isFiltered, url });
  const last = page.first + page.items.length - 1;
  if (page.items.length === 0) {
    const text = links.older || links.newer ? "Unter den 500 Ereignissen, die geprüft wurden, passt keines." : "";
    return { ...links, text };
  }
  if (isAll) return links;
  const range = page.items.length === 1 ? formatCount(last) : `${formatCount(page.first)}–${formatCount(last)}`;
  const least = Math.max(count, last);
  const all = isMore ? `mehr als ${formatCount(least)}` : `mindestens ${formatCount(least)}`;
  return { ...links, text: `${range} von ${all} Ereignissen${isFiltered ? ", gefiltert" : ""}` };
}

/** How many events a replay of the list would go through: "Alle 9 Ereignisse". Run by the loader. */
export function allEvents({ count, isAll, isMore }: EventCount): string {
  if (!isAll) return `Alle Ereignisse (${isMore ? "mehr als" : "mindestens"} ${formatCount(count)})`;
  return count === 1 ? "Das eine Ereignis" : `Alle ${formatCount(count)} Ereignisse`;
}
