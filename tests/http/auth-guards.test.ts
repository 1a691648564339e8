import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO_PASSWORD } from "../../db/seed";
import { CHECKOUT_API, PACKAGES_PAGE } from "../support/api";
import { envelope, signedIn, visitor } from "../support/http";
import { apiStatus, OWNER } from "../support/login";
import { raw } from "../support/raw";
import { count } from "../support/rows";
import { askedOfStripe, type Stack, startStack } from "../support/stack";

const VIEWER = "viewer@alpen.example";
const OPERATOR = "operator@leadradar.example";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

describe("redirectTo", () => {
  const login = (redirectTo: string) =>
    visitor(stack.origin).post("/login", { email: OWNER, password: DEMO_PASSWORD, redirectTo });

  test.each([
    "/admin/billing/packages",
    "/admin/billing/packages?art=geraete",
    "/admin/billing?checkout=cancel&order=a%2Fb",
  ])("an own path is kept: %s", async (path) => {
    expect((await login(path)).headers.get("location")).toBe(path);
  });

  test.each([
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/admin\r\nset-cookie: a=b",
    "/..//evil.example",
    "/.//evil.example",
    "/\u0000",
    "@evil.example",
    "",
  ])("a foreign one is not: %j", async (target) => {
    const answer = await login(target);
    expect([302, 303]).toContain(answer.status);
    const location = answer.headers.get("location") ?? "";
    expect(location).toMatch(/^\/(?![/\\])/);
    const resolved = new URL(location, stack.origin);
    expect(resolved.origin).toBe(stack.origin);
    expect(resolved.pathname).not.toMatch(/^\/[/\\]/);
    expect(answer.headers.get("set-cookie")).toMatch(/^lr_session=/);
  });

  test.each(["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/..//evil.example"])(
    "the form of /login?redirectTo=%s does not lead there, nor does being signed in",
    async (target) => {
      const query = `/login?redirectTo=${encodeURIComponent(target)}`;
      const who = await signedIn(stack.origin, OWNER);
      const location = (await who.get(query)).headers.get("location");
      if (location) expect(new URL(location, stack.origin).origin).toBe(stack.origin);
      expect(location ?? "").not.toMatch(/^\/[/\\]/);
      const html = await (await visitor(stack.origin).get(query)).text();
      expect(html).not.toContain(`href="${target}`);
      expect(html).not.toContain(`action="${target}`);
    },
  );
});

