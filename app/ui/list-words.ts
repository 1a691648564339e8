import type { Page } from "~/billing/paging.server";
import { formatCount } from "./format";
import type { PageLinks } from "./pagination";

/** Rows of more are not counted: an operator's list may have a million. */
const MOST_COUNTED = 1_000;

/**
 * The links and the line under a list: "26–50 von 80 Bewegungen, gefiltert", "26–50 von mehr als 1’000 Bestellungen" where the total is
 * above a thousand. `url`: the page's own address. Run by the loader.
 */
export function pageLinks<T>(
  page: Page<T>,
  {
    total,
    words,
    filtered,
    url,
  }: { total: number | "many"; words: [one: string, many: string]; filtered: boolean; url: URL },
): PageLinks {
  const last = page.first + page.items.length - 1;
  const range = page.items.length === 1 ? formatCount(last) : `${formatCount(page.first)}–${formatCount(last)}`;
  const all = total === "many" ? null : Math.max(total, last);
  const amount = all === null ? `mehr als ${formatCount(MOST_COUNTED)}` : formatCount(all);
  const text = `${range} von ${amount} ${all === 1 ? words[0] : words[1]}${filtered ? ", gefiltert" : ""}`;
  const to = (cursor: string | null) => {
    if (cursor === null) return null;
    const query = new URLSearchParams(url.search);
    for (const name of ["_routes", "index"]) query.delete(name);
    query.set("cursor", cursor);
    return `${url.pathname.replace(/\.data$/, "")}?${query}`;
  };
  return { text, newer: to(page.newer), older: to(page.older) };
}
