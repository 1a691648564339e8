import type { EventFilter } from "~/operations/event-filter.server";
import type {
  EarlierReplay,
  EventResult,
  ReplayCounts,
  ReplayFailure,
  ReplayResult,
} from "~/operations/replays.server";
import type { Task } from "~/operations/tasks.server";
import { EVENT_STATE_NAMES } from "./event-badge";
import { faultWords } from "./event-faults";
import { formatSecond } from "./event-words";
import { formatCount, formatDate, formatDateTime, formatTime } from "./format";
import type { ToastContent } from "./toast";

const RESULT: Record<ReplayResult, string> = {
  GRANTED: "Gutgeschrieben",
  PROCESSED: "Verarbeitet",
  NOTHING: "Nichts zu tun",
  IGNORED: "Ignoriert",
  STILL_FAILING: "Erneut fehlgeschlagen",
  SKIPPED: "Übersprungen",
};

/** Why an event could not be processed, and what that leaves. */
function whyWords({ result, detail }: Pick<EventResult, "result" | "detail">, currency: string | null): string {
  if (detail === null) return result === "SKIPPED" ? "Das Ereignis ist nicht mehr da." : "";
  const { title, values } = faultWords(detail, currency);
  const end = result === "SKIPPED" ? "Das Ereignis bleibt, wie es war." : "Nichts gutgeschrieben.";
  return [`${title}.`, values, end].filter(Boolean).join(" ");
}

/** The replay that keeps others from beginning: "Es läuft schon eine Wiederholung seit 10:35." Null when none runs. Run by the loader. */
export function runningToast(task: Task | null): Omit<ToastContent, "tone"> | null {
  if (!task || task.finishedAt) return null;
  return {
    title: `Es läuft schon eine Wiederholung seit ${formatTime(task.requestedAt)}.`,
    text: "Eine weitere kann erst danach beginnen.",
    action: { label: "Stand ansehen", to: `/operator/replays/${task.id}` },
  };
}

/** What became of the replay of one event. Run by the loader. */
export function onlyReplayToast(task: Task, result: EventResult | null, currency: string | null): ToastContent {
  if (!task.finishedAt) {
    return {
      tone: "info",
      title: "Ereignis wird verarbeitet …",
      text: "Das dauert meist eine Sekunde.",
      action: { label: "Stand aktualisieren", to: "reload" },
    };
  }
  if (!result) {
    const text = "Die Wiederholung ist abgebrochen worden. Versuchen Sie es nochmals.";
    return { tone: "danger", title: "Ereignis nicht verarbeitet", text };
  }
  const why = whyWords(result, currency);
  const toasts: Record<ReplayResult, ToastContent> = {
    GRANTED: { tone: "positive", title: "Ereignis verarbeitet", text: "Die Credits sind jetzt gutgeschrieben." },
    PROCESSED: { tone: "positive", title: "Ereignis verarbeitet", text: "Der Stand ist nachgeführt." },
    NOTHING: { tone: "neutral", title: "Nichts zu tun", text: "Alles war schon so. Es hat sich nichts geändert." },
    IGNORED: { tone: "neutral", title: "Ereignis ignoriert", text: "Es verlangt nichts von uns." },
    STILL_FAILING: { tone: "danger", title: "Ereignis erneut fehlgeschlagen", text: why },
    SKIPPED: { tone: "notice", title: "Ereignis übersprungen", text: why },
  };
  return toasts[result.result];
}

/** The lines of earlier replays of an event. Run by the loader. */
export function earlierWords(replays: EarlierReplay[], currency: string | null) {
  return replays.map((it) => ({
    to: `/operator/replays/${it.taskId}`,
    iso: it.requestedAt.toISOString(),
    when: formatSecond(it.requestedAt),
    who: it.requestedByName,
    result: RESULT[it.result],
    why: whyWords(it, currency),
  }));
}

export type EarlierWords = ReturnType<typeof earlierWords>[number];

/** A replay's progress: what was asked for, how far it is, and what came of it. Run by the loader. */
export function progressWords(task: Task, filter: EventFilter, counts: ReplayCounts) {
  const { total, done, finishedAt, failure } = task;
  const isOver = finishedAt !== null;
  const gone = isOver && !failure && total !== null && total > done ? total - done : 0;
  return {
    id: task.id,
    isOver,
    total: total === null ? null : Math.max(total, 1),
    done: isOver && !failure ? Math.max(total ?? 1, 1) : done,
    state: failure
      ? "Abgebrochen"
      : isOver
        ? "Abgeschlossen"
        : total === null
          ? "Die Ereignisse werden gezählt …"
          : "Läuft …",
    text:
      total === null
        ? ""
        : `${formatCount(done)} von ${formatCount(total)} ${total === 1 ? "Ereignis" : "Ereignissen"}`,
    gone: gone > 0 ? `${formatCount(gone)} passten inzwischen nicht mehr zum Filter.` : null,
    failure: failure
      ? "Die Wiederholung ist an einem unerwarteten Fehler gescheitert. Was bis dahin geschah, gilt. Wiederholen Sie sie."
      : null,
    counts: (Object.keys(RESULT) as ReplayResult[]).map((result) => ({
      result,
      name: RESULT[result],
      count: formatCount(counts[result] ?? 0),
      isBad: result === "STILL_FAILING" && (counts[result] ?? 0) > 0,
    })),
    facts: [
      { term: "Filter", value: filterWords(filter) },
      { term: "Verlangt von", value: task.requestedByName },
      { term: "Verlangt am", value: formatDateTime(task.requestedAt) },
      { term: "Beendet", value: finishedAt ? formatDateTime(finishedAt) : "Noch nicht" },
    ],
    event: filter.eventId && { id: filter.eventId, to: `/operator/events/${filter.eventId}` },
  };
}

export type ProgressWords = ReturnType<typeof progressWords>;

/** A filter in words: "Status Ignoriert, Typ charge.refunded, ab 01.11.2026". */
function filterWords(filter: EventFilter): string {
  const { state, type, eventId, orderId, tenantId, from, before } = filter;
  const name = EVENT_STATE_NAMES.find(([value]) => value === state)?.[1];
  const parts = [
    name && `Status ${name}`,
    type && `Typ ${type}`,
    eventId && `Ereignis ${eventId}`,
    orderId && `Bestellung ${orderId}`,
    tenantId && `Konto ${tenantId}`,
    from && `ab ${formatDate(from)}`,
    before && `bis und mit ${formatDate(new Date(before.getTime() - 1))}`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : "Alle Ereignisse";
}

/** The events of a replay that could not be processed. Run by the loader. */
export function failureRows(rows: ReplayFailure[]) {
  return rows.map((row) => ({
    seq: row.seq,
    id: row.eventId,
    type: row.type,
    result: RESULT[row.result],
    why: whyWords(row, row.currency),
  }));
}

export type FailureRow = ReturnType<typeof failureRows>[number];
