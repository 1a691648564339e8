import { DEMO_SKUS } from "../../db/seed";
import { type Random, seeded } from "../sandbox/random";

/** What a buyer does once the pay page is open. */
export type Course = "pay" | "pay later" | "fail later" | "decline, pay" | "decline, leave" | "expire" | "leave";

/** One purchase, decided by the seed and its number alone. */
export interface Purchase {
  index: number;
  tenantId: string;
  skuId: string;
  /** The Idempotency-Key of its click. */
  key: string;
  course: Course;
  /** The click is sent twice at once. */
  isDoubleClick: boolean;
  /** What happens to the money after it has been paid. */
  aftermath: "none" | "refund" | "partial refund" | "dispute lost" | "dispute won" | "dispute";
  /** Further chance of this purchase, such as its pauses. */
  random: Random;
}

/** So many of a hundred purchases take each course. */
const COURSES: Array<[Course, number]> = [
  ["pay", 76],
  ["pay later", 8],
  ["fail later", 2],
  ["decline, pay", 5],
  ["decline, leave", 2],
  ["expire", 4],
  ["leave", 3],
];
const AFTERMATHS: Array<[Purchase["aftermath"], number]> = [
  ["none", 88],
  ["refund", 4],
  ["partial refund", 3],
  ["dispute lost", 2],
  ["dispute won", 2],
  ["dispute", 1],
];
const DOUBLE_CLICKS = 5;

/** The purchase of this number in a run with this seed. */
export function planPurchase(seed: number, index: number, tenantIds: readonly string[]): Purchase {
  const random = seeded(seed, "purchase", index);
  return {
    index,
    tenantId: random.pick(tenantIds),
    skuId: random.pick(DEMO_SKUS).id,
    key: `chaos-${seed}-${index}`,
    course: weighted(COURSES, random),
    isDoubleClick: random.percent(DOUBLE_CLICKS),
    aftermath: weighted(AFTERMATHS, random),
    random,
  };
}

function weighted<Item>(choices: ReadonlyArray<readonly [Item, number]>, random: Random): Item {
  let left = random.next() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [item, weight] of choices) {
    left -= weight;
    if (left < 0) return item;
  }
  throw new Error("Nothing to choose from");
}
