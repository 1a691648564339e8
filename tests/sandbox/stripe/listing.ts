import type Stripe from "stripe";
import { invalidParameter, missing } from "./errors";
import type { Params } from "./params";

interface Listing<Item> {
  url: string;
  /** As Stripe names the object in «No such …». */
  noun: string;
  /** Oldest first, as the state keeps them. */
  items: Iterable<Item>;
  matches?: (item: Item) => boolean;
}

/**
 * One page of a list, newest first, with `limit` (1–100, default 10), `starting_after` and `ending_before`.
 * Reads the rest of the parameters to the end, so unknown ones are refused here.
 */
export function page<Item extends { id: string }>(params: Params, listing: Listing<Item>): Stripe.ApiList<Item> {
  const limit = params.integer("limit") ?? 10;
  if (limit < 1 || limit > 100) throw invalidParameter("limit", "Invalid limit: must be between 1 and 100");
  const after = params.text("starting_after");
  const before = params.text("ending_before");
  params.finish();
  if (after !== undefined && before !== undefined) {
    throw invalidParameter("starting_after", "You can only use one of `starting_after` and `ending_before`.");
  }

  const everything = [...listing.items].reverse();
  const position = (cursor: string, param: string): number => {
    const index = everything.findIndex((item) => item.id === cursor);
    if (index < 0) throw missing(listing.noun, cursor, param);
    return index;
  };
  const matches = listing.matches ?? (() => true);
  if (before !== undefined) {
    const newer = everything.slice(0, position(before, "ending_before")).filter(matches);
    return { object: "list", data: newer.slice(-limit), has_more: newer.length > limit, url: listing.url };
  }
  const older = (after === undefined ? everything : everything.slice(position(after, "starting_after") + 1)).filter(
    matches,
  );
  return { object: "list", data: older.slice(0, limit), has_more: older.length > limit, url: listing.url };
}
