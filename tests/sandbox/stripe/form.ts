import { invalidParameter } from "./errors";

/** Decoded parameters: a value, a list or an object, as deep as the brackets said. */
export type ParamTree = string | ParamTree[] | { [name: string]: ParamTree };
type ParamObject = { [name: string]: ParamTree };

const MAX_DEPTH = 8;

/**
 * Decodes Stripe's bracketed form encoding (`line_items[0][price]=…`, `expand[]=…`), in a body or a query.
 * Throws ApiError 400 for a name that is both a value and an object.
 */
export function parseForm(encoded: string): ParamObject {
  const root: ParamObject = Object.create(null);
  for (const [name, value] of new URLSearchParams(encoded)) {
    const path = [...name.matchAll(/^[^[\]]+|\[([^[\]]*)\]/g)].map((match) => match[1] ?? match[0]);
    if (path.length === 0 || path.length > MAX_DEPTH) throw invalidParameter(name, `Invalid parameter name: ${name}`);
    insert(root, path, value, name);
  }
  const tree = listsFromIndexes(root);
  return typeof tree === "string" || Array.isArray(tree) ? {} : tree;
}

function insert(root: ParamObject, path: string[], value: string, name: string): void {
  let node = root;
  path.forEach((segment, depth) => {
    const key = segment === "" ? String(Object.keys(node).length) : segment;
    const existing = node[key];
    if (depth === path.length - 1) {
      if (existing !== undefined && typeof existing !== "string") throw invalidParameter(name, `Invalid ${name}`);
      node[key] = value;
      return;
    }
    if (existing === undefined) {
      const child: ParamObject = Object.create(null);
      node[key] = child;
      node = child;
    } else if (typeof existing === "string" || Array.isArray(existing)) {
      throw invalidParameter(name, `Invalid ${name}`);
    } else {
      node = existing;
    }
  });
}

function listsFromIndexes(node: ParamTree): ParamTree {
  if (typeof node === "string" || Array.isArray(node)) return node;
  const entries = Object.entries(node).map(([key, child]): [string, ParamTree] => [key, listsFromIndexes(child)]);
  const isList = entries.length > 0 && entries.every(([key]) => /^\d+$/.test(key));
  if (!isList) return Object.assign(Object.create(null), Object.fromEntries(entries));
  return entries.sort(([left], [right]) => Number(left) - Number(right)).map(([, child]) => child);
}
