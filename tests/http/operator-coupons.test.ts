import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { couponCode } from "../support/coupons";
import { signedIn, type Visitor } from "../support/http";
import { plain } from "../support/pages";
import { type Stack, startStack } from "../support/stack";

const LIST = "/operator/coupons";
const NEW = `${LIST}/new`;

let stack: Stack;
let operator: Visitor;
beforeAll(async () => {
  stack = await startStack();
  operator = await signedIn(stack.origin, "operator@leadradar.example");
});
afterAll(() => stack?.stop());

const GOOD = { anzahl: "1", license30d: "1", license365d: "0", slots: "0", tage: "365", hoechstens: "1" };
const send = (intent: "preview" | "create", change: Record<string, string> = {}) =>
  operator.post(NEW, { intent, nonce: randomUUID(), ...GOOD, ...change });
const codes = async () => {
  const rows = await stack.db.owner<{ code: string }[]>`select code from promo_code order by code`;
  return rows.map((row) => row.code);
};
const entries = async () => {
  const [row] = await stack.db.owner<{ n: number }[]>`
    select count(*)::int as n from audit_entry where action = 'COUPONS_CREATED'`;
  return row?.n ?? 0;
};
const idOf = async (code: string) => {
  const [row] = await stack.db.owner<{ id: string }[]>`select id from promo_code where code = ${code}`;
  return row?.id ?? "";
};

describe("what does not fit is refused at its field, kept, and makes nothing", () => {
  test.each<[string, Record<string, string>, string]>([
    ["a day that does not exist", { von: "30.02.2031" }, "Geben Sie ein Datum wie 22.11.2026 ein."],
    ["a word for a day", { bis: "morgen" }, "Geben Sie ein Datum wie 22.11.2026 ein."],
    ["an end before the beginning", { von: "02.01.2031", bis: "01.01.2031" }, "Das Ende liegt vor dem Anfang."],
    ["a cap of 0", { hoechstens: "0" }, "Eine ganze Zahl von 1 bis 999999."],
    ["a cap of 1.5", { hoechstens: "1.5" }, "Eine ganze Zahl von 1 bis 999999."],
    ["no credit", { license30d: "0" }, "Mindestens ein Credit muss enthalten sein."],
    ["less than no credit", { license30d: "-1", slots: "2" }, "Eine ganze Zahl von 0 bis 10000."],
    ["0 days", { tage: "0" }, "Eine ganze Zahl von 1 bis 3650."],
    ["3651 days", { tage: "3651" }, "Eine ganze Zahl von 1 bis 3650."],
    ["no codes", { anzahl: "0" }, "Eine ganze Zahl von 1 bis 1000."],
    ["too many codes", { anzahl: "1001" }, "Eine ganze Zahl von 1 bis 1000."],
    ["several of one's own", { code: "EIGENER", anzahl: "2" }, "Einen eigenen Code gibt es einmal."],
    ["a short code", { code: "ABC" }, "4 bis 40 Buchstaben, Ziffern und Bindestriche."],
    ["a long code", { code: "A".repeat(41) }, "4 bis 40 Buchstaben, Ziffern und Bindestriche."],
    ["markup as a code", { code: "<b>FETT</b>" }, "4 bis 40 Buchstaben, Ziffern und Bindestriche."],
    ["a formula as a code", { code: "=1+1=2" }, "4 bis 40 Buchstaben, Ziffern und Bindestriche."],
    ["a code from right to left", { code: "ABCD\u202e" }, "4 bis 40 Buchstaben, Ziffern und Bindestriche."],
    ["a code with an umlaut", { code: "MÄRZ-26" }, "4 bis 40 Buchstaben, Ziffern und Bindestriche."],
  ])("%s", async (_name, change, words) => {
    const before = [await codes(), await entries()];
    for (const intent of ["preview", "create"] as const) {
      const answer = await send(intent, change);
      expect(answer.status).toBe(400);
      const html = plain(await answer.text());
      expect(html).toContain("Der Code wurde nicht angelegt");
      expect(html).toContain(words);
      for (const value of Object.values(change)) expect(html).toContain(`value="${value}"`);
    }
    expect([await codes(), await entries()]).toEqual(before);
  });

  test("a code that is taken, however it is written", async () => {
    const code = await couponCode(stack, { prefix: "TAKEN-" });
    const answer = await send("create", { code: code.toLowerCase() });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("Diesen Code gibt es schon.");
  });

  test("an empty nonce, and none", async () => {
    const before = await codes();
    for (const nonce of ["", "kurz"]) expect((await send("create", { nonce })).status).toBe(400);
    expect((await operator.post(NEW, { intent: "create", ...GOOD })).status).toBe(400);
    expect(await codes()).toEqual(before);
  });
});

