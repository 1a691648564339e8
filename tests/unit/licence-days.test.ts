import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { extendLicence } from "~/billing/expiry";
import { createTestDatabase, type TestDatabase } from "../support/database";

describe("same wall-clock time, so many calendar days on", () => {
  test.each<[string, string, number, string]>([
    ["an ordinary day", "2026-11-22T09:35:12.345Z", 30, "2026-12-22T09:35:12.345Z"],
    ["into summer time", "2026-03-10T12:00:00Z", 30, "2026-04-09T11:00:00.000Z"],
    ["into winter time", "2026-10-10T11:00:00Z", 30, "2026-11-09T12:00:00.000Z"],
    ["over a leap day, 30", "2028-02-10T12:00:00Z", 30, "2028-03-11T12:00:00.000Z"],
    ["over a leap day, 365", "2028-02-10T12:00:00Z", 365, "2029-02-09T12:00:00.000Z"],
    ["from a leap day", "2028-02-29T12:00:00Z", 365, "2029-02-28T12:00:00.000Z"],
    // 27 February 2028, 02:30, plus 30 days: 28 March; the clocks skip 02:00 to 03:00 on 26 March.
    ["into the skipped hour", "2028-02-25T01:30:00Z", 30, "2028-03-26T01:30:00.000Z"],
    ["just before the skipped hour", "2028-02-25T00:59:59.999Z", 30, "2028-03-26T00:59:59.999Z"],
    ["just after the skipped hour", "2028-02-25T02:00:00Z", 30, "2028-03-26T01:00:00.000Z"],
    ["into the doubled hour", "2026-09-25T00:30:00Z", 30, "2026-10-25T01:30:00.000Z"],
    ["from the doubled hour, first time", "2026-10-25T00:30:00Z", 30, "2026-11-24T01:30:00.000Z"],
    ["from the doubled hour, second time", "2026-10-25T01:30:00Z", 30, "2026-11-24T01:30:00.000Z"],
    ["into a midnight", "2026-11-21T23:00:00Z", 30, "2026-12-21T23:00:00.000Z"],
    ["to the new year", "2026-12-02T22:59:59.999Z", 30, "2027-01-01T22:59:59.999Z"],
  ])("%s", (_name, from, days, expected) => {
    expect(extendLicence(new Date(from), days).toISOString()).toBe(expected);
  });
});

describe("the same as PostgreSQL", () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createTestDatabase();
  });
  afterAll(() => db?.drop());

  interface Case {
    from: Date;
    days: number;
  }

  /** Those that PostgreSQL answers otherwise, all asked in one statement. */
  async function wrongOnes(cases: readonly Case[]): Promise<unknown[]> {
    const rows = await db.owner<{ until: Date }[]>`
      select ((x at time zone 'Europe/Zurich') + make_interval(days => d)) at time zone 'Europe/Zurich' as until
      from unnest(${cases.map((it) => it.from.toISOString())}::timestamptz[], ${cases.map((it) => it.days)}::int[])
        with ordinality as t (x, d, n) order by n`;
    return cases
      .map(({ from, days }, i) => ({ from, days, ours: extendLicence(from, days), theirs: rows[i]?.until }))
      .filter(({ ours, theirs }) => ours.getTime() !== theirs?.getTime());
  }

  const days = fc.constantFrom(30, 365);

  test("for any instant between 2000 and 2060", async () => {
    const from = fc.date({ min: new Date("2000-01-01"), max: new Date("2060-01-01"), noInvalidDate: true });
    expect(await wrongOnes(fc.sample(fc.record({ from, days }), { numRuns: 10_000, seed: 4 }))).toEqual([]);
  });

  test("for every change of clocks from 2000 to 2060: from around it, and to around it", async () => {
    const changes = await db.owner<{ at: Date }[]>`
      select (last - extract(dow from last)::int * interval '1 day' + interval '1 hour') at time zone 'UTC' as at
      from generate_series(2000, 2060) as y, (values (3), (10)) as m (m),
        lateral (select make_timestamp(y, m, 31, 0, 0, 0) as last) as l`;
    expect(changes).toHaveLength(122);
    const minutes = Array.from({ length: 50 }, (_, i) => (i - 25) * 7.5);
    const odd = [-3_600_000, -1, 0, 1, 3_599_999, 3_600_000, 7_200_000, -7_200_001];
    const cases = changes.flatMap(({ at }) =>
      [...minutes.map((it) => it * 60_000), ...odd].flatMap((by) =>
        [30, 365].flatMap((n) =>
          [0, n].map((back) => ({ from: new Date(at.getTime() + by - back * 86_400_000), days: n })),
        ),
      ),
    );
    expect(await wrongOnes(cases)).toEqual([]);
  });

  test("for the last instants around every leap day", async () => {
    const cases: Case[] = [];
    for (let year = 2000; year <= 2060; year += 4) {
      for (const day of ["02-28", "02-29", "03-01"]) {
        for (const time of ["00:00:00.000", "22:59:59.999", "23:00:00.000", "23:59:59.999"]) {
          const from = new Date(`${year}-${day}T${time}Z`);
          cases.push({ from, days: 30 }, { from, days: 365 });
          cases.push({ from: new Date(from.getTime() - 30 * 86_400_000), days: 30 });
        }
      }
    }
    expect(await wrongOnes(cases)).toEqual([]);
  });
});
