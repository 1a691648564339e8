import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, newAccount, stopInOrder } from "../support/accounts";
import { LEDGER_CSV, REDEEM_API } from "../support/api";
import { couponCode } from "../support/coupons";
import { enter } from "../support/entries";
import { signedIn, visitor } from "../support/http";
import { type Stack, startStack } from "../support/stack";

/** Notes that a spreadsheet would run, or that break a careless file. */
const NOTES = [
  '=HYPERLINK("https://evil.example";"Klick")',
  "=1+1",
  "+41 44 000 00 00",
  "-2+3",
  "@SUM(A1)",
  "\t=1+1",
  "\r=1+1",
  "\n=1+1",
  " =1+1",
  'sagte "ja"',
  "a;b;c",
  "erste Zeile\nzweite Zeile",
  "erste Zeile\r\nzweite Zeile",
  '";=1+1;"',
  "Grüezi – 50 % «Rabatt» 😀",
  "'Anführung",
  "",
  " ",
  "2026-11-22",
  "0041",
  "＝1+1",
];

let stack: Stack;
let account: Account;
let other: Account;
beforeAll(async () => {
  stack = await startStack();
  [account, other] = [await newAccount(stack), await newAccount(stack)];
  await stack.db.owner`update app_user set name = '=cmd|'' /C calc''!A0' where id = ${account.userId}`;
  await enter(
    stack,
    account,
    NOTES.map((note, i) => ({
      note,
      delta: 2,
      at: `2026-05-${String(i + 1).padStart(2, "0")}T10:00:00Z`,
      actor: account.userId,
    })),
  );
  await enter(stack, account, [{ type: "DEVICE_SLOT", delta: 7, at: "2026-07-01T10:00:00Z", note: "im Juli" }]);
  await enter(stack, account, [
    { type: "LICENSE_30D", delta: -1, reason: "CREDIT_CONSUME", at: "2026-07-02T10:00:00Z" },
  ]);
  await enter(stack, other, [{ note: "GEHEIM" }]);
});
afterAll(() => stopInOrder(stack));

interface Cell {
  text: string;
  quoted: boolean;
}

/** A strict reader of semicolon-separated lines: throws for a bare quote, and for a line that does not end in CR LF. */
function readCsv(file: string): Cell[][] {
  const rows: Cell[][] = [];
  let row: Cell[] = [];
  for (let i = 0; i < file.length; ) {
    const match = /^(?:"((?:[^"]|"")*)"|([^";\r\n]*))(;|\r\n)/.exec(file.slice(i, i + 5_000));
    if (!match) throw new Error(`not CSV at ${i}: ${JSON.stringify(file.slice(i, i + 60))}`);
    row.push({ text: (match[1] ?? match[2] ?? "").replaceAll('""', '"'), quoted: match[1] !== undefined });
    if (match[3] === "\r\n") {
      rows.push(row);
      row = [];
    }
    i += match[0].length;
  }
  if (row.length > 0) throw new Error("The last line has no end.");
  return rows;
}

