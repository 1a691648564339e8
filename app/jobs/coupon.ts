import { parseArgs } from "node:util";
import { type CouponTerms, createCoupons } from "~/billing/coupons.server";
import { parseMoment } from "~/billing/expiry";
import { command } from "./command.server";

const USAGE =
  "npm run coupon -- create --count N --license-30d N --license-365d N --device-slots N --expires-in-days N " +
  "--max-redemptions N [--partner X] [--valid-from DATE] [--valid-until DATE]";

/**
 * `npm run coupon -- create …`: makes coupon codes and prints them, one a line, this once. Left out: one code, no credits of a type,
 * 365 days, redeemable once, at any time. `--valid-until` is the last day, in Zurich. Exits 1 for anything not understood.
 */
await command(
  async ({ sql, args, say }) => {
    const { count, terms } = readArguments(args);
    for (const code of await createCoupons(sql, count, terms)) say(code);
    return true;
  },
  { needsStripe: false },
);

function readArguments(args: string[]): { count: number; terms: CouponTerms } {
  const { positionals, values } = readOptions(args);
  if (positionals.length !== 1 || positionals[0] !== "create") throw new Error(USAGE);
  const whole = (name: keyof typeof values, missing: number, least: number, most: number): number => {
    const given = values[name];
    if (given === undefined) return missing;
    const number = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new Error(`--${name} is a whole number from ${least} to ${most}, and not ${given}.\n${USAGE}`);
  };
  const day = (name: "valid-from" | "valid-until") => {
    const given = values[name];
    const found = given === undefined ? null : parseMoment(given);
    if (given !== undefined && !found)
      throw new Error(`--${name} is a date such as 2026-11-22, and not ${given}.\n${USAGE}`);
    return found;
  };
  const terms: CouponTerms = {
    grantLicense30d: whole("license-30d", 0, 0, 10_000),
    grantLicense365d: whole("license-365d", 0, 0, 10_000),
    grantDeviceSlots: whole("device-slots", 0, 0, 10_000),
    creditExpiresInDays: whole("expires-in-days", 365, 1, 3_650),
    maxRedemptions: whole("max-redemptions", 1, 1, 1_000_000),
    validFrom: day("valid-from")?.start ?? null,
    validUntil: day("valid-until")?.end ?? null,
    partner: values.partner?.trim() || null,
  };
  if (terms.grantLicense30d + terms.grantLicense365d + terms.grantDeviceSlots === 0) {
    throw new Error(`A code without credits is good for nothing.\n${USAGE}`);
  }
  if (terms.validFrom && terms.validUntil && terms.validFrom >= terms.validUntil) {
    throw new Error(`--valid-until is before --valid-from.\n${USAGE}`);
  }
  return { count: whole("count", 1, 1, 100_000), terms };
}

/** Names and texts. Of what Node has to say only the first sentence: the others tell how to get around its parser. */
function readOptions(args: string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        count: text,
        "license-30d": text,
        "license-365d": text,
        "device-slots": text,
        "expires-in-days": text,
        "max-redemptions": text,
        partner: text,
        "valid-from": text,
        "valid-until": text,
      },
    });
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.?(?:\s*\n|\. |$)/);
    throw new Error(`${sentence}.\n${USAGE}`);
  }
}
