import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { INTERNAL } from "../support/api";
import { signedIn, type Visitor } from "../support/http";
import { insertOrder } from "../support/orders";
import { type Stack, startStack } from "../support/stack";
import { readPage, storeEvent } from "../support/stored-events";

const PAGE = "/operator/events";
const DAY = 24 * 60 * 60 * 1000;

let stack: Stack;
let staff: Visitor;
beforeAll(async () => {
  stack = await startStack();
  staff = await signedIn(stack.origin, "operator@leadradar.example");
});
afterAll(() => stack?.stop());

const store = (event: Parameters<typeof storeEvent>[1]) => storeEvent(stack, event);

const read = async (address: string) => {
  const page = await readPage(staff, address);
  return { ...page, ids: idsIn(page.html) };
};

/** The events of the list, in its order. */
const idsIn = (html: string) =>
  [...html.matchAll(/href="\/operator\/events\/(evt_\w+)">[\w.]/g)]
    .map((it) => String(it[1]))
    .filter((id, i, all) => all.indexOf(id) === i);

/** Where «Ältere» or «Neuere» leads to. */
const turn = (html: string, word: "Ältere" | "Neuere") =>
  [...html.matchAll(/<a [^>]*href="([^"]+cursor=[^"]+)"[^>]*>(?:(?!<\/a>).)*?(Ältere|Neuere)/g)].find(
    (it) => it[2] === word,
  )?.[1];

/** All pages, following a link's word. */
async function walk(address: string, word: "Ältere" | "Neuere"): Promise<string[]> {
  const seen: string[] = [];
  for (let at: string | undefined = address, i = 0; at && i < 50; i++) {
    const { status, html, ids } = await read(at);
    expect(status).toBe(200);
    seen.push(...(word === "Ältere" ? ids : [...ids].reverse()));
    at = turn(html, word);
  }
  return seen;
}