describe("the preview", () => {
  const preview = async (change: Record<string, string>) => plain(await (await send("preview", change)).text());

  test("says what it costs, and makes nothing", async () => {
    const before = [await codes(), await entries()];
    const html = await preview({ anzahl: "100", partner: "<b>Messe</b>", von: "01.01.2031", bis: "31.01.2031" });
    expect(html).toContain("100 Codes: 1 × 30 Tage je Einlösung.");
    expect(html).toContain("Höchstens 100 Einlösungen: höchstens 100 Credits.");
    expect(html).toContain("ab 01.01.2031 bis und mit 31.01.2031");
    expect(html).toContain("Partner: <b>Messe</b>.");
    expect([await codes(), await entries()]).toEqual(before);
  });

  test("without a cap there is no sum to promise", async () => {
    expect(await preview({ hoechstens: "" })).toContain("Ohne Obergrenze: jedes Konto kann 1 Credit je Code erhalten.");
  });

  test("a last day that is over is allowed, and said", async () => {
    expect(await preview({ bis: "01.01.2020" })).toContain("Der letzte Tag ist schon vorbei.");
    expect(await preview({ bis: "01.01.2199" })).not.toContain("Der letzte Tag ist schon vorbei.");
  });

  test("«Ändern» leads back to what was typed, whatever it was", async () => {
    const made = await codes();
    const answer = await operator.post(NEW, {
      intent: "edit",
      code: '<b>"MESSE"',
      slots: "7",
      bis: "quatsch",
      fremd: "x",
    });
    expect(answer.status).toBe(200);
    const html = await answer.text();
    expect(html).not.toContain("<b>");
    expect(plain(html)).toContain('value="<b>"MESSE""');
    expect(html).toContain('value="7"');
    expect(html).toContain('value="quatsch"');
    expect(html).not.toContain('name="fremd"');
    expect(await codes()).toEqual(made);
  });
});

