import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AUDIT_ACTIONS, AUDIT_SUBJECTS } from "~/billing/audit-actions";
import { newAccount } from "../support/accounts";
import { signedIn, type Visitor } from "../support/http";
import { plain } from "../support/pages";
import { type Stack, startStack } from "../support/stack";

const LIST = "/operator/audit";

let stack: Stack;
let operator: Visitor;
beforeAll(async () => {
  stack = await startStack();
  operator = await signedIn(stack.origin, "operator@leadradar.example");
});
afterAll(() => stack?.stop());

/** The list alone: the filter's choices name every action, too. */
const listOf = (html: string) => /<ol>([\s\S]*)<\/ol>/.exec(html)?.[1] ?? "";
const page = async (query: Record<string, string>) => {
  const answer = await operator.get(`${LIST}?${new URLSearchParams(query)}`);
  const html = await answer.text();
  return { status: answer.status, html, list: plain(listOf(html)), text: plain(html) };
};

interface Entry {
  actor: string;
  action: string;
  type: string;
  id: string;
  tenantId: string | null;
  before: unknown;
  after: unknown;
  reason: string | null;
  traceId: string;
}
async function write(change: Partial<Entry> = {}): Promise<Entry> {
  const entry: Entry = {
    actor: "lr_user_operator",
    action: "TENANT_CHANGED",
    type: "TENANT",
    id: "lr_tenant_jura",
    tenantId: "lr_tenant_jura",
    before: null,
    after: null,
    reason: null,
    traceId: randomBytes(16).toString("hex"),
    ...change,
  };
  const json = (it: unknown) => (it === null ? null : JSON.stringify(it));
  await stack.db.owner`
    insert into audit_entry (actor_user_id, action, subject_type, subject_id, tenant_id, before, after, reason, trace_id)
    values (${entry.actor}, ${entry.action}, ${entry.type}, ${entry.id}, ${entry.tenantId}, ${json(entry.before)},
      ${json(entry.after)}, ${entry.reason}, ${entry.traceId})`;
  return entry;
}

