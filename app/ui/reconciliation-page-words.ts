import { zurichMonth } from "~/billing/expiry";
import type { BooksPage, RunsPage } from "~/operations/reconciliation-page.server";
import { checkWords, differenceGroups } from "./difference-words";
import { formatCount, formatDateTime } from "./format";
import { pageLinks } from "./list-words";
import {
  countDifferences,
  panelWords,
  reconcileToast,
  reportRow,
  runningToast,
  sumWords,
  verifyToast,
  verifyWords,
} from "./reconciliation-words";

const HERE = "/operator/reconciliation";
const MOST_COUNTED = 1_000;

/** What the page of the books says above its runs. `verifying`: a check was asked for just now. Run by the loader. */
export function stateWords(page: BooksPage, query: { month: string | undefined; verifying: boolean }, now: Date) {
  const { currency, currencies, full, standing, orders, running, asked, check } = page;
  const groups = differenceGroups(standing, orders);
  const found = verifyWords(check);
  const month = query.month ?? zurichMonth(now);
  const sums = sumWords(full?.books ?? {}, currency, month, full?.finishedAt ?? null, (it) => address(it, currency));
  const toast = asked ? reconcileToast(asked) : query.verifying && check ? verifyToast(check) : null;
  return {
    panel: panelWords(page.last, standing, groups[0]?.meaning ?? null, now),
    sums,
    groups,
    groupsTitle: standing.length === 1 ? "Abweichung" : "Abweichungen",
    checks: checkWords(standing),
    reconciling: runningToast("Ein Abgleich", running),
    verifying: runningToast("Eine Prüfung", check),
    check: found && { state: found.state, text: found.text, who: found.who, done: found.done, total: found.total },
    checkGroups: differenceGroups(found?.found ?? [], new Map()),
    toast,
    figuresAt: `Stand ${formatDateTime(page.figuresAt)}.`,
    currencies: currencies.filter((it) => it !== currency).map((it) => ({ name: it, to: address(null, it) })),
  };
}

function address(month: string | null, currency: string): string {
  return `${HERE}?${new URLSearchParams({ ...(month ? { monat: month } : {}), waehrung: currency })}`;
}

/** The list of runs, and what the open one found. `url`: the page's own address. */
export function runWords({ page, total, open }: RunsPage, url: URL) {
  const base = new URL(HERE, url);
  const cursor = url.searchParams.get("cursor");
  const to = (id: number) =>
    `${HERE}?${new URLSearchParams({ ...(cursor ? { cursor } : {}), bericht: String(id) })}#lauf`;
  const words: [string, string] = ["Lauf", "Läufen"];
  const counted = Math.min(total, MOST_COUNTED);
  const pages = page.items.length > 0 ? pageLinks(page, { total: counted, words, filtered: false, url: base }) : null;
  const text =
    pages && total > MOST_COUNTED
      ? pages.text.replace(/ von .*/, ` von mehr als ${formatCount(MOST_COUNTED)} Läufen`)
      : pages?.text;
  return {
    rows: page.items.map((it) => reportRow(it, to(it.id))),
    pages: pages && { ...pages, text: text ?? "" },
    open: open && openWords(open, `${HERE}${cursor ? `?${new URLSearchParams({ cursor })}` : ""}`),
  };
}

function openWords(open: NonNullable<RunsPage["open"]>, close: string) {
  const { kind, checked, healed, duration } = reportRow(open, "");
  const found = open.found.length === 0 ? "keine Abweichung" : countDifferences(open.found.length);
  return {
    title: `Lauf vom ${formatDateTime(open.finishedAt)}`,
    text: `${kind}: ${checked} geprüft, ${healed} nachgeholt, ${found}, Dauer ${duration}.`,
    groups: differenceGroups(open.found, open.orders),
    close,
  };
}