describe("making codes", () => {
  test("one of one's own: upper case, with its terms in whole days of Zurich", async () => {
    const code = `Herbst-${randomUUID().slice(0, 8)}`;
    const answer = await send("create", { code, von: "1.7.2031", bis: "2031-12-31", hoechstens: "50", slots: "2" });
    const id = await idOf(code.toUpperCase());
    expect([answer.status, answer.headers.get("location")]).toEqual([303, `${LIST}/${id}?erledigt=angelegt`]);
    const [row] = await stack.db.owner`select * from promo_code where id = ${id}`;
    expect(row).toMatchObject({
      valid_from: new Date("2031-06-30T22:00:00Z"),
      valid_until: new Date("2031-12-31T23:00:00Z"),
      max_redemptions: 50,
      grant_license_30d: 1,
      grant_device_slots: 2,
    });
    const html = plain(await (await operator.get(`${LIST}/${id}`)).text());
    expect(html).toContain("ab 01.07.2031 bis und mit 31.12.2031");
    expect(html).toContain("0 von 50 eingelöst");
    expect(html).toContain("Gutscheincodes angelegt");
  });

  test("the same click twenty times at once is one batch, with one entry", async () => {
    const before = [(await codes()).length, await entries()];
    const nonce = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send("create", { nonce, anzahl: "7" })));
    expect(new Set(answers.map((it) => `${it.status} ${it.headers.get("location")}`)).size).toBe(1);
    expect([(await codes()).length, await entries()]).toEqual([Number(before[0]) + 7, Number(before[1]) + 1]);
  });

  test("ten people who want the same code at once: one gets it, the others are told at the field", async () => {
    const code = `WETT-${randomUUID().slice(0, 8).toUpperCase()}`;
    const answers = await Promise.all(Array.from({ length: 10 }, () => send("create", { code })));
    expect(answers.map((it) => it.status).sort()).toEqual([303, ...Array.from({ length: 9 }, () => 400)]);
    for (const it of answers.filter((answer) => answer.status === 400)) {
      expect(await it.text()).toContain("Diesen Code gibt es schon.");
    }
    expect((await codes()).filter((it) => it === code)).toHaveLength(1);
  });

  test("a batch of a thousand: all codes on its page and in its file, harmless for a spreadsheet", async () => {
    const before = new Set(await codes());
    const partner = `=HYPERLINK("x") <i>;a`;
    const answer = await send("create", { anzahl: "1000", partner });
    const page = answer.headers.get("location") ?? "";
    expect(page).toMatch(/^\/operator\/coupons\/batches\/batch_[\w-]+\?erledigt=angelegt$/);
    const made = (await codes()).filter((code) => !before.has(code));
    expect(made).toHaveLength(1_000);
    const html = await (await operator.get(page)).text();
    expect(html).toContain("1’000 Codes angelegt");
    for (const code of made) expect(html).toContain(code);
    expect(html).not.toContain("<i>");

    const batch = page.slice(page.lastIndexOf("/") + 1, page.indexOf("?"));
    const file = await operator.get(`${LIST}.csv?batch=${batch}`);
    expect(file.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(file.headers.get("content-disposition")).toMatch(
      /attachment; filename="gutscheincodes-\d{4}-\d\d-\d\d\.csv"/,
    );
    const bytes = Buffer.from(await file.arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const [head, ...lines] = bytes.toString("utf8").trimEnd().split("\r\n");
    expect(head).toBe("\ufeffCode;Stand;Gewährt;Einlösbar;Eingelöst;Höchstens;Partner");
    expect(lines.map((line) => line.split(";")[0])).toEqual(made);
    expect(lines[0]).toMatch(/;"'=HYPERLINK\(""x""\) <i>;a"$/);
  });

  test("a batch that does not exist has no page and no file", async () => {
    expect((await operator.get(`${LIST}/batches/batch_none`)).status).toBe(404);
    expect((await operator.get(`${LIST}/batch_none`)).status).toBe(404);
    expect((await operator.get(`${LIST}.csv?batch=batch_none`)).status).toBe(404);
    expect((await operator.get(`${LIST}.csv`)).status).toBe(404);
    expect((await operator.post(`${LIST}.csv`, {})).status).toBe(405);
  });
});

