import type { Difference } from "~/billing/reconciliation.server";
import type { Books } from "~/billing/stripe-comparison.server";
import type { ReportHead } from "~/operations/reports.server";
import type { Task } from "~/operations/tasks.server";
import { formatAmount, formatCount, formatDateTime, formatTime } from "./format";
import type { ToastContent } from "./toast";

/** How old the last run may be before the page says so. */
const STALE_MINUTES = 15;

const MONTH_NAME = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(" ");

/** 2026-11 as November 2026. */
export function monthName(month: string): string {
  const [year = "", number = "1"] = month.split("-");
  return `${MONTH_NAME[Number(number) - 1]} ${year}`;
}

export function countDifferences(count: number): string {
  return count === 1 ? "1 Abweichung" : `${formatCount(count)} Abweichungen`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** The panel: what stands, and when that was found out. Run by the loader, as all of this file. */
export function panelWords(
  last: ReportHead | null,
  standing: readonly Difference[],
  meaning: string | null,
  now: Date,
) {
  if (!last) {
    const text = "Ein Server gleicht von selbst alle fünf Minuten ab.";
    return { tone: "neutral" as const, title: "Noch nie abgeglichen.", text, facts: "", stale: null };
  }
  const minutes = Math.floor((now.getTime() - last.finishedAt.getTime()) / 60_000);
  const stale = minutes >= STALE_MINUTES ? `Letzter Lauf vor ${formatCount(minutes)} Minuten.` : null;
  const kind = last.full ? "voller Abgleich" : "Abgleich des Neuen";
  const counts = `${formatCount(last.checked)} geprüft, ${formatCount(last.healed)} nachgeholt`;
  const facts = `Letzter Lauf ${formatDateTime(last.finishedAt)}, ${kind}, ${counts}, Dauer ${seconds(last.durationMs)}.`;
  const found = standing.filter((it) => it.kind !== "STRIPE_UNAVAILABLE").length;
  if (found > 0) return { tone: "danger" as const, title: countDifferences(found), text: meaning ?? "", facts, stale };
  if (!last.complete) {
    const text = "Stripe konnte nicht bis zum Ende gelesen werden. Der nächste Lauf holt es nach.";
    return { tone: "notice" as const, title: "Abgleich unvollständig", text, facts, stale };
  }
  const text = "Stripe, Bestellungen und Gutschriften sagen dasselbe.";
  return { tone: "positive" as const, title: "Alles stimmt überein", text, facts, stale };
}

/** The three sums of one month and currency, each with what it is made of; null when no full run has them. */
export function sumWords(
  books: Books,
  currency: string,
  wanted: string,
  at: Date | null,
  here: (month: string) => string,
) {
  const months = Object.keys(books)
    .filter((key) => key.endsWith(` ${currency}`))
    .map((key) => key.slice(0, 7))
    .sort()
    .reverse();
  const month = months.includes(wanted) ? wanted : months[0];
  const sums = month ? books[`${month} ${currency}`] : undefined;
  if (!month || !sums || !at) return null;
  const stripe = sums.payments - sums.refunds - sums.lost;
  const orders = sums.ordersPaid - sums.ordersRefunded - sums.ordersLost;
  const granted = sums.granted - sums.ordersRefunded - sums.ordersLost;
  const parts = (first: string, second: string, sum: number, back: number, lost: number) =>
    [
      `${first} ${formatAmount(sum)}`,
      ...(back > 0 ? [`${second} ${formatAmount(-back)}`] : []),
      ...(lost > 0 ? [`Anfechtungen ${formatAmount(-lost)}`] : []),
    ].join(", ");
  return {
    currency,
    sums: [
      {
        name: "Stripe, netto",
        amount: formatAmount(stripe),
        parts: parts("Zahlungen", "Erstattungen", sums.payments, sums.refunds, sums.lost),
      },
      {
        name: "Bestellungen",
        amount: formatAmount(orders),
        parts: parts("bezahlt", "rückerstattet", sums.ordersPaid, sums.ordersRefunded, sums.ordersLost),
      },
      {
        name: "Gutschriften zum Verkaufswert",
        amount: formatAmount(granted),
        parts: parts("gutgeschrieben", "zurück", sums.granted, sums.ordersRefunded, sums.ordersLost),
      },
    ],
    equal: [stripe === orders, orders === granted] as [boolean, boolean],
    period: `${monthName(month)}, Währung ${currency}, Stand ${formatDateTime(at)}.`,
    others: months.filter((it) => it !== month).map((it) => ({ name: monthName(it), to: here(it) })),
  };
}

/** What a second click is told while the first one's work is not done; null when nothing runs. */
export function runningToast(what: "Ein Abgleich" | "Eine Prüfung", task: Task | null): ToastContent | null {
  if (!task || task.finishedAt) return null;
  const title = `${what} läuft bereits seit ${formatTime(task.startedAt ?? task.requestedAt)}.`;
  return { tone: "notice", title, text: "Die Seite zeigt das Ergebnis, sobald es da ist." };
}

/** What became of the run that was asked for just now. */
export function reconcileToast(task: Task): ToastContent {
  if (!task.finishedAt) {
    return {
      tone: "info",
      title: "Abgleich läuft …",
      text: "Er vergleicht die letzten 30 Tage bei Stripe mit Bestellungen und Kontoauszug.",
    };
  }
  if (task.result === null) return brokenToast("Abgleich", task);
  const { complete, checked, healed, differences } = JSON.parse(task.result) as Record<string, number> & {
    complete: boolean;
  };
  const counts = `${formatCount(checked ?? 0)} geprüft, ${formatCount(healed ?? 0)} nachgeholt`;
  if (!complete)
    return { tone: "notice", title: "Abgleich unvollständig", text: `Stripe war nicht erreichbar. ${counts}.` };
  const rest = differences ? countDifferences(differences) : "keine Abweichung";
  return { tone: differences ? "notice" : "positive", title: "Abgleich beendet", text: `${counts}, ${rest}.` };
}

/** What became of the check that was asked for just now. */
export function verifyToast(task: Task): ToastContent {
  if (!task.finishedAt)
    return { tone: "info", title: "Prüfung läuft …", text: "Der Stand steht unten auf dieser Seite." };
  if (task.result === null) return brokenToast("Prüfung", task);
  const { findings } = JSON.parse(task.result) as VerifyResult;
  if (findings === 0)
    return { tone: "positive", title: "Bücher geprüft", text: "Jede Bewegung und jedes Guthaben stimmt." };
  return { tone: "danger", title: "Bücher geprüft", text: `${countDifferences(findings)}, unten benannt.` };
}

function brokenToast(what: string, task: Task): ToastContent {
  return { tone: "danger", title: `${what} abgebrochen`, text: `Der Fehler ist gemeldet. Trace-ID ${task.traceId}` };
}

interface VerifyResult {
  rows: number;
  lots: number;
  findings: number;
  named: Array<{ rule: string; subject: string; detail: string }>;
}

/** The check of the books: how far it is, or what it came to. */
export function verifyWords(task: Task | null) {
  if (!task) return null;
  const who = `${task.requestedByName}, ${formatDateTime(task.requestedAt)}`;
  if (!task.finishedAt) {
    const total = task.total ?? 0;
    const text =
      total > 0 ? `${formatCount(task.done)} von ${formatCount(total)} Guthaben geprüft.` : "Die Prüfung beginnt.";
    return { state: "running" as const, text, who, done: task.done, total, found: [] };
  }
  if (task.result === null) {
    const text = `Die Prüfung ist abgebrochen. Der Fehler ist gemeldet. Trace-ID ${task.traceId}`;
    return { state: "broken" as const, text, who, done: 0, total: 0, found: [] };
  }
  const { rows, lots, findings, named } = JSON.parse(task.result) as VerifyResult;
  const looked = `${formatCount(rows)} ${rows === 1 ? "Bewegung" : "Bewegungen"} in ${formatCount(lots)} Guthaben geprüft`;
  const text = findings === 0 ? `${looked}: alles stimmt.` : `${looked}: ${countDifferences(findings)}.`;
  const found = named.map(({ rule, ...it }) => ({ kind: rule, ...it }));
  return { state: findings === 0 ? ("fine" as const) : ("faults" as const), text, who, done: lots, total: lots, found };
}

/** One run as a row of the list. */
export function reportRow(report: ReportHead, to: string) {
  return {
    id: report.id,
    to,
    iso: report.finishedAt.toISOString(),
    when: formatDateTime(report.finishedAt),
    kind: report.full ? "Voll" : "Nur Neues",
    checked: formatCount(report.checked),
    healed: formatCount(report.healed),
    duration: seconds(report.durationMs),
    tone:
      report.differences > 0 && report.complete
        ? ("danger" as const)
        : report.complete
          ? ("positive" as const)
          : ("notice" as const),
    result: !report.complete
      ? "Unvollständig"
      : report.differences > 0
        ? countDifferences(report.differences)
        : "Stimmt",
  };
}
