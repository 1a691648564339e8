import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, newAccount, stopInOrder, tally } from "../support/accounts";
import { INTERNAL, OVERVIEW_API, REDEEM_API } from "../support/api";
import { type CodeTerms, couponCode, grantedBy } from "../support/coupons";
import { envelope, visitor } from "../support/http";
import { lotsOf } from "../support/shop";
import { type Stack, startStack } from "../support/stack";

let stack: Stack;
let account: Account;
let other: Account;
beforeAll(async () => {
  stack = await startStack();
  [account, other] = [await newAccount(stack), await newAccount(stack)];
});
afterAll(() => stopInOrder(stack));

const code = (terms: CodeTerms = {}) => couponCode(stack, terms);
const post = (text: unknown, who = account) => who.owner.json(REDEEM_API, { code: text });
const redeem = async (text: unknown, who = account) => envelope(await post(text, who));
const redemptions = async (text: string) => {
  const [row] = await stack.db.owner<{ rows: number; counted: number }[]>`
    select (select count(*)::int from promo_redemption r where r.promo_code_id = c.id) as rows, redeemed_count as counted
    from promo_code c where code = ${text}`;
  return row;
};

describe("a valid code", () => {
  test("books its credits, answers with the overview, and the row names who and the redemption", async () => {
    const text = await code({ l30: 2, l365: 1, slots: 3 });
    const answer = await redeem(text);
    expect(answer).toMatchObject({ status: 200, ok: true });
    expect(answer.data).toEqual((await envelope(await account.owner.get(OVERVIEW_API))).data);
    expect(answer.data).toMatchObject({ entitlement: { isActive: false, validUntil: null } });
    expect(await lotsOf(stack, account.tenantId)).toEqual(["DEVICE_SLOT 3/0", "LICENSE_30D 2/0", "LICENSE_365D 1/0"]);
    const rows = await stack.db.owner`
      select l.actor_user_id, l.ref_id = r.id as named, r.user_id, l.order_id from tenant_credit_ledger l
      join promo_redemption r on r.tenant_id = l.tenant_id
      where l.tenant_id = ${account.tenantId} and l.reason = 'COUPON_REDEEM'`;
    const row = { actor_user_id: account.userId, named: true, user_id: account.userId, order_id: null };
    expect([...rows]).toEqual([row, row, row]);
    expect(await redemptions(text)).toEqual({ rows: 1, counted: 1 });
  });

  test("expires at the end of the local day, so many days after today; by default 365", async () => {
    for (const days of [1, 30, undefined]) {
      const text = await code({ l30: 1, days });
      await redeem(text);
      const [row] = await stack.db.owner`
        select expires_at = ((r.redeemed_at at time zone 'Europe/Zurich')::date + ${days ?? 365}::int + 1)::timestamp
          at time zone 'Europe/Zurich' as right_day
        from tenant_credit_ledger l join promo_redemption r on r.id = l.ref_id join promo_code c on c.id = r.promo_code_id
        where c.code = ${text}`;
      expect([days, row]).toEqual([days, { right_day: true }]);
    }
  });

  test("inserted with defaults only: never ends, no cap", async () => {
    const text = `PLAIN-${randomBytes(5).toString("hex").toUpperCase()}`;
    await stack.db.owner`insert into promo_code (code, grant_license_30d) values (${text}, 1)`;
    expect((await redeem(text)).status).toBe(200);
    expect((await redeem(text, other)).status).toBe(200);
    expect(await redemptions(text)).toEqual({ rows: 2, counted: 2 });
  });

  test.each<[string, (text: string) => string]>([
    ["lower case", (text) => text.toLowerCase()],
    ["mixed case", (text) => text.replace(/[A-Z]/g, (c, i) => (i % 2 ? c : c.toLowerCase()))],
    ["blanks around it", (text) => `  ${text}   `],
    ["both", (text) => ` ${text.toLowerCase()} `],
    ["a no-break space", (text) => `\u00a0${text}\u2009`],
  ])("is found in %s", async (_name, written) => {
    const text = await code();
    expect((await redeem(written(text))).status).toBe(200);
    expect(await redemptions(text)).toEqual({ rows: 1, counted: 1 });
  });

  test("with letters that change their length in upper case", async () => {
    const text = await code({ prefix: "STRASSE-" });
    expect((await redeem(text.replace("SS", "ß"))).status).toBeLessThan(500);
    const umlaut = await code({ prefix: "ÜBER-" });
    expect((await redeem(umlaut.toLowerCase())).status).toBe(200);
  });
});

