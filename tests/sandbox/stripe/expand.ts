import { retrieveCustomer } from "./customers";
import { invalidParameter } from "./errors";
import type { Local } from "./local";
import { retrieveCharge, retrieveIntent } from "./payments";
import { findProduct } from "./prices";
import { expandRefunds } from "./refunds";
import { expandLines } from "./sessions";

type Json = null | boolean | number | string | Json[] | JsonObject;
type JsonObject = { [name: string]: Json };

/** How a field that holds an id becomes the object; the same for every object that has the field. */
const RESOLVERS: Record<string, (local: Local, id: string) => unknown> = {
  charge: retrieveCharge,
  customer: retrieveCustomer,
  latest_charge: retrieveCharge,
  payment_intent: retrieveIntent,
  product: findProduct,
};

/** Copies an answer and replaces ids by objects along the paths of `expand[]`. Throws ApiError 400. */
export function expand(local: Local, answer: unknown, paths: string[]): unknown {
  const root: Json = JSON.parse(JSON.stringify(answer));
  for (const path of paths) {
    const segments = path.split(".");
    if (segments.length > 5) throw invalidParameter("expand", "You cannot expand more than 4 levels of a property.");
    expandPath(local, root, segments, path);
  }
  return root;
}

function expandPath(local: Local, node: Json | undefined, segments: string[], path: string): void {
  const [field, ...rest] = segments;
  if (field === undefined || node === null || node === undefined) return;
  if (typeof node !== "object") throw notExpandable(path);
  if (Array.isArray(node)) {
    for (const item of node) expandPath(local, item, segments, path);
    return;
  }
  if (node.object === "checkout.session" && field === "line_items" && typeof node.id === "string") {
    node.line_items = JSON.parse(JSON.stringify(expandLines(local, node.id)));
  }
  if (node.object === "charge" && field === "refunds" && typeof node.id === "string") {
    node.refunds = JSON.parse(JSON.stringify(expandRefunds(local, node.id)));
  }
  const value = node[field];
  if (value === undefined) throw notExpandable(path);
  if (typeof value === "string") {
    const resolve = RESOLVERS[field];
    if (resolve === undefined) throw notExpandable(path);
    node[field] = JSON.parse(JSON.stringify(resolve(local, value)));
  }
  expandPath(local, node[field], rest, path);
}

function notExpandable(path: string): Error {
  return invalidParameter("expand", `This property cannot be expanded (${path}).`);
}
