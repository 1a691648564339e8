import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { runJob } from "../support/job";

const TERMS = ["--license-30d", "1"];
/** More than one needs, so that a slow machine is no fault. */
const LIMIT_MS = 60_000;

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db?.drop());

/** With nothing set but DATABASE_URL. */
const coupon = (...args: string[]) => runJob("coupon", { DATABASE_URL: db.url }, args, LIMIT_MS);
const codesIn = (output: string) => output.split("\n").filter((line) => line !== "");
const stored = async () => {
  const rows = await db.owner<{ code: string }[]>`select code from promo_code order by created_at, code`;
  return rows.map(({ code }) => code);
};

describe("npm run coupon -- create", () => {
  test("the contract's own arguments: the codes once, one a line, and the terms stored", async () => {
    const before = await stored();
    const { code, output } = await coupon(
      ..."create --count 3 --license-30d 2 --license-365d 1 --device-slots 4".split(" "),
      ..."--expires-in-days 90 --max-redemptions 5 --partner Messe".split(" "),
    );
    const codes = codesIn(output);
    expect([code, codes.length]).toEqual([0, 3]);
    for (const it of codes) expect(it).toMatch(/^[A-Z0-9-]{10,}$/);
    const rows = await db.owner`
      select active, valid_from, valid_until, max_redemptions, redeemed_count, grant_license_30d, grant_license_365d,
        grant_device_slots, credit_expires_in_days, partner
      from promo_code where code in ${db.owner(codes)}`;
    expect(rows).toHaveLength(3);
    for (const row of rows) {
      expect(row).toEqual({
        active: true,
        valid_from: null,
        valid_until: null,
        max_redemptions: 5,
        redeemed_count: 0,
        grant_license_30d: 2,
        grant_license_365d: 1,
        grant_device_slots: 4,
        credit_expires_in_days: 90,
        partner: "Messe",
      });
    }
    expect(await stored()).toHaveLength(before.length + 3);
  });

  test("left out: one code, 365 days, redeemable once, no partner", async () => {
    const { code, output } = await coupon("create", "--device-slots", "1");
    expect(code).toBe(0);
    const [row] = await db.owner`
      select max_redemptions, grant_license_30d, grant_license_365d, grant_device_slots, credit_expires_in_days, partner
      from promo_code where code in ${db.owner(codesIn(output))}`;
    expect(row).toEqual({
      max_redemptions: 1,
      grant_license_30d: 0,
      grant_license_365d: 0,
      grant_device_slots: 1,
      credit_expires_in_days: 365,
      partner: null,
    });
  });

  test("a window of Zurich days, the last one included; over a change of clocks", async () => {
    const { output } = await coupon("create", ...TERMS, "--valid-from", "2026-03-29", "--valid-until", "29.03.2026");
    const [row] =
      await db.owner`select valid_from, valid_until from promo_code where code in ${db.owner(codesIn(output))}`;
    expect(row).toEqual({
      valid_from: new Date("2026-03-28T23:00:00Z"),
      valid_until: new Date("2026-03-29T22:00:00Z"),
    });
  });

  test("10 000 codes: all different, none like another run's, 64 bits or more, no pattern", async () => {
    const { code, output } = await coupon("create", "--count", "10000", ...TERMS);
    const codes = codesIn(output);
    expect([code, codes.length, new Set(codes).size]).toEqual([0, 10_000, 10_000]);
    expect((await stored()).filter((it) => codes.includes(it))).toHaveLength(10_000);

    // What differs between codes at a place, over all places: the bits that somebody has to guess.
    const lengths = new Set(codes.map((it) => it.length));
    expect(lengths.size).toBe(1);
    let bits = 0;
    const letters = new Map<string, number>();
    for (let place = 0; place < (codes[0]?.length ?? 0); place++) {
      const here = codes.map((it) => it[place] ?? "");
      const kinds = new Set(here).size;
      bits += Math.log2(kinds);
      if (kinds > 1) for (const letter of here) letters.set(letter, (letters.get(letter) ?? 0) + 1);
    }
    expect(bits).toBeGreaterThanOrEqual(64);
    // Each letter as often as any other: chi-squared, which a remainder of a byte would make six times as large as this bound.
    const expected = [...letters.values()].reduce((a, b) => a + b, 0) / letters.size;
    const chiSquared = [...letters.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeLessThan(letters.size - 1 + 8 * Math.sqrt(2 * letters.size));
    // Neighbours have nothing in common beyond chance: a counter or a clock would.
    const variable = [...(codes[0] ?? "")].map((_, i) => new Set(codes.map((it) => it[i])).size > 1);
    const alike = codes.slice(1).map((it, n) => [...it].filter((c, i) => variable[i] && c === codes[n]?.[i]).length);
    expect(Math.max(...alike)).toBeLessThan(variable.filter(Boolean).length * 0.6);
  });
});

describe("what is not understood exits 1 with a clear line and stores nothing", () => {
  test.concurrent.each<[string[]]>([
    [[]],
    [["make", ...TERMS]],
    [["create"]],
    [["create", "create", ...TERMS]],
    [["create", "--license-30d", "0"]],
    [["create", "--license-30d", "-1"]],
    [["create", "--license-30d=-1"]],
    [["create", "--license-30d", "1.5"]],
    [["create", "--license-30d", "1e3"]],
    [["create", "--license-30d", "0x10"]],
    [["create", "--license-30d", ""]],
    [["create", "--license-30d", "eins"]],
    [["create", "--license-30d"]],
    [["create", "--license-30d", "99999999999"]],
    [["create", "--licence-30d", "1"]],
    [["create", ...TERMS, "--count", "0"]],
    [["create", ...TERMS, "--count", "-3"]],
    [["create", ...TERMS, "--count", "ten"]],
    [["create", ...TERMS, "--count", "99999999999999999999"]],
    [["create", ...TERMS, "--max-redemptions", "0"]],
    [["create", ...TERMS, "--max-redemptions", "NaN"]],
    [["create", ...TERMS, "--expires-in-days", "0"]],
    [["create", ...TERMS, "--expires-in-days", "3651"]],
    [["create", ...TERMS, "--valid-from", "30.02.2026"]],
    [["create", ...TERMS, "--valid-until", "soon"]],
    [["create", ...TERMS, "--valid-from", "2026-05-02", "--valid-until", "2026-05-01"]],
    [["create", ...TERMS, "--partner"]],
    [["create", ...TERMS, "--force"]],
    [["--help"]],
  ])("%j", async (args) => {
    const before = await stored();
    const { code, output } = await coupon(...args);
    const lines = output.trim().split("\n");
    expect(code).toBe(1);
    expect(lines.length).toBeLessThanOrEqual(2);
    expect(output).toMatch(/--count N|create|--[a-z]/);
    expect(output).not.toMatch(/\n\s+at |node:|PostgresError|violates/);
    expect(await stored()).toEqual(before);
  });

  test("a partner of control characters", async () => {
    const before = await stored();
    const { code, output } = await coupon("create", ...TERMS, "--partner", "a\nb\u0007");
    if (code === 0) expect(codesIn(output)).toHaveLength(1);
    else expect(await stored()).toEqual(before);
  });

  test("the database is away, or not named: one line, no stack", async () => {
    const away = await runJob("coupon", { DATABASE_URL: "postgres://postgres@127.0.0.1:1/none" }, ["create", ...TERMS]);
    expect(away.code).toBe(1);
    expect(away.output).not.toMatch(/\n\s+at /);
    const unnamed = await runJob("coupon", {}, ["create", ...TERMS]);
    expect([unnamed.code, unnamed.output]).toEqual([1, expect.stringContaining("DATABASE_URL is missing.")]);
  });
});