async function load(query = "", who = account) {
  const answer = await who.owner.get(`${LEDGER_CSV}${query}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  return { answer, bytes, text, rows: answer.status === 200 ? readCsv(text) : [] };
}

/** The cells of a column, by what its heading has in it. */
function column(rows: Cell[][], heading: RegExp): Cell[] {
  const at = rows[0]?.findIndex(({ text }) => heading.test(text)) ?? -1;
  if (at < 0) throw new Error(`no column ${heading} in ${rows[0]?.map(({ text }) => text).join(", ")}`);
  return rows.slice(1).map((cells) => cells[at] ?? { text: "missing", quoted: false });
}

describe("the file", () => {
  test("a download in UTF-8 with BOM, semicolons, CR LF, German headings, all lines equally long", async () => {
    const { answer, bytes, text, rows } = await load();
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toMatch(/^text\/csv; ?charset=utf-8$/i);
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment; ?filename="[\w.-]+\.csv"/);
    expect(answer.headers.get("cache-control")).toContain("no-store");
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    expect(text).not.toContain("\ufeff");
    expect(rows).toHaveLength(1 + NOTES.length + 2);
    expect(new Set(rows.map((cells) => cells.length)).size).toBe(1);
    const headings = rows[0]?.map(({ text: it }) => it) ?? [];
    expect(headings.length).toBeGreaterThanOrEqual(7);
    for (const word of [/Datum|Zeit/, /Credit|Guthaben|Art|Typ/, /Rest/])
      expect(headings.some((it) => word.test(it))).toBe(true);
    expect(headings.join()).not.toMatch(/\b(type|delta|reason|occurred|quantity)\b|_/i);
  });

  test("no cell that a spreadsheet would run, and no note lost", async () => {
    const { rows } = await load();
    const risky = rows.flat().filter(({ text }) => /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^-\d+$/.test(text));
    expect(risky).toEqual([]);
    const notes = column(rows, /Bezug/).map(({ text }) => text.replace(/^'/, ""));
    const plain = (it: string) => it.replace(/^'/, "").replace(/\s+/g, " ").trim();
    for (const note of NOTES) expect(notes.map(plain)).toContain(plain(note));
  });

  test("numbers are numbers: the change and the rest, unquoted, with a sign only when less", async () => {
    const { rows } = await load();
    const [change, rest] = [column(rows, /Änderung|Veränderung|Bewegung|Menge|Anzahl/), column(rows, /Rest/)];
    for (const cell of [...change, ...rest])
      expect(cell).toMatchObject({ text: expect.stringMatching(/^-?\d+$/), quoted: false });
    expect(change.map(({ text }) => text)).toEqual(["-1", "7", ...NOTES.map(() => "2")]);
    expect(rest[0]?.text).toBe(String(NOTES.length * 2 - 1));
  });

  test("a coupon code and a partner that look like formulas are harmless, too", async () => {
    const who = await newAccount(stack);
    const code = await couponCode(stack, { prefix: "=2+5-" });
    await stack.db.owner`update promo_code set partner = '@SUM(1)' where code = ${code}`;
    expect((await who.owner.json(REDEEM_API, { code })).status).toBe(200);
    const { rows } = await load("", who);
    expect(rows).toHaveLength(2);
    expect(rows.flat().filter(({ text }) => /^[=+\-@\t\r]/.test(text))).toEqual([]);
  });

  test("nothing to show: the headings alone", async () => {
    const { rows } = await load("", await newAccount(stack));
    expect(rows).toHaveLength(1);
  });

  test("more rows than one read: all of them, once, in order", async () => {
    const who = await newAccount(stack);
    // A lot's row that one transaction updates thousands of times becomes slow.
    for (let block = 0; block < 10; block++) {
      await enter(
        stack,
        who,
        Array.from({ length: 300 }, (_, i) => ({ note: `Zeile ${block * 300 + i}.` })),
      );
    }
    const { rows } = await load("", who);
    const notes = column(rows, /Bezug/).map(({ text }) => text);
    expect(notes).toEqual(Array.from({ length: 3_000 }, (_, i) => `Zeile ${2_999 - i}.`));
  });
});

describe("who gets which rows", () => {
  test("the filter is kept", async () => {
    expect((await load("?type=DEVICE_SLOT")).rows).toHaveLength(2);
    expect((await load("?reason=CREDIT_CONSUME")).rows).toHaveLength(2);
    expect((await load("?from=01.07.2026&to=01.07.2026")).rows).toHaveLength(2);
    expect((await load("?from=2026-05-03&to=2026-05-04")).rows).toHaveLength(3);
    expect((await load("?at=2026-05-02")).rows).toHaveLength(3);
    expect((await load("?type=LICENSE_365D")).rows).toHaveLength(1);
    expect((await load("?type=&reason=&from=&to=")).rows).toHaveLength(1 + NOTES.length + 2);
  });

  test.each(["?type=x", "?reason=x", "?from=x", "?from=2026-02-30", "?from=2026-05-03&to=2026-05-01"])(
    "%s: 400, no file",
    async (query) => {
      const { answer, text } = await load(query);
      expect(answer.status).toBe(400);
      expect(answer.headers.get("content-disposition")).toBeNull();
      expect(text).not.toContain("Klick");
    },
  );

  test("a viewer downloads the same", async () => {
    const answer = await (await account.viewer()).get(LEDGER_CSV);
    expect(answer.status).toBe(200);
    expect((await answer.text()).replace(/^\ufeff/, "")).toBe((await load()).text);
  });

  test("never another tenant's, however asked", async () => {
    const queries = ["", `?tenantId=${other.tenantId}`, `?tenant_id=${other.tenantId}`, "?limit=100"];
    for (const query of queries) expect((await load(query)).text).not.toContain("GEHEIM");
    const [lot] = await stack.db.owner<{ id: string }[]>`
      select id from tenant_credit_balance where tenant_id = ${other.tenantId}`;
    expect((await load(`?lot=${lot?.id}`)).text).not.toContain("GEHEIM");
  });

  test("not signed in: to the login and back; an operator without a tenant: 404; posted: 405", async () => {
    const answer = await visitor(stack.origin).get(`${LEDGER_CSV}?type=DEVICE_SLOT`);
    expect(answer.status).toBe(302);
    const target = new URL(answer.headers.get("location") ?? "", stack.origin);
    expect([target.pathname, target.searchParams.get("redirectTo")]).toEqual([
      "/login",
      `${LEDGER_CSV}?type=DEVICE_SLOT`,
    ]);
    const operator = await signedIn(stack.origin, "operator@leadradar.example");
    expect((await operator.get(LEDGER_CSV)).status).toBe(404);
    const posted = await account.owner.post(LEDGER_CSV, {});
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET"]);
  });
});
