import { describe, expect, test } from "vitest";
import { isDriverWriteFault } from "~/db/client.server";
import { isLivemode, parseEnv } from "~/env.server";

const GOOD = {
  DATABASE_URL: "postgres://a@127.0.0.1/b",
  APP_ORIGIN: "https://billing.example.ch",
  STRIPE_SECRET_KEY: "sk_test_1",
  STRIPE_WEBHOOK_SECRET: "whsec_1",
};

describe("the environment", () => {
  test("defaults, and several secrets", () => {
    expect(parseEnv({ ...GOOD, STRIPE_WEBHOOK_SECRET: " whsec_1 , whsec_2" })).toMatchObject({
      PORT: 3000,
      HOST: "127.0.0.1",
      LOG_LEVEL: "info",
      DATABASE_POOL_MAX: 10,
      STRIPE_WEBHOOK_SECRET: ["whsec_1", "whsec_2"],
    });
  });

  test.each(Object.keys(GOOD))("without %s: a line that names it", (name) => {
    for (const value of [undefined, ""])
      expect(() => parseEnv({ ...GOOD, [name]: value })).toThrow(`${name} is missing.`);
  });

  test.each([
    ["DATABASE_URL", "mysql://x"],
    ["APP_ORIGIN", "billing.example.ch"],
    ["APP_ORIGIN", "https://billing.example.ch/"],
    ["APP_ORIGIN", "ftp://billing.example.ch"],
    ["STRIPE_SECRET_KEY", "pk_test_1"],
    ["STRIPE_WEBHOOK_SECRET", "whsec_1,,"],
    ["STRIPE_API_BASE", "http://10.0.0.1:12111"],
    ["STRIPE_API_BASE", "not a url"],
    ["PORT", "0"],
    ["PORT", "http"],
    ["LOG_LEVEL", "loud"],
    ["DATABASE_POOL_MAX", "1000"],
  ])("%s=%s is refused by name", (name, value) => {
    expect(() => parseEnv({ ...GOOD, [name]: value })).toThrow(new RegExp(`^${name} must|^${name} Invalid`, "m"));
  });

  test("a live key never goes together with another Stripe", () => {
    const live = { ...GOOD, STRIPE_SECRET_KEY: "sk_live_1" };
    expect(isLivemode(parseEnv(live))).toBe(true);
    expect(() => parseEnv({ ...live, STRIPE_API_BASE: "http://127.0.0.1:12111" })).toThrow(
      "STRIPE_API_BASE is refused",
    );
  });
});

test("only the driver's own write fault may be survived", () => {
  const fault = new TypeError("Cannot read properties of null (reading 'write')");
  fault.stack = `${fault.message}\n    at Immediate.nextWrite (file:///app/node_modules/postgres/src/connection.js:255:22)`;
  expect(isDriverWriteFault(fault)).toBe(true);
  expect(isDriverWriteFault(new TypeError("Cannot read properties of null (reading 'write')"))).toBe(false);
  expect(isDriverWriteFault(new Error("nextWrite postgres"))).toBe(false);
});
