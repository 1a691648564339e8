import { CREDIT_TYPES, type CreditType } from "./credit-types";
import { lastUsableDay, zurichDay } from "./expiry";
import type { LedgerReason } from "./ledger-reasons";

/** How far the history goes back, and how long it may be in all, in days. */
const PAST_DAYS = 183;
const MOST_DAYS = 548;

/** What moved on one Zurich day (days since 1970-01-01), of one type, for one reason. */
export interface DayMovement {
  day: number;
  type: CreditType;
  reason: LedgerReason;
  delta: number;
}

/** A change of one type's credits: when, why, and how many there were after it. */
export interface HistoryStep extends DayMovement {
  after: number;
}

/** One type's credits over time. `start`: how many there were as the window begins. */
export interface TypeHistory {
  type: CreditType;
  usable: number;
  start: number;
  past: HistoryStep[];
  /** Known expiries: what remains if nothing is bought or used. `day` is the first day without them. */
  future: HistoryStep[];
}

/** The credits of a tenant over time, from six months ago to the last expiry, 18 months in all at most. Days of Zurich. */
export interface CreditHistory {
  from: number;
  today: number;
  until: number;
  types: TypeHistory[];
}

/** The first day that a history shows: what must be read for it. */
export function historyBegins(now: Date): number {
  return zurichDay(now) - PAST_DAYS;
}

/**
 * Folds what moved since `historyBegins` into steps. The past is counted back from what there is now, held credits included, so that it
 * needs no older row. Null when there is nothing to show.
 */
export function creditHistory(
  lots: ReadonlyArray<{ type: CreditType; quantity: number; held: number; expiresAt: Date }>,
  movements: readonly DayMovement[],
  now: Date,
): CreditHistory | null {
  const today = zurichDay(now);
  const from = historyBegins(now);
  const expiries = lots.map((lot) => lastUsableDay(lot.expiresAt) + 1);
  const until = Math.min(Math.max(today + 30, ...expiries.map((day) => day + 14)), from + MOST_DAYS);
  const types = CREDIT_TYPES.map((type) => {
    const own = lots.filter((lot) => lot.type === type);
    const total = own.reduce((sum, lot) => sum + lot.quantity, 0);
    const moved = movements.filter((it) => it.type === type && it.day >= from);
    const start = total - moved.reduce((sum, it) => sum + it.delta, 0);
    const lapses = own.map(({ quantity, expiresAt }) => {
      const day = lastUsableDay(expiresAt) + 1;
      return { day, type, reason: "CREDIT_EXPIRE" as const, delta: -quantity };
    });
    return {
      type,
      usable: own.reduce((sum, lot) => sum + lot.quantity - lot.held, 0),
      start,
      past: fold(start, moved),
      future: fold(total, lapses).filter((step) => step.day <= until),
    };
  }).filter(({ start, past, future }) => start > 0 || past.length > 0 || future.length > 0);
  return types.length > 0 ? { from, today, until, types } : null;
}

/** Runs through movements in the order of days. */
function fold(start: number, movements: readonly DayMovement[]): HistoryStep[] {
  let after = start;
  return [...movements]
    .sort((a, b) => a.day - b.day)
    .map((it) => {
      after += it.delta;
      return { ...it, after };
    });
}
