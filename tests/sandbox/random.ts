/** Chance that can be repeated: the same seed draws the same numbers in the same order. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number;
  /** True in so many of a hundred cases. 0 draws nothing, so that a fault that is off does not shift the others. */
  percent(share: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** The items in another order, in a new array. */
  shuffled<Item>(items: readonly Item[]): Item[];
}

/** A generator for a seed (mulberry32). Several parts make one seed: `seeded(7, "buyer", 12)`. */
export function seeded(...parts: Array<number | string>): Random {
  let state = hash(parts.join("/"));
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (end: number) => Math.floor(next() * end);
  return {
    next,
    below,
    percent: (share) => share > 0 && next() * 100 < share,
    pick: <Item>(items: readonly Item[]) => {
      if (items.length === 0) throw new Error("Nothing to pick from");
      return items[below(items.length)] as Item;
    },
    shuffled: (items) => {
      const order = [...items];
      for (let last = order.length - 1; last > 0; last -= 1) {
        const other = below(last + 1);
        [order[last], order[other]] = [order[other] as (typeof order)[number], order[last] as (typeof order)[number]];
      }
      return order;
    },
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (const char of text) sum = Math.imul(sum ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return sum;
}
