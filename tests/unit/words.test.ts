import { describe, expect, test } from "vitest";
import { ERROR_STATUS, type ErrorCode } from "~/errors";
import {
  creditTimeLeft,
  formatAmount,
  formatDate,
  formatLastDay,
  formatMoney,
  formatPack,
  formatTime,
  licenceTimeLeft,
} from "~/ui/format";
import { ALL_SENTENCES, errorMessage, errorToast } from "~/ui/messages.de";
import { read } from "../support/source";

describe("formats", () => {
  test.each<[number, string]>([
    [0, "0.00"],
    [5, "0.05"],
    [3_900, "39.00"],
    [119_700, "1’197.00"],
    [123_456_789, "1’234’567.89"],
    [-29_000, "−290.00"],
  ])("%d cents are %s", (cents, text) => expect(formatAmount(cents)).toBe(text));

  test("money, packs, dates", () => {
    expect(formatMoney(119_700, "CHF")).toBe("CHF 1’197.00");
    expect(formatPack(3, "365 Tage")).toBe("3 × 365 Tage");
    const instant = new Date("2026-11-22T09:35:00Z");
    expect(formatDate(instant)).toBe("22.11.2026");
    expect(formatTime(instant)).toBe("10:35");
    expect(formatLastDay(new Date("2026-12-04T23:00:00Z"))).toBe("04.12.2026");
  });

  test.each<[string, string, boolean]>([
    ["2026-11-22T23:00:00Z", "läuft heute ab", true],
    ["2026-11-23T23:00:00Z", "läuft morgen ab", true],
    ["2026-12-04T23:00:00Z", "läuft in 12 Tagen ab", true],
    ["2026-12-22T23:00:00Z", "läuft in 30 Tagen ab", true],
    ["2026-12-23T23:00:00Z", "in 31 Tagen", false],
  ])("credits that expire at %s: %s", (expiresAt, text, soon) => {
    expect(creditTimeLeft(new Date(expiresAt), new Date("2026-11-22T09:35:00Z"))).toEqual({ text, soon });
  });

  test("a licence's time left, rounded up", () => {
    const now = new Date("2026-11-22T09:35:00Z");
    expect(licenceTimeLeft(new Date("2027-10-01T06:05:00Z"), now)).toBe("noch 313 Tage");
    expect(licenceTimeLeft(new Date("2026-11-23T09:00:00Z"), now)).toBe("noch 1 Tag");
    expect(licenceTimeLeft(new Date("2026-11-22T15:20:00Z"), now)).toBe("endet heute um 16:20");
  });
});

describe("sentences", () => {
  test.each(ALL_SENTENCES)("%s", (sentence) => {
    expect(sentence).not.toMatch(/ß|["']|!/);
    expect(sentence).toMatch(/\.$/);
  });

  test("a wait is told in minutes, rounded up", () => {
    expect(errorMessage("RATE_LIMITED", { retryAfterSeconds: 661 })).toContain("Warten Sie 12 Minuten");
    expect(errorMessage("RATE_LIMITED", { retryAfterSeconds: 5 })).toContain("Warten Sie 1 Minute ");
  });

  test("a toast: first sentence as the title, the trace id where somebody must look", () => {
    expect(errorToast("SKU_NOT_SALEABLE", {}, "abc")).toEqual({
      title: "Dieses Paket ist zurzeit nicht erhältlich",
      text: "Es wurde nichts belastet. Wählen Sie ein anderes.",
    });
    expect(errorToast("STRIPE_UNAVAILABLE", {}, "abc").text).toMatch(/Trace-ID abc$/);
    for (const code of Object.keys(ERROR_STATUS) as ErrorCode[]) expect(errorToast(code, {}, "x").title).not.toBe("");
  });
});

describe("contrast, computed from the tokens", () => {
  const css = read("app/styles/theme.css");
  const tokens = (text: string) =>
    new Map(
      [...text.matchAll(/--color-([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [String(match[1]), String(match[2])]),
    );
  const light = tokens(css.slice(0, css.indexOf("prefers-color-scheme: dark")));
  const dark = new Map([...light, ...tokens(css.slice(css.indexOf("prefers-color-scheme: dark")))]);

  const text = 4.5;
  const graphic = 3;
  const pairs: Array<[string, string, number]> = [
    ...["canvas", "sunken", "hover"].flatMap(
      (ground) =>
        [
          ["ink", ground, text],
          ["soft", ground, text],
        ] as Array<[string, string, number]>,
    ),
    ["mute", "canvas", text],
    ["mute", "sunken", text],
    ["mute", "neutral-wash", text],
    ["accent", "canvas", text],
    ["accent", "sunken", text],
    ["on-primary", "primary", text],
    ["on-primary", "primary-hover", text],
    ["line-strong", "canvas", graphic],
    ["line-strong", "sunken", graphic],
    ["brand", "sunken", graphic],
    ["danger", "canvas", text],
    ...["positive", "notice", "danger", "info", "neutral", "operator"].flatMap(
      (tone) =>
        [
          [tone, `${tone}-wash`, text],
          ["soft", `${tone}-wash`, text],
        ] as Array<[string, string, number]>,
    ),
  ];

  test.each([
    ["light", light],
    ["dark", dark],
  ] as const)("%s", (_name, palette) => {
    const weak = pairs
      .map(([front, ground, least]) => ({
        front,
        ground,
        least,
        is: contrast(palette.get(front), palette.get(ground)),
      }))
      .filter((pair) => pair.is < pair.least);
    expect(weak).toEqual([]);
  });
});

function contrast(a: string | undefined, b: string | undefined): number {
  const [x = 0, y = 0] = [luminance(String(a)), luminance(String(b))].sort((m, n) => n - m);
  return (x + 0.05) / (y + 0.05);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