describe("an entry", () => {
  test.each(AUDIT_ACTIONS.map((action) => [action]))("%s has German words", async (action) => {
    const { traceId } = await write({ action });
    const { list } = await page({ trace: traceId });
    expect(list).not.toContain(action);
    expect(list).toMatch(/<span class="font-medium">[A-ZÄÖÜ][^<]+<\/span>/);
  });

  test.each([
    ["SKU", "SKU_CHANGED", "sku/1", "/operator/skus/sku%2F1"],
    ["COUPON", "COUPON_DISABLED", "abc", "/operator/coupons/abc"],
    ["COUPON", "COUPONS_CREATED", "batch_abc", "/operator/coupons/batches/batch_abc"],
    ["ORDER", "REFUND_SENT", "abc", "/operator/orders/abc"],
    ["EVENT", "REPLAY_REQUESTED", "evt_1", "/operator/events/evt_1"],
    ["TASK", "REPLAY_REQUESTED", "17", "/operator/replays/17"],
    ["TASK", "RECONCILE_REQUESTED", "18", "/operator/reconciliation"],
    ["TASK", "VERIFY_REQUESTED", "19", "/operator/reconciliation"],
    ["TENANT", "TENANT_CHANGED", "lr_tenant_jura", "/operator/tenants/lr_tenant_jura"],
    ["USER", "USER_CREATED", "abc", "/operator/tenants/lr_tenant_jura"],
    ["ADJUSTMENT", "ADJUSTMENT_BOOKED", "adj_1", "/operator/tenants/lr_tenant_jura"],
    ["DEVICE", "DEVICE_DISABLED", "abc", "/operator/tenants/lr_tenant_jura"],
  ])("of %s, %s, leads to its page", async (type, action, id, to) => {
    const { traceId } = await write({ type, action, id });
    const { list } = await page({ trace: traceId });
    expect(list).toContain(`href="${to}"`);
    expect(list).toContain(id);
  });

  test("every kind of thing has its words", async () => {
    for (const type of AUDIT_SUBJECTS) {
      const { traceId } = await write({ type, id: "ding", tenantId: null });
      expect((await page({ trace: traceId })).list).toMatch(/[A-Z][a-zäöü]+ ding</);
    }
  });

  test("says only what changed, in words, with seconds", async () => {
    const { traceId } = await write({
      before: { name: "Alt AG", country: "CH", active: true, amountCents: 119_700, currency: "CHF", eigen: 1 },
      after: { name: "Neu AG", country: "CH", active: false, amountCents: -2_900, currency: "CHF", eigen: 2 },
      reason: "Umfirmiert",
    });
    const { list } = await page({ trace: traceId });
    const text = list.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
    expect(text).toMatch(/\d\d\.\d\d\.\d{4}, \d\d:\d\d:\d\d/);
    expect(text).toContain("Name vorher Alt AG → , nachher Neu AG");
    expect(text).toContain("Eingeschaltet vorher ja → , nachher nein");
    expect(text).toContain("Betrag vorher CHF 1’197.00 → , nachher CHF −29.00");
    // A field without a word of its own keeps its name.
    expect(text).toContain("eigen vorher 1 → , nachher 2");
    expect(text).not.toContain("Land");
    expect(text).toContain("« Umfirmiert »");
    expect(text).toContain(traceId);
  });

  test("of something new says what it has; an end is its last day, an instant its seconds", async () => {
    const { traceId } = await write({
      after: {
        maxRedemptions: null,
        partner: "Messe",
        type: "DEVICE_SLOT",
        role: "VIEWER",
        validFrom: "2031-06-30T22:00:00.000Z",
        validUntil: "2031-12-31T23:00:00.000Z",
        closedAt: "2031-12-31T23:00:04.000Z",
      },
    });
    const text = (await page({ trace: traceId })).list.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
    expect(text).toContain("Partner Messe");
    expect(text).toContain("Art Geräte-Slot");
    expect(text).toContain("Rolle Nur lesen");
    expect(text).toContain("Gültig von 01.07.2031");
    expect(text).toContain("Gültig bis und mit 31.12.2031");
    expect(text).toContain("closedAt 01.01.2032 00:00:04");
    expect(text).not.toContain("Höchstens einlösbar");
    expect(text).not.toContain("vorher");
  });

  test("with markup, a formula, marks that turn the line, 10 kB, and names of JavaScript's own: shown, harmless", async () => {
    const text = `<script>alert(1)</script> =1+1 \u202eumgedreht ${"x".repeat(10_240)}`;
    const { traceId } = await write({
      before: JSON.parse('{"__proto__":"a","constructor":"b","name":"alt"}'),
      after: JSON.parse(`{"__proto__":"c","constructor":"d","name":${JSON.stringify(text)}}`),
      reason: text,
    });
    const { status, html, list } = await page({ trace: traceId });
    expect(status).toBe(200);
    expect(html).not.toContain("<script>alert");
    // Both isolated, so that what follows is read as it stands.
    expect(list.split(`<bdi>${text}</bdi>`)).toHaveLength(3);
    expect(list).toContain("constructor");
  });
});

