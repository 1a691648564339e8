import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listLedger, NO_FILTER } from "~/billing/statement.server";
import { insertCode, insertLicence, newDevice } from "../support/devices";
import { envelope, visitor } from "../support/http";
import { lotsOf } from "../support/shop";
import { type Stack, startStack } from "../support/stack";

const REDEEM = "/api/mobile/v1/billing/redeem-and-activate";
const DAY = 24 * 60 * 60 * 1000;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

const redeem = async (apiKey: string, body: unknown, headers: Record<string, string> = {}) =>
  envelope(await visitor(stack.origin).json(REDEEM, body, { "x-api-key": apiKey, ...headers }));

/** A device of a fresh tenant. */
const device = (name?: string) => newDevice(stack.db.owner, name);
const licence = (tenantId: string, days: number) => insertLicence(stack.db.owner, tenantId, days);
const code = (grants: Parameters<typeof insertCode>[2]) =>
  insertCode(stack.db.owner, `CODE-${randomBytes(6).toString("hex").toUpperCase()}`, grants);

async function daysLeft(tenantId: string): Promise<number | null> {
  const [row] = await stack.db.owner<{ until: Date | null }[]>`
    select valid_until as until from tenant_entitlement where tenant_id = ${tenantId}`;
  return row?.until ? Math.round((row.until.getTime() - Date.now()) / DAY) : null;
}

describe("a code on a device", () => {
  test("is redeemed and extends the licence: 365 days before 30, and the device stands in the statement", async () => {
    const { tenantId, apiKey } = await device("Empfang");
    const answer = await redeem(apiKey, {
      code: (await code({ license30d: 2, license365d: 1, slots: 1 })).toLowerCase(),
    });
    expect(answer).toMatchObject({ status: 200, ok: true, data: { isActive: true } });
    expect(Object.keys(answer.data ?? {}).sort()).toEqual(["isActive", "validUntil"]);
    expect(await daysLeft(tenantId)).toBe(365);
    expect(await lotsOf(stack, tenantId)).toEqual(["DEVICE_SLOT 1/0", "LICENSE_30D 2/0", "LICENSE_365D 0/0"]);
    const { items } = await listLedger(stack.db.app, tenantId, NO_FILTER, null, 10);
    expect(items.map(({ reason, type, delta, actor }) => [reason, type, delta, actor])).toEqual([
      ["CREDIT_CONSUME", "LICENSE_365D", -1, "Empfang"],
      ["COUPON_REDEEM", "LICENSE_365D", 1, "Empfang"],
      ["COUPON_REDEEM", "LICENSE_30D", 2, "Empfang"],
      ["COUPON_REDEEM", "DEVICE_SLOT", 1, "Empfang"],
    ]);
    const [activation] = await stack.db.owner<{ device: string; user: string | null }[]>`
      select d.name as device, a.user_id as user from activation a join device d on d.id = a.device_id
      where a.tenant_id = ${tenantId}`;
    expect(activation).toEqual({ device: "Empfang", user: null });
  });

  test("with 30 days only: 30 days, onto a running licence", async () => {
    const { tenantId, apiKey } = await device();
    await licence(tenantId, 10);
    expect((await redeem(apiKey, { code: await code({ license30d: 1 }) })).status).toBe(200);
    expect(await daysLeft(tenantId)).toBe(40);
  });

  test("without a licence: NO_CREDITS, and it stays unused", async () => {
    const { tenantId, apiKey } = await device();
    const slots = await code({ slots: 2 });
    expect(await redeem(apiKey, { code: slots })).toMatchObject({ status: 409, error: { code: "NO_CREDITS" } });
    const [row] = await stack.db.owner<{ count: number; redemptions: number }[]>`
      select redeemed_count as count, (select count(*)::int from promo_redemption where promo_code_id = c.id) as redemptions
      from promo_code c where code = ${slots}`;
    expect(row).toEqual({ count: 0, redemptions: 0 });
    expect(await lotsOf(stack, tenantId)).toEqual([]);
    expect(await daysLeft(tenantId)).toBeNull();
  });

  test("twice: the second is CODE_ALREADY_REDEEMED and spends nothing", async () => {
    const { tenantId, apiKey } = await device();
    const twice = await code({ license30d: 2 });
    expect((await redeem(apiKey, { code: twice })).status).toBe(200);
    expect(await redeem(apiKey, { code: twice })).toMatchObject({
      status: 409,
      error: { code: "CODE_ALREADY_REDEEMED" },
    });
    expect(await lotsOf(stack, tenantId)).toEqual(["LICENSE_30D 1/0"]);
    expect(await daysLeft(tenantId)).toBe(30);
  });

  test("20 at once: one wins", async () => {
    const { tenantId, apiKey } = await device();
    const once = await code({ license365d: 1 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(apiKey, { code: once })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ error }) => error?.code === "CODE_ALREADY_REDEEMED")).toHaveLength(19);
    expect(await daysLeft(tenantId)).toBe(365);
  });

  test("unknown: INVALID_CODE, and after ten of them RATE_LIMITED with Retry-After", async () => {
    const { apiKey } = await device();
    for (let i = 0; i < 10; i++) {
      expect(await redeem(apiKey, { code: `NO-${i}` })).toMatchObject({ status: 400, error: { code: "INVALID_CODE" } });
    }
    const answer = await visitor(stack.origin).json(REDEEM, { code: "NO" }, { "x-api-key": apiKey });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(3_000);
    expect(await envelope(answer)).toMatchObject({ status: 429, error: { code: "RATE_LIMITED" } });
  });

  test.each<[string, unknown, string]>([
    ["no JSON", "{", "BAD_JSON"],
    ["no code", {}, "INVALID_BODY"],
    ["a number", { code: 12_345 }, "INVALID_BODY"],
    ["empty", { code: "" }, "INVALID_BODY"],
    ["a list", { code: ["A"] }, "INVALID_BODY"],
    ["null", "null", "INVALID_BODY"],
    ["too long", { code: "X".repeat(201) }, "INVALID_BODY"],
    ["with U+0000", { code: "A\u0000" }, "INVALID_BODY"],
  ])("in a bad body, %s: 400", async (_, body, expected) => {
    const { apiKey } = await device();
    expect(await redeem(apiKey, body)).toMatchObject({ status: 400, error: { code: expected } });
  });

  test("a field of ours in the body counts for nothing", async () => {
    const [mine, theirs] = [await device(), await device()];
    const body = { code: await code({ license30d: 1 }), tenantId: theirs.tenantId, deviceId: theirs.id, amount: 99 };
    expect((await redeem(mine.apiKey, body)).status).toBe(200);
    expect([await daysLeft(mine.tenantId), await daysLeft(theirs.tenantId)]).toEqual([30, null]);
  });

  test("from a foreign origin: 403, and it stays unused", async () => {
    const { tenantId, apiKey } = await device();
    const body = { code: await code({ license30d: 1 }) };
    const foreign: Array<Record<string, string>> = [
      { origin: "https://evil.example" },
      { "sec-fetch-site": "cross-site" },
    ];
    for (const headers of foreign) {
      expect(await redeem(apiKey, body, headers)).toMatchObject({ status: 403, error: { code: "FORBIDDEN" } });
    }
    expect(await daysLeft(tenantId)).toBeNull();
  });
});
