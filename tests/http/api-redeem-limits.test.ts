import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, newAccount, stopInOrder, tally } from "../support/accounts";
import { REDEEM_API } from "../support/api";
import { couponCode, grantedBy } from "../support/coupons";
import { envelope } from "../support/http";
import { type Stack, startStack } from "../support/stack";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stopInOrder(stack));

const post = (who: Account, code: string) => who.owner.json(REDEEM_API, { code });
const redeem = async (who: Account, code: string) => envelope(await post(who, code));
const misses = async (who: Account) => {
  const [row] = await stack.db.owner<{ n: number }[]>`
    select count(*)::int as n from coupon_miss where tenant_id = ${who.tenantId}`;
  return row?.n;
};
/** Lets time pass for what the tenant has missed. */
const age = (who: Account, by: string) =>
  stack.db.owner`update coupon_miss set missed_at = missed_at - ${by}::interval where tenant_id = ${who.tenantId}`;

async function miss(who: Account, times: number): Promise<string[]> {
  const codes: string[] = [];
  for (let i = 0; i < times; i++) codes.push((await redeem(who, `WRONG-${i}`)).error?.code ?? "ok");
  return codes;
}

describe("10 misses an hour per tenant", () => {
  test("ten are INVALID_CODE, then RATE_LIMITED with Retry-After, a valid code too; another tenant is free", async () => {
    const [who, other] = [await newAccount(stack), await newAccount(stack)];
    const valid = await couponCode(stack);
    expect(await miss(who, 10)).toEqual(Array(10).fill("INVALID_CODE"));
    for (const code of ["WRONG-11", valid]) {
      const answer = await post(who, code);
      const wait = Number(answer.headers.get("retry-after"));
      expect(await envelope(answer)).toMatchObject({ status: 429, error: { code: "RATE_LIMITED" } });
      expect(wait).toBeGreaterThan(3_500);
      expect(wait).toBeLessThanOrEqual(3_600);
    }
    expect(await grantedBy(stack, who.tenantId)).toBe(0);
    expect((await redeem(other, valid)).status).toBe(200);
  });

  test("it ends after an hour, when the oldest has passed; refused calls do not prolong it", async () => {
    const who = await newAccount(stack);
    await miss(who, 5);
    await age(who, "30 minutes");
    await miss(who, 5);
    for (let i = 0; i < 15; i++) expect((await redeem(who, "WRONG")).error?.code).toBe("RATE_LIMITED");
    const wait = Number((await post(who, "WRONG")).headers.get("retry-after"));
    expect(wait).toBeGreaterThan(1_700);
    expect(wait).toBeLessThanOrEqual(1_800);
    await age(who, "29 minutes 50 seconds");
    expect((await redeem(who, "WRONG")).error?.code).toBe("RATE_LIMITED");
    await age(who, "10 seconds");
    expect((await redeem(who, await couponCode(stack))).status).toBe(200);
    expect(await miss(who, 6)).toEqual([...Array(5).fill("INVALID_CODE"), "RATE_LIMITED"]);
  });

  test("a whole hour later everything is free again", async () => {
    const who = await newAccount(stack);
    await miss(who, 11);
    await age(who, "1 hour");
    expect(await miss(who, 11)).toEqual([...Array(10).fill("INVALID_CODE"), "RATE_LIMITED"]);
  });

  test("40 guesses at once: no more than ten are answered", async () => {
    const who = await newAccount(stack);
    const answers = await tally(Array.from({ length: 40 }, (_, i) => post(who, `GUESS-${i}`)));
    expect(answers).toEqual({ "400 INVALID_CODE": 10, "429 RATE_LIMITED": 30 });
    expect(await misses(who)).toBe(10);
  });

  test("a right guess among wrong ones at once: found or limited, never more guesses for it", async () => {
    const who = await newAccount(stack);
    const valid = await couponCode(stack);
    const codes = Array.from({ length: 40 }, (_, i) => (i === 39 ? valid : `GUESS-${i}`));
    const answers = await tally(codes.map((code) => post(who, code)));
    expect(answers["400 INVALID_CODE"]).toBe(10);
    expect((answers[200] ?? 0) + (answers["429 RATE_LIMITED"] ?? 0)).toBe(30);
    expect(await grantedBy(stack, who.tenantId)).toBe(answers[200] ?? 0);
  });

  test("inactive and not yet valid codes are misses; a refused body is none", async () => {
    const who = await newAccount(stack);
    await redeem(who, await couponCode(stack, { active: false }));
    await redeem(who, await couponCode(stack, { from: "1 hour" }));
    expect(await misses(who)).toBe(2);
    await redeem(who, "");
    await who.owner.json(REDEEM_API, { code: 7 });
    await who.owner.json(REDEEM_API, "{");
    expect(await misses(who)).toBe(2);
  });

  test("success does not wipe the misses", async () => {
    const who = await newAccount(stack);
    await miss(who, 9);
    expect((await redeem(who, await couponCode(stack))).status).toBe(200);
    expect(await miss(who, 2)).toEqual(["INVALID_CODE", "RATE_LIMITED"]);
  });

  test("the viewer's and foreign posts count nothing", async () => {
    const who = await newAccount(stack);
    const viewer = await who.viewer();
    for (let i = 0; i < 12; i++) await viewer.json(REDEEM_API, { code: "WRONG" });
    for (let i = 0; i < 12; i++)
      await who.owner.json(REDEEM_API, { code: "WRONG" }, { origin: "https://evil.example" });
    expect(await misses(who)).toBe(0);
  });
});