describe("the filter", () => {
  test("by person: staff and tenants' people, by e-mail in any case and by id", async () => {
    const { traceId } = await write({ actor: "lr_user_owner_jura", action: "DEVICE_CREATED" });
    for (const wer of ["owner@jura.example", "OWNER@Jura.example", "lr_user_owner_jura"]) {
      const { list, text } = await page({ wer });
      expect(list).toContain(traceId);
      expect(list).not.toContain("Olivia Betrieb");
      expect(text).toContain(`value="${wer}"`);
    }
    expect((await page({ wer: "operator@leadradar.example" })).list).not.toContain(traceId);
  });

  test("by tenant: id, short name, name; by action, by thing, by trace id, and all at once", async () => {
    const mine = await write({ action: "ORDER_X", type: "ORDER", id: randomUUID(), tenantId: "lr_tenant_alpen" });
    await stack.db.owner`select 1`;
    const other = await write({ action: "REVIEW_RESOLVED", type: "ORDER", id: randomUUID() });
    for (const tenant of ["lr_tenant_alpen", "alpen-messe-ag", "alpen messe ag"]) {
      const { list } = await page({ tenant });
      expect([list.includes(mine.traceId), list.includes(other.traceId)]).toEqual([true, false]);
    }
    const thing = await page({ art: "ORDER", id: other.id });
    expect([thing.list.includes(mine.traceId), thing.list.includes(other.traceId)]).toEqual([false, true]);
    const action = await page({ aktion: "REVIEW_RESOLVED" });
    expect([action.list.includes(mine.traceId), action.list.includes(other.traceId)]).toEqual([false, true]);
    const all = await page({
      wer: "operator@leadradar.example",
      tenant: "lr_tenant_jura",
      aktion: "REVIEW_RESOLVED",
      art: "ORDER",
      id: other.id,
      trace: other.traceId,
    });
    expect(all.list).toContain(other.traceId);
    expect(all.text).toContain("1 von 1 Eintrag, gefiltert");
    const none = await page({ art: "ORDER", id: other.id, trace: mine.traceId });
    expect(none.text).toContain("Kein Eintrag passt zu diesem Filter.");
  });

  test("two tenants of one name cannot be meant both", async () => {
    for (const id of ["zwilling_1", "zwilling_2"]) {
      await stack.db.owner`insert into tenant (id, slug, name) values (${id}, ${id}, 'Zwilling AG')`;
    }
    const { status, text } = await page({ tenant: "Zwilling AG" });
    expect(status).toBe(400);
    expect(text).toContain("Mehrere Konten heissen so. Geben Sie die Konto-ID ein.");
    expect((await page({ tenant: "zwilling_2" })).status).toBe(200);
  });

  test.each<[Record<string, string>, string]>([
    [{ wer: "niemand@nirgends.example" }, "Niemand hat diese E-Mail-Adresse."],
    [{ wer: "' or 1=1 --" }, "Niemand hat diese E-Mail-Adresse."],
    [{ tenant: "<b>Nirgends</b>" }, "Dieses Konto gibt es nicht."],
    [{ art: "ORDER" }, "Geben Sie die Kennung ein."],
    [{ id: "abc" }, "Wählen Sie, was es ist."],
    [{ art: "GOLD" }, "Das gibt es nicht."],
    [{ trace: "x".repeat(65) }, "Diese Angabe fehlt oder stimmt nicht."],
    [{ wer: "a\u0000b" }, "Diese Angabe fehlt oder stimmt nicht."],
  ])("%j is refused at its field, and kept", async (query, words) => {
    const { status, text, html } = await page(query);
    expect(status).toBe(400);
    expect(text).toContain(words);
    expect(text).toContain("<title>Fehler: Protokoll – LeadRadar</title>");
    expect(html).not.toContain("<b>Nirgends");
    for (const [name, value] of Object.entries(query)) {
      if (name !== "art" && !value.includes("\u0000")) expect(text).toContain(`value="${value}"`);
    }
  });

  test.each([{ aktion: "GOLD" }, { cursor: "x" }] as Record<string, string>[])("a bad address: %j", async (query) => {
    expect((await page(query)).status).toBe(400);
  });
});

test("page by page, newest first, over more than can be counted", async () => {
  const traceId = randomBytes(16).toString("hex");
  await stack.db.owner`
    insert into audit_entry (actor_user_id, action, subject_type, subject_id, trace_id, reason)
    select 'lr_user_operator', 'SKU_MOVED', 'SKU', 'sku', ${traceId}, 'Nr. ' || n from generate_series(1, 1001) as n`;
  const seen: number[] = [];
  let at = `${LIST}?trace=${traceId}`;
  let before = "";
  for (const words of ["1–50", "51–100", "101–150"]) {
    const html = await (await operator.get(at)).text();
    expect(plain(html)).toContain(`${words} von mehr als 1’000 Einträgen, gefiltert`);
    seen.push(...[...html.matchAll(/Nr\. (\d+)/g)].map((match) => Number(match[1])));
    before = at;
    at = plain([...html.matchAll(/href="([^"]*cursor=[^"]*)"/g)].map((match) => String(match[1])).at(-1) ?? "");
  }
  // Numbers stand in the page and in the data beside it.
  const shown = [...new Set(seen)];
  expect(shown).toEqual(Array.from({ length: 150 }, (_, n) => 1_001 - n));
  expect(before).not.toBe("");
});

