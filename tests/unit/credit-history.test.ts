import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { creditHistory, type DayMovement, historyBegins } from "~/billing/credit-history";
import { CREDIT_TYPES, type CreditType } from "~/billing/credit-types";
import { lastUsableDay, startOfZurichDay, zurichDay } from "~/billing/expiry";
import { drawCreditChart } from "~/ui/credit-chart.server";

const NOW = new Date("2026-11-22T10:00:00Z");
const TODAY = zurichDay(NOW);

const lot = fc.record({
  type: fc.constantFrom(...CREDIT_TYPES),
  quantity: fc.integer({ min: 1, max: 9 }),
  held: fc.constantFrom(0, 0, 1),
  expiresAt: fc.integer({ min: 1, max: 400 }).map((days) => startOfZurichDay(TODAY + days)),
});
const movement = fc.record({
  type: fc.constantFrom(...CREDIT_TYPES),
  day: fc.integer({ min: TODAY - 250, max: TODAY }),
  reason: fc.constantFrom("STRIPE_PURCHASE" as const, "CREDIT_CONSUME" as const),
  delta: fc.integer({ min: -5, max: 5 }).filter((delta) => delta !== 0),
});

type Lots = Parameters<typeof creditHistory>[0];

/** What a type has at the end of a day: today's sum less what came after, or without what will have lapsed. */
function naive(lots: Lots, movements: DayMovement[], type: CreditType, day: number): number {
  const own = lots.filter((it) => it.type === type);
  if (day > TODAY) {
    return own.filter((it) => lastUsableDay(it.expiresAt) >= day).reduce((sum, it) => sum + it.quantity, 0);
  }
  const later = movements.filter((it) => it.type === type && it.day > day);
  return own.reduce((sum, it) => sum + it.quantity, 0) - later.reduce((sum, it) => sum + it.delta, 0);
}

describe("the history of credits", () => {
  test("says of each day what a naive count says", () => {
    fc.assert(
      fc.property(fc.array(lot, { maxLength: 8 }), fc.array(movement, { maxLength: 30 }), (lots, movements) => {
        const history = creditHistory(lots, movements, NOW);
        for (const it of history?.types ?? []) {
          for (let day = historyBegins(NOW); day <= (history?.until ?? 0); day++) {
            const steps = day > TODAY ? it.future : it.past;
            const level = day > TODAY ? naive(lots, movements, it.type, TODAY) : it.start;
            const drawn = steps.findLast((step) => step.day <= day)?.after ?? level;
            expect([it.type, day, drawn]).toEqual([it.type, day, naive(lots, movements, it.type, day)]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("is not there where there is nothing to show, and leaves out types without credits", () => {
    expect(creditHistory([], [], NOW)).toBeNull();
    const one = { type: "LICENSE_365D" as const, quantity: 2, held: 1, expiresAt: startOfZurichDay(TODAY + 100) };
    const history = creditHistory([one], [], NOW);
    expect(history?.types.map(({ type, usable, start }) => ({ type, usable, start }))).toEqual([
      { type: "LICENSE_365D", usable: 1, start: 2 },
    ]);
  });

  test("never spans more than 18 months", () => {
    const late = { type: "LICENSE_30D" as const, quantity: 1, held: 0, expiresAt: startOfZurichDay(TODAY + 3_000) };
    const history = creditHistory([late], [], NOW);
    expect((history?.until ?? 0) - (history?.from ?? 0)).toBe(548);
    expect(history?.types[0]?.future).toEqual([]);
  });
});

describe("the drawing", () => {
  const lots = [
    { type: "LICENSE_30D" as const, quantity: 2, held: 0, expiresAt: startOfZurichDay(TODAY + 13) },
    { type: "LICENSE_30D" as const, quantity: 5, held: 0, expiresAt: startOfZurichDay(TODAY + 209) },
  ];
  const bought = { day: TODAY - 60, type: "LICENSE_30D" as const, reason: "STRIPE_PURCHASE" as const, delta: 7 };

  test("states the finding, has no style of its own, and gives the same values as a table", () => {
    const history = creditHistory(lots, [bought], NOW);
    const chart = drawCreditChart(history as NonNullable<typeof history>);
    expect(chart).toContain(
      'aria-label="Guthaben im Verlauf: 30 Tage heute 7, 2 davon verfallen nach dem 04.12.2026."',
    );
    expect(chart).toContain("−2 nach 4.12.");
    expect(chart).not.toMatch(/style=|viewBox|NaN|undefined/);
    const cells = [...chart.matchAll(/<t[hd][^>]*>([^<]*)<\/t[hd]>/g)].map(([, text]) => text).slice(4);
    expect(cells).toEqual([
      ...["23.09.2026", "30 Tage", "Kauf +7", "7"],
      ...["05.12.2026", "30 Tage", "Verfall −2, vorgesehen", "5"],
      ...["19.06.2027", "30 Tage", "Verfall −5, vorgesehen", "0"],
    ]);
  });

  test("of a busy tenant is said by the month", () => {
    const many = Array.from({ length: 150 }, (_, i) => ({ ...bought, day: TODAY - 170 + i, delta: i % 2 ? -1 : 1 }));
    const history = creditHistory(lots, many, NOW);
    const table = drawCreditChart(history as NonNullable<typeof history>);
    expect(table).toContain("Nach Monaten");
    expect(table.match(/<tr>/g)?.length).toBeLessThan(25);
  });
});
