import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, entitlementIn, give, licenceOf, newAccount, stopInOrder } from "../support/accounts";
import { CONSUME_API } from "../support/api";
import { envelope } from "../support/http";
import { type Stack, startStack } from "../support/stack";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stopInOrder(stack));

/** An account that can activate, whose licence runs until then. */
async function accountUntil(until: string | null): Promise<Account> {
  const account = await newAccount(stack);
  await give(stack, account, "LICENSE_30D", 1);
  await give(stack, account, "LICENSE_365D", 1);
  await stack.db.owner`insert into tenant_entitlement (tenant_id, valid_until) values (${account.tenantId}, ${until})`;
  return account;
}

async function activate(account: Account, action = "ACTIVATE_LICENSE_30D"): Promise<string> {
  const { data } = await envelope(await account.owner.json(CONSUME_API, { action }));
  return String(entitlementIn(data).validUntil);
}

describe("a running licence is extended from its end", () => {
  test.each<[string, string, string, string]>([
    ["an ordinary time", "2040-05-10T08:15:30.250Z", "30D", "2040-06-09T08:15:30.250Z"],
    ["over the end of summer time", "2040-10-10T10:00:00Z", "30D", "2040-11-09T11:00:00.000Z"],
    ["over the beginning of summer time", "2040-03-10T11:00:00Z", "30D", "2040-04-09T10:00:00.000Z"],
    // 25 March 2040 is the day of the change
    ["into the hour that is skipped", "2040-02-24T01:30:00Z", "30D", "2040-03-25T01:30:00.000Z"],
    // 28 October 2040 is the day of the change
    ["into the hour that comes twice", "2040-09-28T00:30:00Z", "30D", "2040-10-28T01:30:00.000Z"],
    ["over a leap day", "2040-01-31T12:00:00Z", "30D", "2040-03-01T12:00:00.000Z"],
    ["365 days over a leap day", "2040-02-28T12:00:00Z", "365D", "2041-02-27T12:00:00.000Z"],
    ["365 days from a leap day", "2040-02-29T12:00:00Z", "365D", "2041-02-28T12:00:00.000Z"],
  ])("%s", async (_name, from, length, expected) => {
    const account = await accountUntil(from);
    expect(await activate(account, `ACTIVATE_LICENSE_${length}`)).toBe(expected);
  });

  test("with microseconds, as PostgreSQL's now() writes them", async () => {
    const until = await activate(await accountUntil("2040-05-10T08:15:30.123456Z"));
    expect(until).toMatch(/^2040-06-09T08:15:30\.12[34]Z$/);
  });
});

describe("an ended licence, or none, begins now", () => {
  test.each([["2020-05-10T08:15:30Z"], [null]])("%s", async (before) => {
    const account = await accountUntil(before);
    const began = Date.now();
    const until = Date.parse(await activate(account));
    const [row] = await stack.db.owner<{ from: Date; until: Date; fits: boolean }[]>`
      select valid_from as from, valid_until as until,
        valid_until = (valid_from at time zone 'Europe/Zurich' + interval '30 days') at time zone 'Europe/Zurich' as fits
      from activation where tenant_id = ${account.tenantId} order by created_at desc limit 1`;
    expect(row?.fits).toBe(true);
    expect(row?.until.getTime()).toBe(until);
    expect(row?.from.getTime()).toBeGreaterThanOrEqual(began - 2_000);
    expect(row?.from.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);
  });

  test("30, 365, 30: each from where the one before ended", async () => {
    const who = await newAccount(stack);
    await give(stack, who, "LICENSE_30D", 2);
    await give(stack, who, "LICENSE_365D", 1);
    for (const length of ["30D", "365D", "30D"]) {
      await who.owner.json(CONSUME_API, { action: `ACTIVATE_LICENSE_${length}` });
    }
    const { steps, wrong, until } = await licenceOf(stack, who);
    expect(steps.map((it) => it.type)).toEqual(["LICENSE_30D", "LICENSE_365D", "LICENSE_30D"]);
    expect(wrong).toEqual([]);
    expect(until).toEqual(steps[2]?.until);
  });
});
