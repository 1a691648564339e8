import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { creditExpiry, daysLeft, lastUsableDay, startOfZurichDay, zurichDay } from "~/billing/expiry";
import { createTestDatabase, type TestDatabase } from "../support/database";

describe("the end of the local day", () => {
  test.each<[string, string, number, string]>([
    ["an ordinary winter day", "2026-11-22T09:35:00Z", 365, "2027-11-22T23:00:00.000Z"],
    ["late in the evening, already tomorrow in UTC+1", "2026-11-22T23:30:00Z", 365, "2027-11-23T23:00:00.000Z"],
    ["one second before midnight", "2026-11-22T22:59:59Z", 365, "2027-11-22T23:00:00.000Z"],
    ["into summer time", "2026-01-10T12:00:00Z", 100, "2026-04-20T22:00:00.000Z"],
    ["on the day the clocks go forward", "2026-03-29T12:00:00Z", 0, "2026-03-29T22:00:00.000Z"],
    ["on the day the clocks go back", "2026-10-25T12:00:00Z", 0, "2026-10-25T23:00:00.000Z"],
    ["the eve of the change to summer", "2026-03-28T12:00:00Z", 0, "2026-03-28T23:00:00.000Z"],
    ["the eve of the change to winter", "2026-10-24T12:00:00Z", 0, "2026-10-24T22:00:00.000Z"],
    ["over a leap day", "2027-03-01T12:00:00Z", 365, "2028-02-29T23:00:00.000Z"],
    ["from a leap day", "2028-02-29T12:00:00Z", 365, "2029-02-28T23:00:00.000Z"],
  ])("%s", (_name, paidAt, days, expected) => {
    expect(creditExpiry(new Date(paidAt), days).toISOString()).toBe(expected);
  });

  test("the last usable day is the day before the first unusable instant", () => {
    const paidAt = new Date("2026-11-22T09:00:00Z");
    const expiresAt = creditExpiry(paidAt, 12);
    expect(lastUsableDay(expiresAt)).toBe(zurichDay(paidAt) + 12);
    expect(daysLeft(expiresAt, paidAt)).toBe(12);
    expect(daysLeft(expiresAt, new Date(expiresAt.getTime() - 1))).toBe(0);
    expect(daysLeft(expiresAt, expiresAt)).toBe(-1);
  });
});

describe("the same as PostgreSQL", () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createTestDatabase();
  });
  afterAll(() => db?.drop());

  test("for any payment between 2000 and 2060", async () => {
    const moments = fc.sample(
      fc.record({
        paidAt: fc.date({ min: new Date("2000-01-01"), max: new Date("2060-01-01"), noInvalidDate: true }),
        days: fc.integer({ min: 0, max: 3_650 }),
      }),
      { numRuns: 400, seed: 20_261_122 },
    );
    const rows = await Promise.all(
      moments.map(
        ({ paidAt, days }) => db.owner<{ expires_at: Date }[]>`
          select ((${paidAt}::timestamptz at time zone 'Europe/Zurich')::date + ${days}::int + 1)::timestamp
            at time zone 'Europe/Zurich' as expires_at`,
      ),
    );
    const wrong = moments.filter(({ paidAt, days }, i) => {
      const ours = creditExpiry(paidAt, days);
      return (
        ours.getTime() !== rows[i]?.[0]?.expires_at.getTime() ||
        startOfZurichDay(zurichDay(ours)).getTime() !== ours.getTime()
      );
    });
    expect(wrong).toEqual([]);
  });
});