describe("finding codes", () => {
  test("by how they begin, in any case; signs of a pattern are signs", async () => {
    const code = await couponCode(stack, { prefix: "SUCH-" });
    const found = async (text: string) =>
      (await (await operator.get(`${LIST}?suche=${encodeURIComponent(text)}`)).text()).includes(`>${code}<`);
    expect(await Promise.all([found(code), found(code.toLowerCase()), found("such-")])).toEqual([true, true, true]);
    expect(await Promise.all([found("uch-"), found("%"), found("S_CH"), found("\\")])).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  test("page by page, over the whole list, forwards and back", async () => {
    const partner = `Blättern ${randomUUID()}`;
    await send("create", { anzahl: "120", partner });
    const seen: string[] = [];
    const links: string[] = [`${LIST}?partner=${encodeURIComponent(partner)}`];
    for (let n = 0; n < 3; n++) {
      const html = await (await operator.get(links.at(-1) ?? "")).text();
      expect(plain(html)).toContain(`${n * 50 + 1}–${Math.min(120, n * 50 + 50)} von 120 Codes, gefiltert`);
      seen.push(...[...html.matchAll(/>(\w{4}-\w{4}-\w{4}-\w{4})</g)].map((match) => String(match[1])));
      const next = [...html.matchAll(/href="([^"]*cursor=[^"]*)"/g)].map((match) => plain(String(match[1])));
      links.push(next.at(-1) ?? "");
    }
    expect([seen.length, new Set(seen).size]).toEqual([120, 120]);
    const back = await (await operator.get(links[3] ?? "")).text();
    expect(plain(back)).toContain("51–100 von 120 Codes, gefiltert");
  });

  test.each(["cursor=x", "status=GOLD", `suche=${"x".repeat(101)}`, "partner=%00"])("a bad address: %s", async (it) => {
    expect((await operator.get(`${LIST}?${it}`)).status).toBe(400);
  });
});

describe("one code", () => {
  test("its redemptions page by page: who, where, when", async () => {
    const { owner } = stack.db;
    const code = await couponCode(stack, { prefix: "VIELE-" });
    const id = await idOf(code);
    await owner`
      insert into tenant (id, slug, name)
      select 'many_' || n, 'many-' || n, '<Konto ' || n || '>' from generate_series(1, 60) as n`;
    await owner`
      insert into app_user (id, tenant_id, email, role)
      select 'many_user_' || n, 'many_' || n, n || '@viele.example', 'OWNER' from generate_series(1, 60) as n`;
    await owner`
      insert into promo_redemption (promo_code_id, tenant_id, user_id, redeemed_at)
      select ${id}, 'many_' || n, 'many_user_' || n, timestamptz '2026-01-01' + n / 2 * interval '1 second'
      from generate_series(1, 60) as n`;
    await owner`update promo_code set redeemed_count = 60 where id = ${id}`;
    const seen: string[] = [];
    let page = `${LIST}/${id}`;
    for (const words of ["1–25 von 60", "26–50 von 60", "51–60 von 60"]) {
      const html = await (await operator.get(page)).text();
      expect(plain(html)).toContain(`${words} Einlösungen`);
      expect(plain(html)).toContain("@viele.example");
      expect(html).not.toContain("<Konto");
      seen.push(...[...html.matchAll(/\/operator\/tenants\/(many_\d+)"/g)].map((match) => String(match[1])));
      page = plain([...html.matchAll(/href="([^"]*cursor=[^"]*)"/g)].map((match) => String(match[1])).at(-1) ?? "");
    }
    expect([seen.length, new Set(seen).size]).toEqual([60, 60]);
  });

  test("off and on, also twice, each once in its history; of a batch also how it was made", async () => {
    const made = await send("create", { anzahl: "2" });
    const batch = made.headers.get("location")?.match(/batch_[\w-]+/)?.[0] ?? "";
    const [row] = await stack.db.owner<{ id: string; code: string }[]>`
      select id, code from promo_code where batch_id = ${batch} order by code limit 1`;
    const path = `${LIST}/${row?.id}`;
    const question = plain(await (await operator.get(`${path}?bestaetigen=aus`)).text());
    expect(question).toContain(`Code ${row?.code} ausschalten?`);
    for (const [intent, said] of [
      ["disable", "aus"],
      ["disable", "aus"],
      ["enable", "ein"],
      ["enable", "ein"],
    ]) {
      const answer = await operator.post(path, { intent: intent ?? "" });
      expect([answer.status, answer.headers.get("location")]).toEqual([303, `${path}?erledigt=${said}`]);
    }
    const html = plain(await (await operator.get(path)).text());
    const history = [...html.matchAll(/Gutscheincodes? (angelegt|ausgeschaltet|eingeschaltet)</g)].map((it) => it[1]);
    expect(history).toEqual(["eingeschaltet", "ausgeschaltet", "angelegt"]);
    // A batch's name as a code's leads to the batch.
    const led = await operator.get(`${LIST}/${batch}`);
    expect([led.status, led.headers.get("location")]).toEqual([302, `${LIST}/batches/${batch}`]);
  });

  test("that does not exist, and a bad page of one that does", async () => {
    const id = await idOf(await couponCode(stack));
    expect((await operator.get(`${LIST}/nowhere`)).status).toBe(404);
    expect((await operator.post(`${LIST}/nowhere`, { intent: "disable" })).status).toBe(404);
    expect((await operator.get(`${LIST}/${id}?cursor=x`)).status).toBe(400);
    expect((await operator.post(`${LIST}/${id}`, { intent: "delete" })).status).toBe(400);
  });
});
