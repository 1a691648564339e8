import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO_PASSWORD } from "../../db/seed";
import { CHECKOUT_API } from "../support/api";
import { signedIn, visitor } from "../support/http";
import { apiStatus, FORM, guess, isWelcome, JURA, OWNER, setCookie } from "../support/login";
import { raw } from "../support/raw";
import { count } from "../support/rows";
import { type AppServer, startAppServer } from "../support/server";
import { askedOfStripe, type Stack, startStack } from "../support/stack";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

describe("session", () => {
  test("the cookie is lr_session: HttpOnly, SameSite=Lax, Path=/, no Secure, 30 days at most", async () => {
    const cookie = setCookie((await guess(stack, OWNER, { password: DEMO_PASSWORD })).headers);
    const parts = cookie.split(";").map((part) => part.trim().toLowerCase());
    expect(cookie).toMatch(/^lr_session=[^;]{20,}/);
    expect(parts).toEqual(expect.arrayContaining(["httponly", "samesite=lax", "path=/"]));
    expect(parts).not.toContain("secure");
    expect(parts.some((part) => part.startsWith("domain="))).toBe(false);
    const maxAge = parts.find((part) => part.startsWith("max-age="));
    if (maxAge) expect(Number(maxAge.slice(8))).toBeLessThanOrEqual(30 * 24 * 3600);
    const [longest] = await stack.db.owner<
      { fits: boolean }[]
    >`select bool_and(expires_at <= created_at + interval '30 days 1 second') as fits from session`;
    expect(longest?.fits).toBe(true);
  });

  test("each login makes a new token, also for whoever brings one along", async () => {
    const first = await signedIn(stack.origin, OWNER);
    const again = await guess(stack, OWNER, { password: DEMO_PASSWORD, headers: { cookie: first.cookie } });
    const planted = await guess(stack, OWNER, {
      password: DEMO_PASSWORD,
      headers: { cookie: "lr_session=planted-by-somebody-else" },
    });
    const tokens = [first.cookie, setCookie(again.headers), setCookie(planted.headers)].map((it) => it.split(";")[0]);
    expect(new Set(tokens).size).toBe(3);
    expect(tokens.join()).not.toContain("planted");
    expect(await apiStatus(visitor(stack.origin, "lr_session=planted-by-somebody-else"))).toBe(401);
  });

  test("the database knows the token only as a hash", async () => {
    const { cookie } = await signedIn(stack.origin, OWNER);
    const value = decodeURIComponent(cookie.slice(cookie.indexOf("=") + 1));
    const decoded = Buffer.from(value.split(".")[0] ?? "", "base64").toString();
    const candidates = [value, decoded, decoded.replaceAll('"', "")].filter((it) => it.length >= 20);
    const rows = await stack.db.owner<{ row: string }[]>`select s::text as row from session s`;
    expect(rows.length).toBeGreaterThan(0);
    for (const { row } of rows) {
      for (const candidate of candidates) expect(row.includes(candidate)).toBe(false);
    }
    // nor does what the database holds open a door
    const hashes = await stack.db.owner<{ token_hash: string }[]>`select token_hash from session`;
    for (const { token_hash } of hashes.slice(0, 3)) {
      const forged = [token_hash, Buffer.from(JSON.stringify(token_hash)).toString("base64")];
      for (const it of forged) {
        expect(await apiStatus(visitor(stack.origin, `lr_session=${encodeURIComponent(it)}`))).toBe(401);
      }
    }
  });

  test("an expired session is none", async () => {
    const who = await signedIn(stack.origin, JURA);
    expect(await apiStatus(who)).toBe(200);
    await stack.db
      .owner`update session set created_at = now() - interval '31 days', expires_at = now() where user_id = 'lr_user_owner_jura'`;
    expect(await apiStatus(who)).toBe(401);
    const page = await who.get("/admin/billing");
    expect(page.status).toBe(302);
    expect(page.headers.get("location")).toMatch(/^\/login\?redirectTo=/);
  });

  test("the session of a disabled user is none; a changed role counts at once", async () => {
    const email = "short@alpen.example";
    await stack.db.owner`insert into app_user (id, tenant_id, name, email, password_hash, role)
      select 'short', tenant_id, 'Short', ${email}, password_hash, 'ADMIN' from app_user where email = ${OWNER}`;
    const who = await signedIn(stack.origin, email);
    expect((await who.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" })).status).toBe(200);
    await stack.db.owner`update app_user set role = 'VIEWER' where id = 'short'`;
    expect((await who.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" })).status).toBe(403);
    await stack.db.owner`update app_user set disabled_at = now() where id = 'short'`;
    expect(await apiStatus(who)).toBe(401);
    expect((await who.get("/admin/billing")).status).toBe(302);
  });

  test("logout kills the session on the server and takes the cookie away", async () => {
    const who = await signedIn(stack.origin, OWNER);
    const other = await signedIn(stack.origin, OWNER);
    const gone = await who.post("/logout", {});
    expect(isWelcome(gone)).toBe(true);
    expect(gone.headers.get("set-cookie")).toMatch(/^lr_session=;.*(max-age=0|expires=thu, 01 jan 1970)/i);
    expect(await apiStatus(who)).toBe(401);
    expect(await apiStatus(other)).toBe(200);
    // twice, or without a session, is no fault
    expect((await who.post("/logout", {})).status).toBeLessThan(400);
    expect((await visitor(stack.origin).post("/logout", {})).status).toBeLessThan(400);
  });

  test("GET /logout signs nobody out", async () => {
    const who = await signedIn(stack.origin, OWNER);
    await who.get("/logout");
    await who.get("/logout.data");
    expect(await apiStatus(who)).toBe(200);
  });

  test("garbled cookies are no session and no fault", async () => {
    const values = ["", "x", "%", "%00", "%E0%A4%A", "a".repeat(4000), "bnVsbA==", "W10=", "e30=", '"', "🎪"];
    for (const value of values) {
      const answer = await raw(stack, {
        path: "/api/admin/v1/billing/overview",
        headers: { cookie: Buffer.from(`lr_session=${value}`).toString("latin1") },
      });
      expect([value, answer.status]).toEqual([value, 401]);
    }
  });
});

describe("over https", () => {
  const HTTPS_ORIGIN = "https://billing.example.ch";
  let secure: AppServer;
  beforeAll(async () => {
    secure = await startAppServer({
      databaseUrl: stack.db.url,
      stripeBase: stack.stripe.url,
      env: { APP_ORIGIN: HTTPS_ORIGIN },
    });
  });
  afterAll(() => secure?.stop());

  const login = (headers: Record<string, string>) =>
    raw(
      { app: secure },
      {
        method: "POST",
        path: "/login",
        headers: { ...FORM, ...headers },
        body: new URLSearchParams({ email: OWNER, password: DEMO_PASSWORD }).toString(),
      },
    );

  test.each([
    ["the proxy keeps the host", { host: "billing.example.ch" }],
    ["the proxy names its own target", {}],
  ])("the cookie is __Host-lr_session, Secure, without a domain; %s", async (_name, host) => {
    const answer = await login({ origin: HTTPS_ORIGIN, ...(host as Record<string, string>) });
    expect(isWelcome(answer)).toBe(true);
    const cookie = setCookie(answer.headers);
    const parts = cookie.split(";").map((part) => part.trim().toLowerCase());
    expect(cookie).toMatch(/^__Host-lr_session=/);
    expect(parts).toEqual(expect.arrayContaining(["httponly", "samesite=lax", "path=/", "secure"]));
    expect(cookie).not.toMatch(/domain=/i);
    const pair = cookie.split(";")[0] ?? "";
    const overview = (it: string) =>
      raw({ app: secure }, { path: "/api/admin/v1/billing/overview", headers: { cookie: it } });
    expect((await overview(pair)).status).toBe(200);
    // a cookie that any subdomain could have set does not count
    expect((await overview(pair.replace("__Host-", ""))).status).toBe(401);
  });

  test("the address it listens on is a foreign origin here", async () => {
    const before = await count(stack, "session");
    for (const origin of [secure.origin, "http://billing.example.ch", "https://billing.example.ch:8443"]) {
      expect((await login({ origin })).status).toBe(403);
    }
    expect(await count(stack, "session")).toBe(before);
  });

  test("a bought package leads back to APP_ORIGIN, whatever Host says", async () => {
    const cookie = setCookie((await login({ origin: HTTPS_ORIGIN })).headers).split(";")[0] ?? "";
    const answer = await raw(
      { app: secure },
      {
        method: "POST",
        path: CHECKOUT_API,
        headers: {
          cookie,
          origin: HTTPS_ORIGIN,
          "content-type": "application/json",
          host: "evil.example",
          "x-forwarded-host": "evil.example",
        },
        body: JSON.stringify({ skuId: "lr_sku_slot_1" }),
      },
    );
    expect(answer.status).toBe(200);
    const { orderId } = JSON.parse(answer.text).data;
    const made = askedOfStripe(stack).find((it) => JSON.stringify(it.params).includes(orderId));
    expect(made?.params.success_url).toBe(
      `${HTTPS_ORIGIN}/admin/billing?checkout=success&session_id={CHECKOUT_SESSION_ID}`,
    );
    expect(made?.params.cancel_url).toBe(`${HTTPS_ORIGIN}/admin/billing?checkout=cancel&order=${orderId}`);
  });
});
