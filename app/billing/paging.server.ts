import type { Db, Fragment } from "~/db/transaction.server";
import { DomainError } from "~/errors";

/**
 * Where a page of a list begins: after (older) or before (newer) the row with `key`. `position`: how many rows the list has
 * before the page, for "26–50 von 80".
 */
export interface Cursor {
  direction: "older" | "newer";
  key: string[];
  position: number;
}

/** One page of a list that runs from the newest to the oldest. `first`: the number of its first row, from 1. */
export interface Page<T> {
  items: T[];
  older: string | null;
  newer: string | null;
  first: number;
}

/** Rows of more are not counted: a list over all tenants may have a million. */
const MOST_COUNTED = 1_000;

/** How many rows a query has, counted to a thousand; "many" above. `rows`: a select of anything. */
export async function countUpTo(db: Db, rows: Fragment): Promise<number | "many"> {
  const [count] = await db<{ n: number }[]>`
    select count(*)::int as n from (${rows} limit ${MOST_COUNTED + 1}) as counted`;
  return (count?.n ?? 0) > MOST_COUNTED ? "many" : (count?.n ?? 0);
}

/** Reads `?cursor=`. `parts`: what a key of this list looks like, part by part. Throws INVALID_QUERY for anything not ours. */
export function readCursor(text: string | null, parts: RegExp[]): Cursor | null {
  if (text === null || text === "") return null;
  const bytes = Buffer.from(text, "base64url");
  const [mark, position = "", ...key] = bytes.toString("latin1").split("~");
  const fits =
    // The decoder skips what is no base64url, so a garbled cursor could read as ours.
    bytes.toString("base64url") === text &&
    (mark === "o" || mark === "n") &&
    /^\d{1,9}$/.test(position) &&
    key.length === parts.length &&
    parts.every((part, i) => part.test(key[i] ?? ""));
  if (!fits) throw new DomainError("INVALID_QUERY", { fields: { cursor: "Diese Seite gibt es nicht." } });
  return { direction: mark === "o" ? "older" : "newer", key, position: Number(position) };
}

/**
 * Makes a page of the rows that were read: one more than `limit` says that there is more. Rows read towards the newer end come the other way
 * round.
 */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  cursor: Cursor | null,
  keyOf: (row: T) => string[],
): Page<T> {
  const newer = cursor?.direction === "newer";
  const kept = rows.slice(0, limit);
  const items = newer ? kept.reverse() : kept;
  const isMore = rows.length > limit;
  const before = cursor === null ? 0 : newer ? Math.max(0, cursor.position - items.length) : cursor.position;
  const [top, end] = [items[0], items.at(-1)];
  const hasNewer = newer ? isMore : cursor !== null;
  const hasOlder = newer || isMore;
  return {
    items,
    older: end && hasOlder ? encodeCursor("o", before + items.length, keyOf(end)) : null,
    newer: top && hasNewer ? encodeCursor("n", before, keyOf(top)) : null,
    first: before + 1,
  };
}

/** Where a page begins, for its address: older ("o") or newer ("n") than the row with this key. `readCursor` reads it. */
export function encodeCursor(mark: "o" | "n", position: number, key: string[]): string {
  return Buffer.from([mark, position, ...key].join("~"), "latin1").toString("base64url");
}
