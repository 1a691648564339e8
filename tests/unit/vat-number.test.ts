import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COUNTRIES, type Country } from "~/billing/countries";
import { readVatNumber, stripeTaxId } from "~/billing/vat-number";

/** The check digit by another road than the code's: the one digit that makes the weighted sum divisible by 11, if any. */
function checkDigit(digits: number[]): number | null {
  const weights = [5, 4, 3, 2, 7, 6, 5, 4];
  const fits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter(
    (check) => (weights.reduce((sum, weight, i) => sum + weight * Number(digits[i]), 0) + check) % 11 === 0,
  );
  return fits[0] ?? null;
}

const eight = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 8 });
/** Nine digits with a right check digit. */
const uid = eight.filter((it) => checkDigit(it) !== null).map((it) => [...it, Number(checkDigit(it))]);
const suffix = fc.constantFrom("", "MWST", "TVA", "IVA");
const gap = fc.constantFrom("", " ", ".", "-", "–", "\u00a0");

const plain = (digits: number[]) => `CHE${digits.join("")}`;

describe("a Swiss UID", () => {
  test.each([
    ["CHE123456788", "CHE-123.456.788"],
    ["che-123.456.788", "CHE-123.456.788"],
    [" CHE 123 456 788 ", "CHE-123.456.788"],
    ["CHE-123.456.788 MWST", "CHE-123.456.788 MWST"],
    ["CHE-123.456.788 mwst", "CHE-123.456.788 MWST"],
    ["CHE-123.456.788 TVA", "CHE-123.456.788 MWST"],
    ["CHE123456788IVA", "CHE-123.456.788 MWST"],
    ["CHE-109.322.551", "CHE-109.322.551"],
    ["CHE-116.281.710", "CHE-116.281.710"],
  ])("%s is %s", (text, expected) => {
    expect(readVatNumber(text, "CH")).toBe(expected);
  });

  test.each([
    "",
    "CHE",
    "123456788",
    "CHE12345678",
    "CHE1234567888",
    "CHE-123.456.788 VAT",
    "XCHE123456788",
    "DE123456789",
  ])("%j is none", (text) => {
    expect(readVatNumber(text, "CH")).toBeNull();
  });

  test("is read in every notation, and always kept in the same one", () => {
    fc.assert(
      fc.property(
        uid,
        suffix,
        fc.array(gap, { minLength: 4, maxLength: 4 }),
        fc.boolean(),
        (digits, end, gaps, small) => {
          const parts = [
            "CHE",
            digits.slice(0, 3).join(""),
            digits.slice(3, 6).join(""),
            digits.slice(6).join(""),
            end,
          ];
          const text = parts.map((part, i) => `${part}${gaps[i] ?? ""}`).join("");
          const kept = `CHE-${parts[1]}.${parts[2]}.${parts[3]}${end ? " MWST" : ""}`;
          expect(readVatNumber(small ? text.toLowerCase() : text, "CH")).toBe(kept);
          expect(readVatNumber(kept, "CH")).toBe(kept);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  // 11 is a prime, so that no product of a weight (1 to 7) and a difference of digits (1 to 9) is a multiple of it.
  test("with any one digit changed is refused", () => {
    fc.assert(
      fc.property(uid, fc.nat({ max: 8 }), fc.integer({ min: 1, max: 9 }), (digits, at, by) => {
        const changed = digits.map((digit, i) => (i === at ? (digit + by) % 10 : digit));
        expect(readVatNumber(plain(digits), "CH")).not.toBeNull();
        expect(readVatNumber(plain(changed), "CH")).toBeNull();
      }),
      { numRuns: 5_000 },
    );
  });

  // Neighbouring weights 5 4 3 2 7 6 5 4 1 are never equal, so every swap of two different digits moves the sum.
  test("with two different neighbours swapped is refused", () => {
    fc.assert(
      fc.property(uid, fc.nat({ max: 7 }), (digits, at) => {
        fc.pre(digits[at] !== digits[at + 1]);
        const swapped = digits.map((digit, i) => digits[i === at ? at + 1 : i === at + 1 ? at : i] ?? digit);
        expect(readVatNumber(plain(swapped), "CH")).toBeNull();
      }),
      { numRuns: 5_000 },
    );
  });

  test("whose check digit would be 10 does not exist, whatever its ninth digit", () => {
    fc.assert(
      fc.property(
        eight.filter((it) => checkDigit(it) === null),
        fc.nat({ max: 9 }),
        (digits, last) => {
          expect(readVatNumber(plain([...digits, last]), "CH")).toBeNull();
        },
      ),
    );
  });
});

describe("numbers of other countries", () => {
  test.each<[Country, string, string]>([
    ["LI", "53011", "53011"],
    ["LI", "che 123.456.788", "CHE-123.456.788"],
    ["DE", "DE123456789", "DE123456789"],
    ["DE", "de 123 456 789", "DE123456789"],
    ["DE", "123456789", "DE123456789"],
    ["AT", "ATU12345678", "ATU12345678"],
    ["AT", "u12345678", "ATU12345678"],
    ["FR", "FR 4K 303265045", "FR4K303265045"],
    ["FR", "FR83404833048", "FR83404833048"],
    ["IT", "IT00743110157", "IT00743110157"],
    ["GB", "GB 980 7806 84", "GB980780684"],
    ["GB", "GBGD001", "GBGD001"],
    ["US", "12-3456789", "12-3456789"],
    ["US", "123456789", "12-3456789"],
  ])("%s %s is %s", (country, text, expected) => {
    expect(readVatNumber(text, country)).toBe(expected);
    expect(readVatNumber(expected, country)).toBe(expected);
  });

  test.each<[Country, string]>([
    ["LI", "5301"],
    ["LI", "CHE-123.456.789"],
    ["DE", "DE12345678"],
    ["DE", "CHE-123.456.788"],
    ["AT", "AT12345678"],
    ["FR", "FROI303265045"],
    ["IT", "IT0074311015"],
    ["GB", "GB12345678"],
    ["US", "12-345678"],
  ])("%s %s is none", (country, text) => {
    expect(readVatNumber(text, country)).toBeNull();
  });

  test("any text is a number or none, and what is a number stays as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.constantFrom(...COUNTRIES), (text, country) => {
        const read = readVatNumber(text, country);
        expect(read === null ? null : readVatNumber(read, country)).toBe(read);
      }),
    );
  });
});

test.each<[Country, string, string, string]>([
  ["CH", "CHE-123.456.788 MWST", "ch_vat", "CHE-123.456.788 MWST"],
  ["CH", "CHE-123.456.788", "ch_uid", "CHE-123.456.788"],
  ["LI", "CHE-123.456.788 MWST", "ch_vat", "CHE-123.456.788 MWST"],
  ["LI", "CHE-123.456.788", "li_uid", "CHE123456788"],
  ["LI", "53011", "li_vat", "53011"],
  ["AT", "ATU12345678", "eu_vat", "ATU12345678"],
  ["GB", "GB980780684", "gb_vat", "GB980780684"],
  ["US", "12-3456789", "us_ein", "12-3456789"],
])("Stripe is told of %s %s as %s", (country, number, type, value) => {
  expect(stripeTaxId(number, country)).toEqual({ type, value });
});
