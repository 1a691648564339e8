import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, give, newAccount, stopInOrder } from "../support/accounts";
import { CONSUME_API, INTERNAL, LEDGER_API } from "../support/api";
import { enter, statement, wholeStatement } from "../support/entries";
import { envelope, visitor } from "../support/http";
import { type Stack, startStack } from "../support/stack";

const COLUMNS = [
  "id",
  "tenantId",
  "type",
  "delta",
  "reason",
  "refId",
  "balanceId",
  "orderId",
  "expiresAt",
  "quantityAfter",
  "actorUserId",
  "note",
  "occurredAt",
  "createdAt",
];

let stack: Stack;
let account: Account;
let other: Account;
beforeAll(async () => {
  stack = await startStack();
  [account, other] = [await newAccount(stack), await newAccount(stack)];
  await enter(stack, other, [{ note: "another tenant's" }, { note: "another tenant's" }, { note: "another tenant's" }]);
});
afterAll(() => stopInOrder(stack));

const get = (query: Record<string, string> = {}, who = account) => statement(who, LEDGER_API, query);
const all = (who: Account, query: Record<string, string> = {}, between?: () => Promise<unknown>) =>
  wholeStatement(who, LEDGER_API, query, between);
/** What the tenant's rows are, newest first, as the database has them. */
async function idsOf(who: Account): Promise<string[]> {
  const rows = await stack.db.owner<{ id: string }[]>`
    select id::text from tenant_credit_ledger where tenant_id = ${who.tenantId} order by tenant_credit_ledger.id desc`;
  return rows.map(({ id }) => id);
}

