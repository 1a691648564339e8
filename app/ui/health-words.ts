import type { Health } from "~/operations/health.server";
import { formatCount, formatDateTime } from "./format";
import { countDifferences } from "./reconciliation-words";

/** How long an event may wait, and how old the last reconciliation may be, before the page says so. In seconds. */
const EVENT_LATE = 5 * 60;
const RECONCILIATION_LATE = 15 * 60;

/** One line of the state: what, how it stands, and what to do when it is not fine. */
export interface HealthLine {
  key: string;
  name: string;
  value: string;
  tone: "positive" | "notice" | "danger" | "neutral";
  badge: string;
  /** null when it is fine. */
  advice: string | null;
  to: { label: string; to: string } | null;
}

const FINE = { tone: "positive", badge: "In Ordnung", advice: null, to: null } as const;

/** A span of time in words: 42 Sekunden, 3 Minuten, 5 Stunden, 2 Tage. */
function formatAge(seconds: number): string {
  const units: Array<[number, string, string]> = [
    [86_400, "Tag", "Tage"],
    [3_600, "Stunde", "Stunden"],
    [60, "Minute", "Minuten"],
  ];
  for (const [size, one, many] of units) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return count === 1 ? `1 ${one}` : `${formatCount(count)} ${many}`;
  }
  const rest = Math.max(0, Math.floor(seconds));
  return rest === 1 ? "1 Sekunde" : `${rest} Sekunden`;
}

const count = (n: number, one: string, many: string) => (n === 1 ? `1 ${one}` : `${formatCount(n)} ${many}`);

/** The state as lines for /operator/health. Run by the loader. */
export function healthLines(health: Health): HealthLine[] {
  return [
    ...eventLines(health),
    ...bookLines(health),
    ...workLines(health),
    stripeLine(health),
    modeLine(health),
    priceLine(health),
    schemaLine(health),
  ];
}

/** What is wrong beside the books, in one sentence for the page of the books; null when nothing is. */
export function healthNotice(health: Health): string | null {
  const wrong = healthLines(health).filter(
    (line) =>
      (line.tone === "danger" || line.tone === "notice") && !["abgleich", "abweichungen", "modus"].includes(line.key),
  );
  if (wrong.length === 0) return null;
  return `${wrong.map((line) => `${line.name}: ${line.value}`).join(". ")}.`;
}

function eventLines({ eventsWaiting, oldestEventSeconds, eventsFailed }: Health): HealthLine[] {
  const events = { label: "Ereignisse ansehen", to: "/operator/events" };
  const waiting = { key: "ereignisse", name: "Wartende Ereignisse" };
  const failed = { key: "gescheitert", name: "Endgültig gescheiterte Ereignisse, 30 Tage" };
  const value =
    eventsWaiting === 0 ? "keine" : `${formatCount(eventsWaiting)}, das älteste seit ${formatAge(oldestEventSeconds)}`;
  const late = eventsWaiting > 0 && oldestEventSeconds > EVENT_LATE;
  return [
    late
      ? {
          ...waiting,
          value,
          tone: "notice",
          badge: "Verspätet",
          advice: "Sehen Sie nach, woran das älteste scheitert, und verarbeiten Sie es erneut.",
          to: events,
        }
      : { ...waiting, value, ...FINE },
    eventsFailed > 0
      ? {
          ...failed,
          value: formatCount(eventsFailed),
          tone: "danger",
          badge: "Zu prüfen",
          advice:
            "Diese Ereignisse werden nicht von selbst wiederholt. Beheben Sie die Ursache und verarbeiten Sie sie erneut.",
          to: events,
        }
      : { ...failed, value: "keine", ...FINE },
  ];
}

function bookLines({ reconciliation, reconciliationAgeSeconds, differences }: Health): HealthLine[] {
  const to = { label: "Zum Abgleich", to: "/operator/reconciliation" };
  const name = "Letzter Abgleich";
  const standing = { key: "abweichungen", name: "Abweichungen" };
  const value = reconciliation ? formatDateTime(reconciliation.finishedAt) : "Noch nie";
  const age = reconciliationAgeSeconds ?? Number.POSITIVE_INFINITY;
  const trouble = !reconciliation
    ? {
        badge: "Fehlt",
        advice: "Ein Server gleicht alle fünf Minuten ab. Läuft einer, starten Sie den Abgleich von Hand.",
      }
    : !reconciliation.complete
      ? {
          badge: "Unvollständig",
          advice: "Stripe konnte nicht bis zum Ende gelesen werden. Der nächste Lauf holt es nach.",
        }
      : age > RECONCILIATION_LATE
        ? { badge: "Veraltet", advice: `Er ist ${formatAge(age)} her. Prüfen Sie, ob ein Server läuft.` }
        : null;
  return [
    trouble
      ? { key: "abgleich", name, value, tone: "notice", ...trouble, to }
      : { key: "abgleich", name, value, ...FINE },
    differences > 0
      ? {
          ...standing,
          value: countDifferences(differences),
          tone: "danger",
          badge: "Zu prüfen",
          advice: "Jede ist auf der Seite des Abgleichs benannt, mit dem Weg, sie zu beheben.",
          to,
        }
      : { ...standing, value: "keine", ...FINE },
  ];
}

