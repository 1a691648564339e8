import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHECKOUT_API, OVERVIEW_API, PACKAGES_API } from "../support/api";
import { envelope, signedIn, type Visitor, visitor } from "../support/http";
import { newSku } from "../support/skus";
import { type Stack, startStack } from "../support/stack";

const SKU_KEYS = [
  "id",
  "active",
  "name",
  "description",
  "stripePriceId",
  "currency",
  "amountCents",
  "grantLicense30d",
  "grantLicense365d",
  "grantDeviceSlots",
  "creditExpiresInDays",
  "sortOrder",
  "createdAt",
  "updatedAt",
];

/** The items of an answer. */
const itemsOf = (data: Record<string, unknown> | undefined) =>
  (Array.isArray(data?.items) ? data.items : []).filter(isSku);
const isSku = (item: unknown): item is Record<string, unknown> => typeof item === "object" && item !== null;

let stack: Stack;
let owner: Visitor;
let jura: Visitor;
beforeAll(async () => {
  stack = await startStack();
  owner = await signedIn(stack.origin, "owner@alpen.example");
  jura = await signedIn(stack.origin, "owner@jura.example");
});
afterAll(() => stack?.stop());

describe("GET packages", () => {
  test("the nine packages, every named key and no other, by sortOrder", async () => {
    const { status, ok, data } = await envelope(await owner.get(PACKAGES_API));
    expect({ status, ok, keys: Object.keys(data ?? {}) }).toEqual({ status: 200, ok: true, keys: ["items"] });
    const items = itemsOf(data).filter((it) => String(it.id).startsWith("lr_sku_"));
    expect(items.map((it) => [it.id, it.amountCents, it.sortOrder])).toEqual([
      ["lr_sku_30d_1", 3_900, 5],
      ["lr_sku_30d_3", 11_700, 10],
      ["lr_sku_30d_5", 19_500, 20],
      ["lr_sku_30d_10", 29_000, 30],
      ["lr_sku_365d_1", 39_900, 110],
      ["lr_sku_365d_3", 119_700, 120],
      ["lr_sku_365d_5", 199_500, 130],
      ["lr_sku_365d_10", 299_000, 140],
      ["lr_sku_slot_1", 9_900, 200],
    ]);
    for (const item of items) {
      expect(Object.keys(item).sort()).toEqual([...SKU_KEYS].sort());
      expect(item).toMatchObject({ active: true, currency: "CHF", creditExpiresInDays: 365 });
      expect(item.stripePriceId).toBe(String(item.id).replace("lr_sku_", "price_lr_"));
      for (const at of [item.createdAt, item.updatedAt]) expect(new Date(String(at)).toISOString()).toBe(at);
    }
    expect(items[1]).toMatchObject({
      name: "3 Lizenzen für 30 Tage",
      grantLicense30d: 3,
      grantLicense365d: 0,
      grantDeviceSlots: 0,
    });
    expect(items[8]).toMatchObject({ name: "1 Geräte-Slot", grantDeviceSlots: 1 });
  });

  test("only active ones", async () => {
    await newSku(stack, "sleeping", { active: false });
    await newSku(stack, "awake");
    const { data } = await envelope(await owner.get(PACKAGES_API));
    const ids = itemsOf(data).map((it) => it.id);
    expect(ids).toContain("awake");
    expect(ids).not.toContain("sleeping");
  });
});

describe("GET overview", () => {
  test("a tenant with nothing", async () => {
    const { data } = await envelope(await jura.get(OVERVIEW_API));
    expect(data).toEqual({
      entitlement: { validUntil: null, isActive: false, maxDevices: 1, activeDevices: 0 },
      credits: [],
      expiringSoon: null,
    });
  });

  test("lots soonest first with what is held, lapsed and empty ones absent, devices and licence counted", async () => {
    const db = stack.db.owner;
    await db`insert into tenant (id, slug, name) values ('t_full', 'full', 'Full')`;
    await db`insert into app_user (tenant_id, email, password_hash, role)
      select 't_full', 'full@alpen.example', password_hash, 'VIEWER' from app_user where email = 'owner@jura.example'`;
    const lots: [string, number, string][] = [
      ["LICENSE_365D", 2, "200 days"],
      ["LICENSE_30D", 4, "10 days"],
      ["LICENSE_30D", 5, "100 days"],
      ["DEVICE_SLOT", 3, "29 days"],
      ["DEVICE_SLOT", 7, "-1 days"],
      ["LICENSE_365D", 1, "20 days"],
      ["LICENSE_365D", -1, "20 days"],
    ];
    await db.begin(async (tx) => {
      for (const [type, delta, ahead] of lots) {
        await tx`insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at)
          values ('t_full', ${type}, ${delta}, 'MANUAL_ADJUST', date_trunc('day', now()) + ${ahead}::interval)`;
      }
    });
    await db`update tenant_credit_balance set held = 2 where tenant_id = 't_full' and quantity = 5`;
    await db`insert into tenant_entitlement (tenant_id, valid_until, max_devices)
      values ('t_full', date_trunc('day', now()) + interval '5 days', 3)`;
    await db`insert into device (tenant_id, name, status) values
      ('t_full', 'a', 'ACTIVE'), ('t_full', 'b', 'ACTIVE'), ('t_full', 'c', 'DISABLED'), ('lr_tenant_alpen', 'd', 'ACTIVE')`;

    const { data } = await envelope(await (await signedIn(stack.origin, "full@alpen.example")).get(OVERVIEW_API));
    expect(Object.keys(data ?? {}).sort()).toEqual(["credits", "entitlement", "expiringSoon"]);
    const credits = data?.credits as { type: string; quantity: number; held: number; expiresAt: string }[];
    expect(credits.map(({ type, quantity, held }) => [type, quantity, held])).toEqual([
      ["LICENSE_30D", 4, 0],
      ["DEVICE_SLOT", 3, 0],
      ["LICENSE_30D", 5, 2],
      ["LICENSE_365D", 2, 0],
    ]);
    for (const lot of credits) {
      expect(Object.keys(lot).sort()).toEqual(["expiresAt", "held", "quantity", "type"]);
      expect(new Date(lot.expiresAt).toISOString()).toBe(lot.expiresAt);
    }
    expect(data?.expiringSoon).toEqual({ count: 7 });
    const entitlement = data?.entitlement as Record<string, unknown>;
    expect(entitlement).toMatchObject({ isActive: true, maxDevices: 3, activeDevices: 2 });
    expect(new Date(String(entitlement.validUntil)).toISOString()).toBe(entitlement.validUntil);

    await db`update tenant_entitlement set valid_until = now() - interval '1 second' where tenant_id = 't_full'`;
    const after = await envelope(await (await signedIn(stack.origin, "full@alpen.example")).get(OVERVIEW_API));
    expect(after.data?.entitlement).toMatchObject({ isActive: false });
    expect(after.data?.entitlement).toMatchObject({ validUntil: expect.any(String) });
  });
});

