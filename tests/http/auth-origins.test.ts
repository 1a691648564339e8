import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO_PASSWORD } from "../../db/seed";
import { CHECKOUT_API, PACKAGES_PAGE } from "../support/api";
import { envelope, signedIn } from "../support/http";
import { apiStatus, FORM, isWelcome, OWNER, setCookie } from "../support/login";
import { raw } from "../support/raw";
import { count } from "../support/rows";
import { askedOfStripe, type Stack, startStack } from "../support/stack";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

describe("requests from elsewhere", () => {
  const FOREIGN: [string, (origin: string) => Record<string, string>][] = [
    ["a foreign Origin", () => ({ origin: "https://evil.example" })],
    ["Origin: null", () => ({ origin: "null" })],
    ["an Origin that starts like ours", (origin) => ({ origin: `${origin}.evil.example` })],
    ["our host under another scheme", (origin) => ({ origin: origin.replace("http:", "https:") })],
    ["another port of our host", () => ({ origin: "http://localhost:1" })],
    ["Sec-Fetch-Site: cross-site", () => ({ "sec-fetch-site": "cross-site" })],
    ["our Origin, but cross-site", (origin) => ({ origin, "sec-fetch-site": "cross-site" })],
    [
      "a foreign Origin with a forged host",
      () => ({ origin: "https://evil.example", host: "evil.example", "x-forwarded-host": "evil.example" }),
    ],
  ];
  const suffixes = (route: string) => [
    "",
    ".data",
    `.data?_routes=${encodeURIComponent(route)}`,
    `?_data=${encodeURIComponent(route)}`,
    `?_routes=${encodeURIComponent(route)}`,
    "?index",
  ];
  const cases = FOREIGN.flatMap(([name, headers]) =>
    suffixes("routes/x").map((_, i) => ({
      name,
      headers,
      i,
      form: ["page", ".data", ".data?_routes", "?_data", "?_routes", "?index"][i],
    })),
  );

  test.each(cases)("$name, as $form: 403 and no effect", async ({ headers, i }) => {
    const who = await signedIn(stack.origin, OWNER);
    const [sessions, orders] = [await count(stack, "session"), await count(stack, "billing_order")];
    const form = (body: Record<string, string>) => ({ type: FORM, body: new URLSearchParams(body).toString() });
    const targets = [
      { path: "/login", route: "routes/login", ...form({ email: OWNER, password: DEMO_PASSWORD }) },
      { path: "/logout", route: "routes/logout", ...form({}) },
      {
        path: PACKAGES_PAGE,
        route: "routes/admin.billing.packages",
        ...form({ skuId: "lr_sku_30d_1", nonce: crypto.randomUUID() }),
      },
      {
        path: CHECKOUT_API,
        route: "routes/api.admin.v1.billing.checkout",
        type: { "content-type": "application/json" },
        body: '{"skuId":"lr_sku_30d_1"}',
      },
    ];
    for (const { path, route, type, body } of targets) {
      const answer = await raw(stack, {
        method: "POST",
        path: path + suffixes(route)[i],
        headers: { cookie: who.cookie, ...type, ...headers(stack.origin) },
        body,
      });
      expect([path, answer.status]).toEqual([path, 403]);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    }
    expect(await count(stack, "session")).toBe(sessions);
    expect(await count(stack, "billing_order")).toBe(orders);
    expect(await apiStatus(who)).toBe(200);
  });

  test("the API says so in the envelope", async () => {
    const who = await signedIn(stack.origin, OWNER);
    const answer = await who.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }, { origin: "https://evil.example" });
    expect(await envelope(answer)).toMatchObject({ status: 403, error: { code: "FORBIDDEN" } });
  });

  test.each(["PUT", "PATCH", "DELETE"])("%s from elsewhere is refused too", async (method) => {
    for (const path of ["/login", PACKAGES_PAGE, CHECKOUT_API]) {
      const answer = await raw(stack, { method, path, headers: { origin: "https://evil.example" } });
      expect([path, answer.status]).toEqual([path, 403]);
    }
  });

  test.each<[string, Record<string, string>]>([
    ["nothing", {}],
    ["Sec-Fetch-Site: same-origin", { "sec-fetch-site": "same-origin" }],
    ["Sec-Fetch-Site: none", { "sec-fetch-site": "none" }],
  ])("without Origin it passes: %s", async (_name, headers) => {
    const login = await raw(stack, {
      method: "POST",
      path: "/login",
      headers: { ...FORM, ...headers },
      body: new URLSearchParams({ email: OWNER, password: DEMO_PASSWORD }).toString(),
    });
    expect(isWelcome(login)).toBe(true);
    const cookie = setCookie(login.headers).split(";")[0] ?? "";
    const bought = await raw(stack, {
      method: "POST",
      path: CHECKOUT_API,
      headers: { cookie, "content-type": "application/json", ...headers },
      body: '{"skuId":"lr_sku_30d_1"}',
    });
    expect(bought.status).toBe(200);
  });

  test("reading from elsewhere is no change and passes", async () => {
    const answer = await raw(stack, { path: "/login", headers: { "sec-fetch-site": "cross-site" } });
    expect(answer.status).toBe(200);
  });

  test.each([CHECKOUT_API, PACKAGES_PAGE])("a forged host does not reach the return URLs: %s", async (path) => {
    const who = await signedIn(stack.origin, OWNER);
    const before = askedOfStripe(stack).length;
    const isApi = path === CHECKOUT_API;
    const answer = await raw(stack, {
      method: "POST",
      path,
      headers: {
        cookie: who.cookie,
        host: "evil.example",
        "x-forwarded-proto": "https",
        ...(isApi ? { "content-type": "application/json" } : FORM),
        ...(isApi ? { "x-forwarded-host": "evil.example" } : {}),
      },
      body: isApi
        ? '{"skuId":"lr_sku_30d_5"}'
        : new URLSearchParams({ skuId: "lr_sku_30d_5", nonce: crypto.randomUUID() }).toString(),
    });
    expect(answer.status).toBe(isApi ? 200 : 303);
    const made = askedOfStripe(stack)
      .slice(before)
      .filter((it) => it.path === "/v1/checkout/sessions");
    expect(made).toHaveLength(1);
    expect(JSON.stringify(made)).not.toContain("evil");
    expect(String(made[0]?.params.success_url).startsWith(`${stack.origin}/admin/billing?`)).toBe(true);
    expect(String(made[0]?.params.cancel_url).startsWith(`${stack.origin}/admin/billing?`)).toBe(true);
  });

  test("a forged host does not reach redirects or pages", async () => {
    const headers = { host: "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" };
    for (const path of ["/", "/admin/billing", "/login", "/nowhere"]) {
      const answer = await raw(stack, { path, headers });
      expect(answer.headers.location ?? "").not.toContain("evil.example");
      expect(answer.text).not.toContain("evil.example");
    }
  });
});
