import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signedIn, type Visitor } from "../support/http";
import { plain } from "../support/pages";
import { type Stack, startStack } from "../support/stack";

let stack: Stack;
let operator: Visitor;
beforeAll(async () => {
  stack = await startStack();
  operator = await signedIn(stack.origin, "operator@leadradar.example");
});
afterAll(() => stack?.stop());

const RIGHT_TO_LEFT = "Zeichen, die die Schreibrichtung ändern, sind nicht erlaubt.";
const CONTROL = "Steuerzeichen sind nicht erlaubt.";
const nonce = () => randomUUID();

/** Every field of the room that takes a text, with the rest of its form as it should be. */
const FIELDS: Array<[field: string, path: string, form: Record<string, string>]> = [
  ["name", "/operator/skus/new", { intent: "create", preis: "price_lr_30d_1", license30d: "1", tage: "365" }],
  [
    "beschreibung",
    "/operator/skus/new",
    { intent: "create", name: "Paket", preis: "price_lr_30d_1", license30d: "1", tage: "365" },
  ],
  ["partner", "/operator/coupons/new", { intent: "create", license30d: "1", tage: "365" }],
  ["name", "/operator/tenants/new", { intent: "create", country: "CH", person: "Nora", email: "nora@neu.example" }],
  ["person", "/operator/tenants/new", { intent: "create", name: "Neu", country: "CH", email: "nora@neu.example" }],
  ["name", "/operator/tenants/lr_tenant_jura", { intent: "save", country: "CH" }],
  ["grund", "/operator/tenants/lr_tenant_jura?bestaetigen=sperren", { intent: "disable" }],
  [
    "grund",
    "/operator/tenants/lr_tenant_jura?bestaetigen=korrektur",
    { intent: "adjust", typ: "LICENSE_30D", menge: "1", bis: "31.12.2031" },
  ],
];

const everything = async () => {
  const [row] = await stack.db.owner<{ n: number }[]>`
    select (select count(*) from billing_sku) + (select count(*) from promo_code) + (select count(*) from tenant)
      + (select count(*) from adjustment) + (select count(*) from audit_entry) as n`;
  return Number(row?.n);
};

describe.each(FIELDS)("%s at %s", (field, path, form) => {
  test.each([
    ["10 kB", "x".repeat(10_240), /Höchstens \d+ Zeichen\./],
    ["a mark that turns the direction", "rechts\u202elinks", new RegExp(RIGHT_TO_LEFT)],
    ["a control character", "Glocke\u0007", new RegExp(CONTROL)],
    ["U+0000", "null\u0000null", new RegExp(CONTROL)],
  ])("%s: refused at the field, and nothing has changed", async (_name, value, words) => {
    const before = await everything();
    const answer = await operator.post(path, { nonce: nonce(), ...form, [field]: value });
    expect(answer.status).toBe(400);
    const html = plain(await answer.text());
    expect(html).toMatch(words);
    if (value.length < 100 && !value.includes("\u0000")) expect(html).toContain(value);
    expect(await everything()).toBe(before);
  });
});

test.each([
  ...["skus", "coupons", "coupons/batches", "orders", "events", "replays", "tenants"].map((it) => `/operator/${it}`),
  "/admin/billing/orders",
  "/api/admin/v1/billing/orders",
])("%s: an id that is none is not found", async (path) => {
  const owner = await signedIn(stack.origin, "owner@alpen.example");
  for (const id of ["a%00b", "%00", "%F0%9F%8E%AA", "..%2f..%2fx", "x".repeat(2_000), "'"]) {
    const answer = await (path.startsWith("/operator") ? operator : owner).get(`${path}/${id}`);
    expect([id.slice(0, 20), answer.status]).toEqual([id.slice(0, 20), 404]);
  }
});

test("more than 16 KiB is too much for any form, and says so", async () => {
  const answer = await operator.post("/operator/tenants/new", { intent: "create", name: "x".repeat(17_000) });
  expect(answer.status).toBe(413);
});