function workLines({ openTasks, adjustmentsWaiting, refundsOpen }: Health): HealthLine[] {
  const tasks = { key: "auftraege", name: "Laufende Aufträge" };
  const adjustments = { key: "korrekturen", name: "Korrekturen vor der Freigabe" };
  const refunds = { key: "rueckerstattungen", name: "Offene Rückerstattungen" };
  return [
    openTasks > 0
      ? { ...tasks, value: formatCount(openTasks), tone: "neutral", badge: "In Arbeit", advice: null, to: null }
      : { ...tasks, value: "keine", ...FINE },
    adjustmentsWaiting > 0
      ? {
          ...adjustments,
          value: formatCount(adjustmentsWaiting),
          tone: "notice",
          badge: "Wartet",
          advice: "Eine zweite Person gibt sie frei oder lehnt sie ab.",
          to: { label: "Zu den Konten", to: "/operator/tenants" },
        }
      : { ...adjustments, value: "keine", ...FINE },
    refundsOpen > 0
      ? {
          ...refunds,
          value: formatCount(refundsOpen),
          tone: "notice",
          badge: "Wartet",
          advice:
            "Die Antwort von Stripe ist noch nicht bekannt. Öffnen Sie die Bestellung und fragen Sie nochmals an.",
          to: { label: "Zu den Bestellungen", to: "/operator/orders" },
        }
      : { ...refunds, value: "keine", ...FINE },
  ];
}

function stripeLine({ stripeReachable, apiVersion }: Health): HealthLine {
  const line = { key: "stripe", name: "Stripe", value: `API-Version ${apiVersion}` };
  if (stripeReachable) return { ...line, ...FINE, badge: "Erreichbar" };
  const advice =
    "Käufe und Rückerstattungen gehen gerade nicht. Bezahltes geht nicht verloren und wird nachgebucht. Prüfen Sie Schlüssel und Netz.";
  return { ...line, value: "antwortet nicht", tone: "danger", badge: "Nicht erreichbar", advice, to: null };
}

function modeLine({ livemode }: Health): HealthLine {
  const line = { key: "modus", name: "Schlüssel" };
  if (livemode) return { ...line, value: "echt", ...FINE, badge: "Echtbetrieb" };
  return {
    ...line,
    value: "Test",
    tone: "notice",
    badge: "Testbetrieb",
    advice: "Testbetrieb: Es fliesst kein Geld.",
    to: null,
  };
}

function priceLine({ priceFaults, pricesUnchecked }: Health): HealthLine {
  const line = { key: "preise", name: "Preise bei Stripe" };
  const to = { label: "Zum Paketkatalog", to: "/operator/skus" };
  if (priceFaults.length > 0) {
    const names = priceFaults.slice(0, 3).map((it) => `«${it.name}»`);
    const more = priceFaults.length > 3 ? ` und ${formatCount(priceFaults.length - 3)} weitere` : "";
    const advice = `Bei ${names.join(", ")}${more} stimmt der Preis nicht mit Stripe überein. Wer kaufen will, wird abgewiesen, bis er stimmt.`;
    return {
      ...line,
      value: count(priceFaults.length, "Paket weicht ab", "Pakete weichen ab"),
      tone: "notice",
      badge: "Abgleich nötig",
      advice,
      to,
    };
  }
  if (pricesUnchecked === 0) return { ...line, value: "stimmen", ...FINE };
  const value = count(pricesUnchecked, "Paket noch nicht verglichen", "Pakete noch nicht verglichen");
  return { ...line, value, tone: "neutral", badge: "Nicht verglichen", advice: null, to };
}

function schemaLine({ schema, schemaFits, expectedSchema }: Health): HealthLine {
  const line = { key: "schema", name: "Datenbankschema", value: schema ?? "leer" };
  if (schemaFits) return { ...line, ...FINE };
  const advice = `Diese Version erwartet ${expectedSchema}. Führen Sie npm run migrate aus oder starten Sie die passende Version.`;
  return { ...line, tone: "danger", badge: "Passt nicht", advice, to: null };
}