describe("refusals", () => {
  test("absent, inactive, not yet valid: the same bytes besides the trace id", async () => {
    const who = await newAccount(stack);
    const inactive = await code({ active: false });
    const early = await code({ from: "1 hour", until: "2 hours" });
    const texts = ["LR-NOT-THERE", inactive, early, await code({ active: false, from: "-2 hours", until: "-1 hour" })];
    const seen = new Set<string>();
    for (const text of texts) {
      const answer = await post(text, who);
      const headers = [...answer.headers].filter(([name]) => !["date", "x-trace-id"].includes(name));
      const { traceId } = await envelope(answer.clone());
      seen.add(JSON.stringify([answer.status, headers, (await answer.text()).replace(traceId, "")]));
    }
    expect([...seen]).toHaveLength(1);
    expect([...seen][0]).toContain("INVALID_CODE");
    expect(await grantedBy(stack, who.tenantId)).toBe(0);
  });

  test("lapsed: CODE_EXPIRED; at its last moment still valid, from its first moment on valid", async () => {
    const lapsed = await code({ from: "-2 days", until: "-1 second" });
    expect(await redeem(lapsed)).toMatchObject({ status: 400, error: { code: "CODE_EXPIRED" } });
    expect(await redeem(await code({ until: "0 seconds" }))).toMatchObject({ error: { code: "CODE_EXPIRED" } });
    expect((await redeem(await code({ until: "20 seconds" }))).status).toBe(200);
    expect((await redeem(await code({ from: "0 seconds" }))).status).toBe(200);
    expect(await redemptions(lapsed)).toEqual({ rows: 0, counted: 0 });
  });

  test("once per tenant: CODE_ALREADY_REDEEMED, whatever the case; another tenant may", async () => {
    const text = await code({ max: 5 });
    expect((await redeem(text)).status).toBe(200);
    for (const again of [text, text.toLowerCase(), ` ${text}`]) {
      expect(await redeem(again)).toMatchObject({ status: 409, error: { code: "CODE_ALREADY_REDEEMED" } });
    }
    expect((await redeem(text, other)).status).toBe(200);
    expect(await redemptions(text)).toEqual({ rows: 2, counted: 2 });
  });

  test("switched off: INVALID_CODE also for whom it was, and when it is used up", async () => {
    const text = await code({ max: 1 });
    expect((await redeem(text)).status).toBe(200);
    await stack.db.owner`update promo_code set active = false where code = ${text}`;
    for (const who of [account, other]) {
      expect(await redeem(text, who)).toMatchObject({ status: 400, error: { code: "INVALID_CODE" } });
    }
  });

  test("used up: CODE_LIMIT_REACHED for others, CODE_ALREADY_REDEEMED for whom it was", async () => {
    const text = await code({ max: 1 });
    expect((await redeem(text)).status).toBe(200);
    expect(await redeem(text, other)).toMatchObject({ status: 400, error: { code: "CODE_LIMIT_REACHED" } });
    expect(await redeem(text)).toMatchObject({ status: 409, error: { code: "CODE_ALREADY_REDEEMED" } });
  });
});