describe("what a tenant's people change stands there, too", () => {
  const entriesOf = async (tenantId: string) =>
    stack.db.owner<{ action: string; actor: string; traceId: string; before: string | null; after: string | null }[]>`
      select action, actor_user_id as actor, trace_id as "traceId", before, after
      from audit_entry where tenant_id = ${tenantId} order by id`;

  test("devices: recorded, blocked, freed, each once, with the request's trace id", async () => {
    const { tenantId, userId, owner } = await newAccount(stack);
    const nonce = randomUUID();
    const made = await owner.post("/admin/devices/new", { name: "Empfang", nonce });
    await owner.post("/admin/devices/new", { name: "Empfang", nonce });
    const [device] = await stack.db.owner<{ id: string }[]>`select id from device where tenant_id = ${tenantId}`;
    const deviceId = device?.id ?? "";
    const answers = [made];
    for (const intent of ["disable", "disable", "enable"]) {
      answers.push(await owner.post("/admin/devices", { intent, deviceId }));
    }
    const rows = await entriesOf(tenantId);
    expect(rows.map((row) => row.action)).toEqual(["DEVICE_CREATED", "DEVICE_DISABLED", "DEVICE_ENABLED"]);
    expect(new Set(rows.map((row) => row.actor))).toEqual(new Set([userId]));
    const traces = answers.map((it) => it.headers.get("x-trace-id"));
    expect(rows.map((row) => row.traceId)).toEqual([traces[0], traces[1], traces[3]]);
    const { list } = await page({ art: "DEVICE", id: deviceId });
    expect(list).toContain("Gerät gesperrt");
    expect(list).toContain(`href="/operator/tenants/${tenantId}"`);
    // The key is nowhere, nor its hash.
    expect(JSON.stringify(rows)).not.toMatch(/lrd_|hash/i);
  });

  test("a refused change leaves none", async () => {
    const { tenantId, owner } = await newAccount(stack);
    await owner.post("/admin/devices/new", { name: "A", nonce: randomUUID() });
    expect((await owner.post("/admin/devices/new", { name: "B", nonce: randomUUID() })).status).toBe(402);
    expect((await owner.post("/admin/devices/new", { name: " ", nonce: randomUUID() })).status).toBe(400);
    expect(await entriesOf(tenantId)).toHaveLength(1);
  });

  test("the company, before and after", async () => {
    const { tenantId, owner } = await newAccount(stack);
    const company = { legalName: "Säntis AG", street: "Weg 1", postalCode: "9000", city: "St. Gallen", country: "CH" };
    const first = await owner.post("/admin/billing/accounting", company);
    expect(first.status).toBe(303);
    await owner.post("/admin/billing/accounting", { ...company, city: "Herisau", postalCode: "9100" });
    await owner.post("/admin/billing/accounting", { ...company, postalCode: "9" });
    const rows = await entriesOf(tenantId);
    expect(rows.map((row) => row.action)).toEqual(["ACCOUNTING_CHANGED", "ACCOUNTING_CHANGED"]);
    expect(rows[0]?.traceId).toBe(first.headers.get("x-trace-id"));
    const { list } = await page({ tenant: tenantId });
    const text = list.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
    expect(text).toContain("Ort vorher St. Gallen → , nachher Herisau");
    expect(text).toContain("PLZ vorher 9000 → , nachher 9100");
    expect(text).not.toContain("Strasse und Nummer vorher");
  });
});