describe("the list", () => {
  test("80 events of one millisecond: every page newest first, none twice, none left out, there and back", async () => {
    const ids = Array.from({ length: 80 }, (_, i) => `evt_walk${String(i).padStart(3, "0")}`);
    for (const [i, id] of ids.entries()) await store({ id, type: "walk.test", micros: Math.floor(i / 2) });
    const newestFirst = [...ids].sort((a, b) => {
      const [x, y] = [Number(a.slice(-3)), Number(b.slice(-3))];
      return Math.floor(y / 2) - Math.floor(x / 2) || (a < b ? 1 : -1);
    });
    expect(await walk(`${PAGE}?type=walk.test`, "Ältere")).toEqual(newestFirst);
    const { html } = await read(`${PAGE}?type=walk.test`);
    const second = await read(turn(html, "Ältere") ?? "");
    expect(second.html).toContain("26–50 von 80 Ereignissen, gefiltert");
    expect((await read(turn(second.html, "Neuere") ?? "")).ids).toEqual(newestFirst.slice(0, 25));
  });

  test("few fit among many: each page says so and goes on, until all were found, there and back", async () => {
    await stack.db.owner`
      insert into stripe_event (id, type, payload, status, received_at)
      select 'evt_sparse' || lpad(n::text, 5, '0'), 'sparse.test', '{}', case when n in (1, 2, 777, 1600) then 'PROCESSED' else 'IGNORED' end,
        timestamptz '2026-04-01 12:00+02' + n * interval '1 second' from generate_series(1, 1700) as n`;
    const filter = `${PAGE}?type=sparse.test&status=PROCESSED`;
    const found = ["evt_sparse01600", "evt_sparse00777", "evt_sparse00002", "evt_sparse00001"];
    expect(await walk(filter, "Ältere")).toEqual(found);
    const first = await read(filter);
    expect(first.html).toContain("1 von mindestens 1 Ereignissen, gefiltert");
    expect(first.html).toContain("Alle Ereignisse (mindestens 1) dieses Filters erneut verarbeiten");
    const pages = [filter];
    for (let at = turn(first.html, "Ältere"); at; at = turn((await read(at)).html, "Ältere")) pages.push(at);
    expect(pages.length).toBe(4);
    const second = await read(pages[1] ?? "");
    expect(second.ids).toEqual(["evt_sparse00777"]);
    const empty = await read(pages[2] ?? "");
    expect([empty.ids, turn(empty.html, "Ältere") === undefined]).toEqual([[], false]);
    expect(empty.html).toContain("Unter den 500 Ereignissen, die geprüft wurden, passt keines.");
    const end = await read(pages[3] ?? "");
    expect(await walk(turn(end.html, "Neuere") ?? "", "Neuere")).toEqual(["evt_sparse00777", "evt_sparse01600"]);
  });

  test("a state each, and all together with type, tenant, order and period", async () => {
    const order = await insertOrder(stack.db.owner, { tenantId: "lr_tenant_jura" });
    const at = { type: "state.test", order };
    await store({ id: "evt_state2", status: "PROCESSED", ...at });
    await store({ id: "evt_state3", status: "IGNORED", type: "state.test" });
    await store({
      id: "evt_state4",
      status: "FAILED",
      next: new Date(Date.now() + DAY),
      message: "ORDER_UNKNOWN: x",
      ...at,
    });
    await store({ id: "evt_state5", status: "FAILED", message: "PAYLOAD_GARBLED", ...at });
    const only = async (query: string) => (await read(`${PAGE}?type=state.test&${query}`)).ids;
    expect(await only("status=PROCESSED")).toEqual(["evt_state2"]);
    expect(await only("status=IGNORED")).toEqual(["evt_state3"]);
    expect(await only("status=RETRY")).toEqual(["evt_state4"]);
    expect(await only("status=FAILED")).toEqual(["evt_state5"]);
    // The server soon takes it up and finds that it means nothing.
    await store({ id: "evt_state1", status: "RECEIVED", type: "state.test" });
    expect(["evt_state1", undefined]).toContain((await only("status=RECEIVED"))[0]);
    const [row] = await stack.db.owner`select number from billing_order where id = ${order.id}`;
    const three = ["evt_state5", "evt_state4", "evt_state2"];
    for (const subject of [
      order.id,
      row?.number,
      row?.number.toLowerCase(),
      "lr_tenant_jura",
      "Jura Events GmbH",
      "jura-events-gmbh",
    ]) {
      expect(await only(`suche=${encodeURIComponent(subject)}`)).toEqual(three);
    }
    expect(await only(`order=${row?.number}&status=FAILED&von=01.03.2026&bis=01.03.2026`)).toEqual(["evt_state5"]);
    expect(await only("tenant=lr_tenant_jura&bis=28.02.2026")).toEqual([]);
    expect((await read(`${PAGE}?suche=evt_state3`)).ids).toEqual(["evt_state3"]);
  });

  test("a day of Zurich is meant from its beginning to its end", async () => {
    await store({ id: "evt_day1", type: "day.test", micros: 12 * 3_600_000_000 - 1 });
    await store({ id: "evt_day2", type: "day.test", micros: 12 * 3_600_000_000 });
    expect((await read(`${PAGE}?type=day.test&bis=01.03.2026`)).ids).toEqual(["evt_day1"]);
    expect((await read(`${PAGE}?type=day.test&von=02.03.2026`)).ids).toEqual(["evt_day2"]);
    const { html } = await read(`${PAGE}?type=day.test`);
    expect(html).toMatch(/02\.03\.2026[\s\S]*00:00:00[\s\S]*01\.03\.2026[\s\S]*23:59:59/);
  });
});