describe("many at once", () => {
  test("max_redemptions 1, 50 times by two tenants: one 200, the others 4xx, credits once", async () => {
    const text = await code({ max: 1, l30: 2 });
    const both = [await newAccount(stack), await newAccount(stack)] as const;
    const answers = await tally(Array.from({ length: 50 }, (_, i) => post(text, both[i % 2 ? 1 : 0])));
    expect(answers[200]).toBe(1);
    expect(
      Object.keys(answers).filter((it) => !/^(200|409 CODE_ALREADY_REDEEMED|400 CODE_LIMIT_REACHED|429 .*)$/.test(it)),
    ).toEqual([]);
    expect(await redemptions(text)).toEqual({ rows: 1, counted: 1 });
    expect((await grantedBy(stack, both[0].tenantId)) + (await grantedBy(stack, both[1].tenantId))).toBe(2);
  });

  test("max_redemptions 7, 20 tenants, each twice: 7 tenants have it, once", async () => {
    const text = await code({ max: 7, l30: 1, slots: 1 });
    const all = await Promise.all(Array.from({ length: 20 }, () => newAccount(stack)));
    const answers = await tally([...all, ...all].map((who) => post(text, who)));
    expect(answers[200]).toBe(7);
    expect(Object.keys(answers).filter((it) => it.startsWith("5"))).toEqual([]);
    expect(await redemptions(text)).toEqual({ rows: 7, counted: 7 });
    const granted = await Promise.all(all.map((who) => grantedBy(stack, who.tenantId)));
    expect(granted.sort().reverse()).toEqual([...Array(7).fill(2), ...Array(13).fill(0)]);
  });

  test("without a cap, one tenant 30 times: once", async () => {
    const text = await code({ max: null });
    const who = await newAccount(stack);
    const answers = await tally(Array.from({ length: 30 }, () => post(text, who)));
    expect(answers).toEqual({ 200: 1, "409 CODE_ALREADY_REDEEMED": 29 });
    expect(await grantedBy(stack, who.tenantId)).toBe(1);
  });

  test("eight codes by one tenant at once, into the same lots: all of them", async () => {
    const who = await newAccount(stack);
    const texts = await Promise.all(Array.from({ length: 8 }, () => code({ l30: 1, l365: 1, slots: 1 })));
    expect(await tally(texts.map((text) => post(text, who)))).toEqual({ 200: 8 });
    expect(await lotsOf(stack, who.tenantId)).toEqual(["DEVICE_SLOT 8/0", "LICENSE_30D 8/0", "LICENSE_365D 8/0"]);
  });
});

describe("bad input", () => {
  test.each<[string, unknown, number]>([
    ["empty body", "", 400],
    ["null", null, 400],
    ["an array", [{ code: "X" }], 400],
    ["no code", {}, 400],
    ["a number", { code: 12345 }, 400],
    ["null code", { code: null }, 400],
    ["an array of codes", { code: ["A", "B"] }, 400],
    ["an object", { code: { $ne: "" } }, 400],
    ["empty code", { code: "" }, 400],
    ["blanks", { code: "   " }, 400],
    ["NUL", { code: "AB\u0000CD" }, 400],
    ["half a surrogate pair", '{"code":"\\ud800"}', 400],
    ["SQL", { code: "' or true --" }, 400],
    ["wildcards", { code: "%" }, 400],
    ["10 kB", { code: "X".repeat(10_000) }, 400],
    ["huge", { code: "X".repeat(100_000) }, 413],
  ])("%s: refused, no fault", async (_name, body, status) => {
    const who = await newAccount(stack);
    const answer = await who.owner.json(REDEEM_API, body);
    expect(await answer.clone().text()).not.toMatch(INTERNAL);
    expect(await envelope(answer)).toMatchObject({ status, ok: false });
    expect(await grantedBy(stack, who.tenantId)).toBe(0);
  });

  test("extra fields are ignored", async () => {
    const text = await code({ l30: 1 });
    const who = await newAccount(stack);
    const body = { code: text, tenantId: other.tenantId, amount: 9, grantLicense30d: 99 };
    expect((await who.owner.json(REDEEM_API, body)).status).toBe(200);
    expect(await lotsOf(stack, who.tenantId)).toEqual(["LICENSE_30D 1/0"]);
  });

  test("a viewer 403, nobody 401, a foreign origin 403, another type 415, GET 405; the code stays unused", async () => {
    const text = await code();
    const statuses = [
      await (await account.viewer()).json(REDEEM_API, { code: text }),
      await visitor(stack.origin).json(REDEEM_API, { code: text }),
      await account.owner.json(REDEEM_API, { code: text }, { origin: "https://evil.example" }),
      await account.owner.json(REDEEM_API, { code: text }, { "content-type": "text/plain" }),
      await account.owner.get(REDEEM_API),
    ].map(({ status }) => status);
    expect(statuses).toEqual([403, 401, 403, 415, 405]);
    expect(await redemptions(text)).toEqual({ rows: 0, counted: 0 });
  });
});
