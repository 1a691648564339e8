import type { Page } from "~/billing/paging.server";
import { formatCount } from "./format";
import type { PageLinks } from "./pagination";

/** The links and the line under a list: "26–50 von 80 Bewegungen, gefiltert". `url`: the page's own address. Run by the loader. */
export function pageLinks<T>(
  page: Page<T>,
  { total, words, filtered, url }: { total: number; words: [one: string, many: string]; filtered: boolean; url: URL },
): PageLinks {
  const last = page.first + page.items.length - 1;
  const range = page.items.length === 1 ? formatCount(last) : `${formatCount(page.first)}–${formatCount(last)}`;
  const all = Math.max(total, last);
  const text = `${range} von ${formatCount(all)} ${all === 1 ? words[0] : words[1]}${filtered ? ", gefiltert" : ""}`;
  const to = (cursor: string | null) => {
    if (cursor === null) return null;
    const query = new URLSearchParams(url.search);
    for (const name of ["_routes", "index"]) query.delete(name);
    query.set("cursor", cursor);
    return `${url.pathname.replace(/\.data$/, "")}?${query}`;
  };
  return { text, newer: to(page.newer), older: to(page.older) };
}
