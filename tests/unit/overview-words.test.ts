import { describe, expect, test } from "vitest";
import { overviewWords } from "~/ui/overview-words";

const NOW = new Date("2026-11-22T12:00:00Z");
const NO_LICENCE = { validUntil: null, isActive: false, maxDevices: 1, activeDevices: 0 };

/** Credits whose last usable day in Zurich is so many days ahead. */
const lot = (quantity: number, days: number, held = 0) => ({
  type: "LICENSE_30D" as const,
  quantity,
  held,
  expiresAt: new Date(Date.UTC(2026, 10, 22 + days, 23)),
});

function rowOf(...credits: Array<ReturnType<typeof lot>>) {
  const words = overviewWords({ entitlement: NO_LICENCE, credits, expiringSoon: null, readAt: NOW });
  return words.credits[0];
}

describe("a row of credits", () => {
  test.each([
    ["bis und mit 31.01.2027", [lot(3, 70)]],
    ["3 bis und mit 31.01.2027, 2 bis und mit 02.03.2027", [lot(3, 70), lot(2, 100)]],
    ["3 bis und mit 31.01.2027, 3 länger", [lot(3, 70), lot(2, 100), lot(1, 130)]],
    ["bis und mit 31.01.2027, 2 weitere sind gesperrt", [lot(3, 70), lot(2, 100, 2)]],
    ["laufen in 12 Tagen ab", [lot(2, 12)]],
    ["2 davon laufen in 12 Tagen ab", [lot(2, 12), lot(8, 300)]],
    ["1 davon läuft heute ab", [lot(1, 0), lot(1, 1)]],
    ["Kein Guthaben.", []],
    ["Kein Guthaben, ein Credit ist gesperrt.", [lot(1, 70, 1)]],
  ])("%s", (text, lots) => expect(rowOf(...lots)?.text).toBe(text));
});