test("markup and formulas are text: kept, shown as they are, harmless in a file", async () => {
  const name = `<img src=x onerror=alert(1)> =1+1 "${"a".repeat(20)}'`;
  const made = await operator.post("/operator/tenants/new", {
    intent: "create",
    nonce: nonce(),
    name,
    country: "CH",
    person: name,
    email: `${nonce()}@neu.example`,
  });
  expect(made.status).toBe(200);
  const html = await (await operator.get(`/operator/tenants?suche=${encodeURIComponent("<img")}`)).text();
  expect(html).not.toContain("<img src=x");
  expect(plain(html)).toContain(name);
});

describe("what does not fit", () => {
  const adjust = (change: Record<string, string>) =>
    operator.post("/operator/tenants/lr_tenant_jura?bestaetigen=korrektur", {
      intent: "adjust",
      nonce: nonce(),
      typ: "LICENSE_30D",
      menge: "1",
      bis: "31.12.2031",
      grund: "Kulanz",
      ...change,
    });

  test.each([
    [{ menge: "0" }, "Geben Sie eine Zahl über oder unter 0 ein."],
    [{ menge: "1.5" }, "Geben Sie eine ganze Zahl wie 5 oder -2 ein."],
    [{ menge: "10001" }, "Geben Sie eine ganze Zahl wie 5 oder -2 ein."],
    [{ menge: "-1" }, "Das Guthaben reicht nicht: verfügbar sind 0."],
    [{ typ: "GOLD" }, "Wählen Sie einen Credit."],
    [{ bis: "30.02.2031" }, "Geben Sie ein Datum wie 22.11.2026 ein."],
    [{ bis: "2031-12-31T10:00:00Z" }, "Geben Sie ein Datum wie 22.11.2026 ein."],
    [{ bis: "01.01.2020" }, "Dieser Tag ist vorbei."],
    [{ grund: "" }, "Geben Sie den Grund an."],
    [{ grund: "  x " }, "Geben Sie den Grund mit mindestens 3 Zeichen an."],
  ])("a correction with %j", async (change: Record<string, string>, words) => {
    const answer = await adjust(change);
    expect(answer.status).toBe(400);
    expect(plain(await answer.text())).toContain(words);
  });

  test("the same operator agreeing to the own correction, and an adjustment of another tenant", async () => {
    expect((await adjust({ menge: "11" })).status).toBe(303);
    const [row] = await stack.db.owner<{ id: string }[]>`
      select id from adjustment where tenant_id = 'lr_tenant_jura' and status = 'OPEN'`;
    const approve = (who: Visitor, tenant: string) =>
      who.post(`/operator/tenants/${tenant}`, { intent: "approve", adjustmentId: row?.id ?? "" });
    const own = await approve(operator, "lr_tenant_jura");
    expect(own.status).toBe(409);
    expect(plain(await own.text())).toContain("Die zweite Person muss eine andere sein.");
    const second = await signedIn(stack.origin, "kontrolle@leadradar.example");
    expect((await approve(second, "lr_tenant_alpen")).status).toBe(404);
    expect((await approve(second, "lr_tenant_jura")).status).toBe(303);
    expect((await approve(second, "lr_tenant_jura")).status).toBe(409);
  });

  test.each([
    "/operator/orders?status=GOLD",
    "/operator/orders?cursor=x",
    "/operator/tenants?cursor=x",
    "/operator/coupons?status=GOLD",
    "/operator/audit?aktion=GOLD",
    "/operator/audit?cursor=x",
    "/operator/events?cursor=x",
  ])("%s is a filter that is wrong", async (path) => {
    const answer = await operator.get(path);
    expect(answer.status).toBe(400);
    await answer.arrayBuffer();
  });

  test.each([
    "/operator/orders/x",
    "/operator/skus/x",
    "/operator/coupons/x",
    "/operator/tenants/x",
    "/operator/events/x",
    "/operator/replays/1",
    "/operator/nowhere",
  ])("%s is not there", async (path) => {
    const answer = await operator.get(path);
    expect(answer.status).toBe(404);
    await answer.arrayBuffer();
  });
});