describe("bad input", () => {
  test.each<[string, string]>([
    ["status=DROP", "Wählen Sie einen Status aus der Liste."],
    ["type=%3Cscript%3E", "Wählen Sie einen Typ aus der Liste."],
    ["von=31.02.2026", "Geben Sie ein Datum wie 22.11.2026 ein."],
    ["von=02.03.2026&bis=01.03.2026", "Das Ende liegt vor dem Anfang."],
    ["suche=niemand", "Kein Ereignis, keine Bestellung und kein Konto heisst so."],
    [`suche=${encodeURIComponent("=1+1")}`, "Kein Ereignis, keine Bestellung und kein Konto heisst so."],
    [`suche=${"a".repeat(10_000)}`, "Die Suche darf höchstens 200 Zeichen haben."],
    [`suche=${encodeURIComponent("Jura\u202eEvents")}`, "Die Suche darf keine Steuerzeichen enthalten."],
    ["suche=%00", "Die Suche darf keine Steuerzeichen enthalten."],
  ])("?%s: says what is wrong, keeps what was typed", async (query, sentence) => {
    const { status, html } = await read(`${PAGE}?${query}`);
    expect(status).toBe(400);
    expect(html).toContain(sentence);
    expect(html).toMatch(/<title>Fehler: /);
    expect(html).not.toMatch(INTERNAL);
  });

  test.each(["cursor=x", "cursor=bn4xfmE", "ereignis=%00"])("?%s: 400", async (query) => {
    expect((await read(`${PAGE}?${query}`)).status).toBe(400);
  });

  test.each([
    `${PAGE}/evt_none`,
    `${PAGE}/%00`,
    `${PAGE}/evt_none/json`,
    `${PAGE}/..%2F`,
    "/operator/replays/1e3",
    "/operator/replays/99999",
    `${PAGE}?ereignis=evt_none`,
  ])("%s: 404", async (path) => {
    const { status, html } = await read(path);
    expect(status).toBe(404);
    expect(html).not.toMatch(INTERNAL);
  });

  test("two tenants of one name: asked which; their ids work", async () => {
    await stack.db
      .owner`insert into tenant (id, slug, name) values ('twin_1', 'twin-1', 'Twin AG'), ('twin_2', 'twin-2', 'Twin AG')`;
    expect((await read(`${PAGE}?suche=Twin+AG`)).html).toContain(
      "Mehrere Konten heissen so. Geben Sie die ID des Kontos ein.",
    );
    expect((await read(`${PAGE}?suche=twin_2`)).status).toBe(200);
  });
});

describe("payloads", () => {
  const personal = { customer_details: { email: "jenny@rosen.example", name: "Jenny Rosen" }, amount_total: 19_000 };

  test("masked on the page, beside the list, in the data, and as JSON", async () => {
    const payload = JSON.stringify({ id: "evt_mask", type: "mask.test", data: { object: personal } });
    await store({ id: "evt_mask", type: "mask.test", payload });
    for (const path of [
      `${PAGE}/evt_mask`,
      `${PAGE}/evt_mask.data`,
      `${PAGE}?type=mask.test`,
      `${PAGE}.data?type=mask.test`,
    ]) {
      const { html } = await read(path);
      expect(html, path).not.toMatch(/jenny|rosen/i);
      expect(html, path).toContain("19000");
    }
    const json = await staff.get(`${PAGE}/evt_mask/json`);
    expect(json.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(json.headers.get("cache-control")).toBe("no-store");
    expect(await json.json()).toMatchObject({
      data: { object: { amount_total: 19_000, customer_details: { name: "•••" } } },
    });
    expect((await staff.post(`${PAGE}/evt_mask/json`, {})).status).toBe(405);
  });

  test.each<[string, string]>([
    ["nojson", "{not json <script>alert('jenny')</script>"],
    ["deep", `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
    ["big", JSON.stringify({ id: "evt_x", list: Array.from({ length: 90_000 }, (_, i) => i) })],
    ["null", '{"id":"evt_null","a":"\\u0000\\u202ejenny"}'],
  ])("%s: harmless and bounded", async (name, payload) => {
    await store({ id: `evt_${name}`, type: `${name}.test`, payload });
    for (const path of [`${PAGE}/evt_${name}`, `${PAGE}?type=${name}.test`]) {
      const { status, html } = await read(path);
      expect(status).toBe(200);
      expect(html).not.toMatch(/jenny|alert\(/);
      expect(html.length).toBeLessThan(3_000_000);
    }
    expect((await staff.get(`${PAGE}/evt_${name}/json`)).status).toBe(name === "nojson" ? 404 : 200);
  });

  test("a message of others is not repeated", async () => {
    await store({
      id: "evt_message",
      type: "message.test",
      status: "FAILED",
      message: "TENANT_MISMATCH: expected t_1, received Jenny <b>Rosen</b>",
    });
    const { html } = await read(`${PAGE}/evt_message`);
    expect(html).toContain("Konto stimmt nicht mit der Bestellung überein");
    expect(html).toContain("Erwartet t_1, erhalten einen Wert, der hier nicht gezeigt wird. Nichts gutgeschrieben.");
    expect(html).not.toMatch(/jenny/i);
  });
});