describe("an item", () => {
  test("has the columns of the contract in camelCase, ids as text", async () => {
    const who = await newAccount(stack);
    await give(stack, who, "DEVICE_SLOT", 2, "2035-01-01T00:00:00Z");
    await who.owner.json(CONSUME_API, { action: "ADD_DEVICE_SLOT" });
    const { items, nextCursor, status } = await get({}, who);
    expect({ status, nextCursor, n: items.length }).toEqual({ status: 200, nextCursor: null, n: 2 });
    for (const item of items) expect(Object.keys(item).sort()).toEqual([...COLUMNS].sort());
    expect(items[0]).toMatchObject({
      id: expect.stringMatching(/^\d+$/),
      tenantId: who.tenantId,
      type: "DEVICE_SLOT",
      delta: -1,
      reason: "CREDIT_CONSUME",
      refId: expect.any(String),
      balanceId: expect.any(String),
      orderId: null,
      expiresAt: "2035-01-01T00:00:00.000Z",
      quantityAfter: 1,
      actorUserId: who.userId,
      note: null,
    });
    expect(items[0]?.occurredAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test("nothing yet: no items, no cursor, and no balances unless asked for", async () => {
    const who = await newAccount(stack);
    expect(await get({}, who)).toEqual({
      status: 200,
      code: undefined,
      items: [],
      nextCursor: null,
      balances: undefined,
    });
    expect((await get({ at: "2026-01-01" }, who)).balances).toEqual([
      { type: "LICENSE_30D", quantity: 0 },
      { type: "LICENSE_365D", quantity: 0 },
      { type: "DEVICE_SLOT", quantity: 0 },
    ]);
  });

  test("a viewer may read, nobody may not, nobody writes", async () => {
    expect((await (await account.viewer()).get(LEDGER_API)).status).toBe(200);
    expect((await envelope(await visitor(stack.origin).get(LEDGER_API))).error?.code).toBe("UNAUTHORIZED");
    const posted = await account.owner.json(LEDGER_API, {});
    expect(posted.headers.get("allow")).toBe("GET");
    expect(await envelope(posted)).toMatchObject({ status: 405 });
  });
});

describe("pages", () => {
  let long: Account;
  beforeAll(async () => {
    long = await newAccount(stack);
    const types = ["LICENSE_30D", "LICENSE_365D", "DEVICE_SLOT"] as const;
    // Payments are booked later than they happen: the times are in no order.
    await enter(
      stack,
      long,
      Array.from({ length: 237 }, (_, i) => ({
        type: types[i % 3],
        at: new Date(Date.UTC(2026, 0, 1 + ((i * 37) % 200))).toISOString(),
        note: `row ${i}`,
      })),
    );
  });

  test.each([["7"], ["1"], ["79"], ["100"], [undefined]])("limit %s: every row once, newest first", async (limit) => {
    const items = await all(long, limit ? { limit } : {});
    expect(items.map(({ id }) => id)).toEqual(await idsOf(long));
  });

  test("exactly one page leads to no empty page", async () => {
    expect((await get({ limit: "100", type: "LICENSE_365D" }, long)).nextCursor).toBeNull();
    const exact = await get({ limit: "79", type: "LICENSE_365D" }, long);
    expect({ n: exact.items.length, next: exact.nextCursor }).toEqual({ n: 79, next: null });
  });

  test("with a filter the walk gives all that fit", async () => {
    const items = await all(long, { limit: "10", type: "DEVICE_SLOT", from: "2026-03-01", to: "2026-04-30" });
    const [row] = await stack.db.owner<{ n: number }[]>`
      select count(*)::int as n from tenant_credit_ledger where tenant_id = ${long.tenantId} and type = 'DEVICE_SLOT'
        and (occurred_at at time zone 'Europe/Zurich')::date between '2026-03-01' and '2026-04-30'`;
    expect(items).toHaveLength(row?.n ?? -1);
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
  });

  test("while rows are added every row that was there comes once", async () => {
    const before = await idsOf(long);
    const items = await all(long, { limit: "20" }, () => enter(stack, long, [{}, { type: "DEVICE_SLOT" }]));
    expect(items.map(({ id }) => id)).toEqual(before);
  });

  test.each(["0", "101", "x", "-1", "1.5", "1e1", "0x10", " 5", "999999999999", "00000", "٣", "null"])(
    "limit %j: 400 INVALID_QUERY",
    async (limit) => {
      expect(await get({ limit }, long)).toMatchObject({ status: 400, code: "INVALID_QUERY" });
    },
  );

  test("a garbled cursor is 400 or harmless: no fault, never another tenant's row", async () => {
    const [real, theirs] = [await get({ limit: "5" }, long), await get({ limit: "1" }, other)];
    const cursor = real.nextCursor ?? "";
    const decoded = Buffer.from(cursor, "base64url").toString();
    const b64 = (text: string) => Buffer.from(text).toString("base64url");
    const garbage = [
      ...Array.from({ length: 30 }, (_, i) => randomBytes(1 + i * 7).toString(i % 2 ? "base64url" : "latin1")),
      ...[
        "x",
        "{}",
        "[]",
        "null",
        "0",
        "-1",
        "1",
        "9".repeat(15),
        "9".repeat(19),
        "9".repeat(400),
        "%",
        "\0",
        "'",
        "é",
      ],
      ...["{}", "[]", "null", '["1"]', "1,2", "-5", "NaN", "1e9", "' or 1=1 --", '["a","b","c"]', "\0"].map(b64),
      ...[cursor.slice(1), cursor.slice(0, -1), `${cursor}A`, `${cursor}=`, cursor.toUpperCase(), cursor.repeat(500)],
      ...[decoded, decoded.replace(/\d+/, "99999999999999999999"), decoded.replace(/\d+/, "-1"), `${decoded}1`].map(
        b64,
      ),
      theirs.nextCursor ?? "",
      ...(await idsOf(other)),
    ].filter((it) => it !== "");
    const allowed = new Set(await idsOf(long));
    for (const it of garbage) {
      const answer = await long.owner.get(`${LEDGER_API}?${new URLSearchParams({ cursor: it })}`);
      const text = await answer.clone().text();
      expect([it, [200, 400, 414, 431].includes(answer.status)]).toEqual([it, true]);
      expect(text).not.toMatch(INTERNAL);
      if (answer.status === 400) expect((await envelope(answer)).error?.code).toBe("INVALID_QUERY");
      if (answer.status === 200) {
        const { items } = (JSON.parse(text) as { data: { items: { id: string }[] } }).data;
        expect([it, items.filter(({ id }) => !allowed.has(id))]).toEqual([it, []]);
      }
    }
    for (const it of ["x", "{}", "\0", b64("{}"), b64("null"), b64("' or 1=1 --"), `${cursor}!`]) {
      expect([it, (await get({ cursor: it }, long)).code]).toEqual([it, "INVALID_QUERY"]);
    }
  });
});

describe("filters", () => {
  let who: Account;
  const marks = {
    winterEve: "2026-03-28T22:59:59.999Z",
    changeBegins: "2026-03-28T23:00:00Z",
    changeEnds: "2026-03-29T21:59:59.999Z",
    summer: "2026-03-29T22:00:00Z",
    autumnBegins: "2026-10-24T22:00:00Z",
    autumnEnds: "2026-10-25T22:59:59.999Z",
    winter: "2026-10-25T23:00:00Z",
  };
  beforeAll(async () => {
    who = await newAccount(stack);
    await enter(
      stack,
      who,
      Object.entries(marks).map(([note, at]) => ({ note, at })),
    );
    await enter(stack, who, [
      { note: "slot", type: "DEVICE_SLOT", at: "2025-05-05T05:05:05Z", delta: 5 },
      { note: "spent", type: "DEVICE_SLOT", at: "2025-05-06T05:05:05Z", delta: -1, reason: "CREDIT_CONSUME" },
    ]);
  });
  const notes = async (query: Record<string, string>) =>
    (await get(query, who)).items.map(({ note }) => String(note)).reverse();

  test.each<[Record<string, string>, string[]]>([
    [{ from: "2026-03-29", to: "2026-03-29" }, ["changeBegins", "changeEnds"]],
    [{ from: "29.03.2026", to: "29.3.2026" }, ["changeBegins", "changeEnds"]],
    [{ from: "2026-10-25", to: "2026-10-25" }, ["autumnBegins", "autumnEnds"]],
    [{ from: "2026-01-01", to: "2026-03-28" }, ["winterEve"]],
    [{ from: "2026-10-26" }, ["winter"]],
    [{ to: "2025-12-31" }, ["slot", "spent"]],
    [{ from: "2026-03-28T23:00:00Z", to: "2026-03-29" }, ["changeBegins", "changeEnds"]],
    [{ from: "2026-03-28T23:00:00.001Z", to: "2026-03-29T21:59:59.998Z" }, []],
    [{ from: "2026-03-29T00:00:00+01:00", to: "2026-03-30T00:00:00+02:00" }, ["changeBegins", "changeEnds", "summer"]],
    [{ type: "DEVICE_SLOT" }, ["slot", "spent"]],
    [{ reason: "CREDIT_CONSUME" }, ["spent"]],
    [{ type: "DEVICE_SLOT", reason: "MANUAL_ADJUST" }, ["slot"]],
    [{ type: "LICENSE_365D" }, []],
    [{ reason: "STRIPE_DISPUTE_LOST" }, []],
    [{ type: "", reason: "", from: "", to: "2025-12-31", cursor: "", limit: "" }, ["slot", "spent"]],
  ])("%j", async (query, expected) => {
    expect(await notes(query)).toEqual(expected);
  });

  test.each<[Record<string, string>]>([
    [{ type: "LICENSE_1D" }],
    [{ type: "license_30d" }],
    [{ reason: "NOTHING" }],
    [{ reason: "toString" }],
    [{ from: "x" }],
    [{ from: "2026-02-30" }],
    [{ to: "30.02.2026" }],
    [{ from: "2026-13-01" }],
    [{ from: "0000-00-00" }],
    [{ to: "99999-01-01" }],
    [{ at: "+275760-09-13" }],
    [{ at: "-000001-01-01T00:00:00Z" }],
    [{ at: "1999-12-31" }],
    [{ from: "2026-03-29T10:00:00" }],
    [{ from: "2026-03-29T25:00:00Z" }],
    [{ from: "2026-03-29T10:61:00Z" }],
    [{ from: "2026-03-29T10:00:00+99:99" }],
    [{ from: "1774742400" }],
    [{ from: "2026-03-30", to: "2026-03-29" }],
    [{ at: "yesterday" }],
    [{ at: "2026-03-29\0" }],
    [{ lot: "\0" }],
  ])("%j: 400 INVALID_QUERY", async (query) => {
    expect(await get(query, who)).toMatchObject({ status: 400, code: "INVALID_QUERY" });
  });

  test("another tenant's lot has no rows", async () => {
    const { items } = await get({}, other);
    expect((await get({ lot: String(items[0]?.balanceId) }, who)).items).toEqual([]);
  });
});