describe("who may what", () => {
  test("a page without a session leads to the login and back", async () => {
    for (const path of [
      "/admin/billing",
      "/admin/billing/packages",
      "/admin/billing?checkout=success&session_id=cs_1",
    ]) {
      const answer = await visitor(stack.origin).get(path);
      expect(answer.status).toBe(302);
      const location = new URL(answer.headers.get("location") ?? "", stack.origin);
      expect(location.origin + location.pathname).toBe(`${stack.origin}/login`);
      expect(location.searchParams.get("redirectTo")).toBe(path);
    }
  });

  test("a page's action without a session leads to the login and orders nothing", async () => {
    const before = await count(stack, "billing_order");
    const answer = await visitor(stack.origin).post(PACKAGES_PAGE, {
      skuId: "lr_sku_30d_1",
      nonce: crypto.randomUUID(),
    });
    expect([302, 303]).toContain(answer.status);
    expect(answer.headers.get("location")).toMatch(/^\/login\?redirectTo=%2Fadmin%2Fbilling%2Fpackages/);
    expect(await count(stack, "billing_order")).toBe(before);
  });

  test.each(["", "lr_session=nonsense"])(
    "the API without a session: 401 in the envelope (cookie %j)",
    async (cookie) => {
      const who = visitor(stack.origin, cookie);
      const answers = [
        await who.get("/api/admin/v1/billing/packages"),
        await who.get("/api/admin/v1/billing/overview"),
        await who.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }),
      ];
      for (const answer of answers) {
        expect(answer.headers.get("location")).toBeNull();
        expect(await envelope(answer)).toMatchObject({ status: 401, ok: false, error: { code: "UNAUTHORIZED" } });
      }
    },
  );

  test("a viewer reads and does not buy", async () => {
    const who = await signedIn(stack.origin, VIEWER);
    const before = await count(stack, "billing_order");
    const calls = askedOfStripe(stack).length;
    expect((await who.get("/admin/billing")).status).toBe(200);
    expect((await who.get(PACKAGES_PAGE)).status).toBe(200);
    expect((await who.get("/api/admin/v1/billing/packages")).status).toBe(200);
    expect(await apiStatus(who)).toBe(200);
    expect(await envelope(await who.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }))).toMatchObject({
      status: 403,
      error: { code: "FORBIDDEN" },
    });
    expect((await who.post(PACKAGES_PAGE, { skuId: "lr_sku_30d_1", nonce: crypto.randomUUID() })).status).toBe(403);
    expect(await count(stack, "billing_order")).toBe(before);
    expect(askedOfStripe(stack)).toHaveLength(calls);
  });

  test("an operator has no tenant: /admin and its API are 404", async () => {
    const who = await signedIn(stack.origin, OPERATOR);
    for (const path of ["/admin", "/admin/billing", PACKAGES_PAGE, "/admin/billing?checkout=cancel&order=x"]) {
      const answer = await who.get(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.text()).not.toMatch(/lr_sku_|price_lr_/);
    }
    expect((await who.post(PACKAGES_PAGE, { skuId: "lr_sku_30d_1", nonce: crypto.randomUUID() })).status).toBe(404);
    for (const answer of [
      await who.get("/api/admin/v1/billing/packages"),
      await who.get("/api/admin/v1/billing/overview"),
      await who.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }),
    ]) {
      expect(await envelope(answer)).toMatchObject({ status: 404, error: { code: "NOT_FOUND" } });
    }
  });

  test("for everyone else /operator does not exist", async () => {
    for (const who of [await signedIn(stack.origin, OWNER), await signedIn(stack.origin, VIEWER)]) {
      for (const path of ["/operator", "/operator/events", "/operator/skus/x", "/operator.data"]) {
        expect([path, (await who.get(path)).status]).toEqual([path, 404]);
      }
    }
  });

  const SECRETS = /Alpen|Jura|lr_tenant|lr_user|lr_sku|price_lr|@alpen/;
  test.each([
    "/admin.data",
    "/admin.data?_routes=routes/admin",
    "/admin/billing.data",
    "/admin/billing.data?_routes=routes/admin.billing._index",
    "/admin/billing.data?_routes=routes/admin.billing",
    "/admin/billing.data?_routes=root",
    "/admin/billing.data?_routes=",
    "/admin/billing.data?_routes=routes%2Fadmin.billing._index,routes%2Fadmin",
    "/admin/billing.data?index&_routes=routes/admin.billing._index",
    "/admin/billing/packages.data",
    "/admin/billing/packages.data?_routes=routes/admin.billing.packages",
    "/admin/billing/packages.data?_routes=routes/admin.billing.packages,root",
    "/admin/billing/packages?_data=routes/admin.billing.packages",
    "/admin/billing?_data=routes/admin.billing._index",
    "/admin/billing?index&_data=routes%2Fadmin.billing._index",
    "/ADMIN/BILLING/PACKAGES",
    "/admin//billing/packages",
    "/admin/billing/packages/",
    "/api/admin/v1/billing/overview.data",
    "/api/admin/v1/billing/packages.data?_routes=routes/api.admin.v1.billing.packages",
  ])("every loader guards itself: %s", async (path) => {
    const anonymous = await raw(stack, { path });
    expect(anonymous.text).not.toMatch(SECRETS);
    expect(anonymous.status).toBeLessThan(500);
    const operator = await signedIn(stack.origin, OPERATOR);
    const answer = await operator.get(path);
    expect(await answer.text()).not.toMatch(SECRETS);
  });
});