describe("paths and methods", () => {
  test.each([
    "/api",
    "/api/",
    "/api/nothing",
    "/api/admin/v1/billing/nothing",
    "/api/admin/v2/billing/packages",
    "/api/admin/v1/billing/checkout/deeper/than/that",
    "/api/mobile/v1/nothing?x=1",
    "/api/webhooks",
    "/api/webhooks/stripe/x",
    "/api/%00",
    "/api/..%2f..%2fetc%2fpasswd",
    "/api/admin/v1/billing/packages%20",
    `/api/${"a/".repeat(500)}`,
  ])("unknown: 404 in the envelope, signed in or not: %s", async (path) => {
    for (const who of [visitor(stack.origin), owner]) {
      for (const answer of [await who.get(path), await who.json(path, { x: 1 }), await who.post(path, { x: "1" })]) {
        expect(await envelope(answer)).toMatchObject({ status: 404, ok: false, error: { code: "NOT_FOUND" } });
      }
      for (const method of ["PUT", "PATCH", "DELETE"]) {
        const answer = await fetch(`${stack.origin}${path}`, { method, headers: { cookie: who.cookie } });
        expect(await envelope(answer)).toMatchObject({ status: 404, error: { code: "NOT_FOUND" } });
      }
    }
  });

  test("an unknown path that is not even decodable: the envelope", async () => {
    const answer = await owner.get("/api/%E0%A4%A");
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await envelope(answer)).toMatchObject({ ok: false });
  });

  test.each([
    [PACKAGES_API, "GET", ["POST", "PUT", "PATCH", "DELETE"]],
    [OVERVIEW_API, "GET", ["POST", "PUT", "PATCH", "DELETE"]],
    [CHECKOUT_API, "POST", ["GET", "PUT", "PATCH", "DELETE"]],
  ])("%s knows %s only: 405 with Allow", async (path, allowed, others) => {
    for (const method of others) {
      const answer = await fetch(`${stack.origin}${path}`, { method, headers: { cookie: owner.cookie } });
      expect(answer.headers.get("allow")).toContain(allowed);
      expect(answer.headers.get("allow")).not.toContain(method);
      expect(await envelope(answer)).toMatchObject({ status: 405, error: { code: "METHOD_NOT_ALLOWED" } });
    }
  });

  test("OPTIONS and HEAD are no fault", async () => {
    for (const path of [PACKAGES_API, CHECKOUT_API, "/api/nothing", "/login", "/nowhere"]) {
      for (const method of ["OPTIONS", "HEAD"]) {
        const answer = await fetch(`${stack.origin}${path}`, { method, headers: { cookie: owner.cookie } });
        expect([path, method, answer.status < 500]).toEqual([path, method, true]);
      }
    }
  });

  test.each([
    "/%",
    "/%E0%A4%A",
    "/api/%E0%A4%A",
    "/admin/billing?checkout=%E0%A4%A&session_id=%",
    "/admin/billing?checkout=success&session_id=%00",
    "/admin/billing?checkout=cancel&order=%00",
    `/admin/billing?checkout=cancel&order=${"x".repeat(9_000)}`,
    "/admin/billing?checkout=success&session_id=cs_1&session_id=cs_2",
    "/admin/billing?checkout=success&session_id=..%2f..%2fv1%2fcustomers",
    "/admin/billing?checkout=nonsense",
    "/admin/billing/packages?art=nonsense",
    "/login?redirectTo=%00",
    "//evil.example",
    "/__manifest",
    "/__manifest?p=/admin/billing&version=x",
    "/__manifest?p=%00&version=",
  ])("a strange URL is answered without a fault: %s", async (path) => {
    for (const who of [visitor(stack.origin), owner]) {
      const answer = await fetch(`${stack.origin}${path}`, { redirect: "manual", headers: { cookie: who.cookie } });
      expect(answer.status).toBeLessThan(500);
      expect(await answer.text()).not.toMatch(/node_modules|PostgresError|URIError|\n\s+at /);
    }
  });

  test("every answer has a trace id of its own, whatever the caller sends", async () => {
    const answers = [
      await owner.get(PACKAGES_API, { "x-trace-id": "mine" }),
      await owner.get("/api/nothing", { "x-trace-id": "mine" }),
      await visitor(stack.origin).get(OVERVIEW_API, { "x-trace-id": "mine" }),
      await owner.json(CHECKOUT_API, "{", { "x-trace-id": "mine" }),
    ];
    const ids = await Promise.all(answers.map(async (it) => (await envelope(it)).traceId));
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[\w-]{8,}$/);
  });
});
