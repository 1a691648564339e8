import { type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO_PASSWORD } from "../../db/seed";
import { envelope, signedIn, type Visitor, visitor } from "../support/http";
import { type AppServer, startAppServer } from "../support/server";
import { type Stack, startStack } from "../support/stack";

const OWNER = "owner@alpen.example";
const VIEWER = "viewer@alpen.example";
const JURA = "owner@jura.example";
const OPERATOR = "operator@leadradar.example";
const PACKAGES = "/admin/billing/packages";
const CHECKOUT_API = "/api/admin/v1/billing/checkout";

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

interface Ask {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** Any address of 127.0.0.0/8: the caller's. */
  from?: string;
}

/** A request with exactly these headers, Host included, from an address of one's choice. */
function raw(stack: { app: { port: number } }, ask: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: "127.0.0.1",
        port: stack.app.port,
        method: ask.method ?? "GET",
        path: ask.path,
        headers: ask.headers,
        localAddress: ask.from,
        agent: false,
      },
      (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk) => (text += chunk));
        incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
      },
    );
    outgoing.once("error", reject);
    outgoing.end(ask.body);
  });
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };

function guess(
  stack: Stack,
  email: string,
  options: { password?: string; from?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return raw(stack, {
    method: "POST",
    path: "/login",
    headers: { ...FORM, origin: stack.origin, ...options.headers },
    body: new URLSearchParams({ email, password: options.password ?? "wrong", redirectTo: "" }).toString(),
    from: options.from,
  });
}

const isWelcome = (answer: { status: number }) => answer.status === 302 || answer.status === 303;

/** Without what differs from one answer to the next: trace id, nonce, and the ports of this run. */
function withoutNoise(text: string): string {
  return text
    .replace(/nonce="[^"]*"/g, "")
    .replace(/nonce-[\w+/=]+/g, "")
    .replace(/[0-9a-f]{16}/g, "TRACE");
}

async function count(stack: Stack, table: "session" | "billing_order"): Promise<number> {
  const [row] = await stack.db.owner<{ n: number }[]>`select count(*)::int as n from ${stack.db.owner(table)}`;
  return row?.n ?? -1;
}

function setCookie(headers: IncomingHttpHeaders): string {
  return headers["set-cookie"]?.[0] ?? "";
}

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

const apiStatus = async (who: Visitor) => (await who.get("/api/admin/v1/billing/overview")).status;

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
    const { params } =
      stack.stripe.control.requests().find((it) => JSON.stringify(it.params).includes(orderId)) ?? { params: {} };
    expect(params.success_url).toBe(`${HTTPS_ORIGIN}/admin/billing?checkout=success&session_id={CHECKOUT_SESSION_ID}`);
    expect(params.cancel_url).toBe(`${HTTPS_ORIGIN}/admin/billing?checkout=cancel&order=${orderId}`);
  });
});

describe("a refused sign-in", () => {
  test("wrong, unknown, disabled, empty hash: 401 and the same page", async () => {
    await stack.db.owner`insert into app_user (id, tenant_id, name, email, password_hash, role, disabled_at)
      select 'disabled', tenant_id, 'D', 'x2@alpen.example', password_hash, 'OWNER', now() from app_user where email = ${OWNER}`;
    await stack.db.owner`insert into app_user (id, tenant_id, name, email, role)
      values ('no-hash', 'lr_tenant_alpen', 'N', 'x3@alpen.example', 'OWNER')`;
    const pages = new Set<string>();
    const tries: [string, string][] = [
      ["x0@alpen.example", "wrong"],
      ["x2@alpen.example", DEMO_PASSWORD],
      ["x3@alpen.example", "wrong"],
    ];
    await stack.db.owner`insert into app_user (id, tenant_id, name, email, password_hash, role)
      select 'plain', tenant_id, 'P', 'x1@alpen.example', password_hash, 'OWNER' from app_user where email = ${OWNER}`;
    tries.push(["x1@alpen.example", "wrong"]);
    for (const [email, password] of tries) {
      const answer = await guess(stack, email, { password });
      expect([email, answer.status]).toEqual([email, 401]);
      expect(answer.headers["set-cookie"]).toBeUndefined();
      pages.add(withoutNoise(answer.text).replaceAll(email, "EMAIL"));
    }
    expect(pages.size).toBe(1);
  });

  test("the answer does not repeat the password, and nothing logs it", async () => {
    const answer = await guess(stack, OWNER, { password: "geheim-und-falsch-77" });
    expect(answer.text).not.toContain("geheim-und-falsch-77");
    expect(stack.app.output()).not.toContain("geheim-und-falsch-77");
  });

  test.each<[string, string]>([
    ["nothing", ""],
    ["no password", "email=owner%40alpen.example"],
    ["an empty password", "email=owner%40alpen.example&password="],
    ["a NUL in the address", "email=owner%00%40alpen.example&password=x"],
    ["a NUL in the password", "email=nul%40alpen.example&password=%00"],
    ["a lone half of a surrogate pair", "email=%ED%A0%80&password=x"],
    ["two addresses", "email=a%40b.ch&email=owner%40alpen.example&password=x"],
    ["a long address", `email=${"a".repeat(9000)}%40b.ch&password=x`],
    ["a long password", `email=a%40b.ch&password=${"a".repeat(9000)}`],
  ])("%s: 4xx, no session", async (_name, body) => {
    const before = await count(stack, "session");
    const answer = await raw(stack, {
      method: "POST",
      path: "/login",
      headers: { ...FORM, origin: stack.origin },
      body,
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await count(stack, "session")).toBe(before);
  });

  test("a body that is not a form, or too long: 4xx", async () => {
    const send = (headers: Record<string, string>, body: string) =>
      raw(stack, { method: "POST", path: "/login", headers: { origin: stack.origin, ...headers }, body });
    expect((await send({ "content-type": "application/json" }, '{"email":"a"}')).status).toBe(415);
    expect((await send({}, "email=a")).status).toBe(415);
    expect((await send(FORM, `email=a&password=${"a".repeat(300_000)}`)).status).toBe(413);
  });
});

describe("limits of the sign-in", () => {
  let own: Stack;
  let address = 1;
  /** An address that no other test uses up. */
  const freshAddress = () => `127.0.1.${address++}`;
  const retryAfter = (answer: Answer) => Number(answer.headers["retry-after"]);

  beforeAll(async () => {
    own = await startStack();
  });
  afterAll(() => own?.stop());

  async function account(email: string): Promise<string> {
    await own.db.owner`insert into app_user (tenant_id, name, email, password_hash, role)
      select tenant_id, 'L', ${email}, password_hash, 'OWNER' from app_user where email = ${OWNER}`;
    return email;
  }

  test("ten failures, then 429 with Retry-After, even for the right password and from elsewhere", async () => {
    const email = await account("ten@alpen.example");
    const from = freshAddress();
    for (let i = 0; i < 10; i++) expect((await guess(own, email, { from })).status).toBe(401);
    for (const elsewhere of [from, freshAddress()]) {
      const refused = await guess(own, email, { password: DEMO_PASSWORD, from: elsewhere });
      expect(refused.status).toBe(429);
      expect(refused.headers["set-cookie"]).toBeUndefined();
      expect(retryAfter(refused)).toBeGreaterThan(0);
      expect(retryAfter(refused)).toBeLessThanOrEqual(15 * 60);
    }
    // others are not hit
    expect(isWelcome(await guess(own, JURA, { password: DEMO_PASSWORD, from }))).toBe(true);
  });

  test("an address that does not exist answers like one that does", async () => {
    const from = freshAddress();
    for (let i = 0; i < 10; i++) expect((await guess(own, "nobody@alpen.example", { from })).status).toBe(401);
    expect((await guess(own, "nobody@alpen.example", { from })).status).toBe(429);
  });

  test("another spelling of the address is the same account", async () => {
    await account("spelled@alpen.example");
    const from = freshAddress();
    const spellings = ["SPELLED@alpen.example", "Spelled@Alpen.Example", " spelled@alpen.example "];
    for (let i = 0; i < 10; i++) await guess(own, spellings[i % 3] ?? "", { from });
    expect((await guess(own, "spelled@alpen.example", { password: DEMO_PASSWORD, from })).status).toBe(429);
  });

  test("30 guesses at once: at most ten are looked at, and the right password comes too late", async () => {
    const email = await account("parallel@alpen.example");
    const from = freshAddress();
    const answers = await Promise.all(Array.from({ length: 30 }, () => guess(own, email, { from })));
    expect(answers.filter((it) => it.status === 401)).toHaveLength(10);
    expect(answers.filter((it) => it.status === 429)).toHaveLength(20);
    expect((await guess(own, email, { password: DEMO_PASSWORD, from })).status).toBe(429);
  });

  test("after nine failures, 29 guesses at once with the right one among them: one more failure at most", async () => {
    const email = await account("mixed@alpen.example");
    const from = freshAddress();
    for (let i = 0; i < 10; i++) await guess(own, email, { from });
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => guess(own, email, { from, password: i % 3 === 2 ? DEMO_PASSWORD : "wrong" })),
    );
    expect(new Set(answers.map((it) => it.status))).toEqual(new Set([429]));
  });

  test("a success starts the count of the account anew", async () => {
    const email = await account("reset@alpen.example");
    const from = freshAddress();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 9; i++) expect((await guess(own, email, { from })).status).toBe(401);
      expect(isWelcome(await guess(own, email, { password: DEMO_PASSWORD, from }))).toBe(true);
    }
  });

  test("a hundred failures from one address close it; X-Forwarded-For and a success in between do not help", async () => {
    const from = freshAddress();
    const mine = await account("attacker@alpen.example");
    const forwarded = (i: number) => ({
      "x-forwarded-for": `198.51.100.${i}`,
      "x-real-ip": `198.51.100.${i}`,
      forwarded: `for=198.51.100.${i}`,
    });
    for (let i = 0; i < 100; i += 10) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, k) => guess(own, `spray-${i + k}@alpen.example`, { from, headers: forwarded(i + k) })),
      );
      expect(new Set(answers.map((it) => it.status))).toEqual(new Set([401]));
      if (i < 90) expect(isWelcome(await guess(own, mine, { password: DEMO_PASSWORD, from }))).toBe(true);
    }
    const refused = await guess(own, JURA, { password: DEMO_PASSWORD, from, headers: forwarded(200) });
    expect(refused.status).toBe(429);
    expect(retryAfter(refused)).toBeGreaterThan(0);
    expect(retryAfter(refused)).toBeLessThanOrEqual(3600);
    expect(isWelcome(await guess(own, JURA, { password: DEMO_PASSWORD, from: freshAddress() }))).toBe(true);
  });

  test("150 guesses at once from one address: at most a hundred are looked at", async () => {
    const from = freshAddress();
    const answers = await Promise.all(
      Array.from({ length: 150 }, (_, i) => guess(own, `burst-${i}@alpen.example`, { from })),
    );
    const statuses = answers.map((it) => it.status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.filter((it) => it === 401).length).toBeLessThanOrEqual(100);
  });

  test("what is older than the window does not count", async () => {
    const email = await account("later@alpen.example");
    const from = freshAddress();
    for (let i = 0; i < 10; i++) await guess(own, email, { from });
    await own.db.owner`update login_failure set failed_at = failed_at - interval '15 minutes 1 second' where email = ${email}`;
    expect(isWelcome(await guess(own, email, { password: DEMO_PASSWORD, from }))).toBe(true);
  });
});

describe("redirectTo", () => {
  const login = (redirectTo: string) =>
    visitor(stack.origin).post("/login", { email: OWNER, password: DEMO_PASSWORD, redirectTo });

  test.each(["/admin/billing/packages", "/admin/billing/packages?art=geraete", "/admin/billing?checkout=cancel&order=a%2Fb"])(
    "an own path is kept: %s",
    async (path) => {
      expect((await login(path)).headers.get("location")).toBe(path);
    },
  );

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
    "/a".repeat(5000),
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

  test.each(["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])(
    "the form of /login?redirectTo=%s does not lead there, nor does being signed in",
    async (target) => {
      const query = `/login?redirectTo=${encodeURIComponent(target)}`;
      const who = await signedIn(stack.origin, OWNER);
      const location = (await who.get(query)).headers.get("location");
      if (location) expect(new URL(location, stack.origin).origin).toBe(stack.origin);
      const html = await (await visitor(stack.origin).get(query)).text();
      expect(html).not.toContain(`href="${target}`);
      expect(html).not.toContain(`action="${target}`);
    },
  );
});

describe("who may what", () => {
  test("a page without a session leads to the login and back", async () => {
    for (const path of ["/admin/billing", "/admin/billing/packages", "/admin/billing?checkout=success&session_id=cs_1"]) {
      const answer = await visitor(stack.origin).get(path);
      expect(answer.status).toBe(302);
      const location = new URL(answer.headers.get("location") ?? "", stack.origin);
      expect(location.origin + location.pathname).toBe(`${stack.origin}/login`);
      expect(location.searchParams.get("redirectTo")).toBe(path);
    }
  });

  test("a page's action without a session leads to the login and orders nothing", async () => {
    const before = await count(stack, "billing_order");
    const answer = await visitor(stack.origin).post(PACKAGES, { skuId: "lr_sku_30d_1", nonce: crypto.randomUUID() });
    expect([302, 303]).toContain(answer.status);
    expect(answer.headers.get("location")).toMatch(/^\/login\?redirectTo=%2Fadmin%2Fbilling%2Fpackages/);
    expect(await count(stack, "billing_order")).toBe(before);
  });

  test.each(["", "lr_session=nonsense"])("the API without a session: 401 in the envelope (cookie %j)", async (cookie) => {
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
  });

  test("a viewer reads and does not buy", async () => {
    const who = await signedIn(stack.origin, VIEWER);
    const before = await count(stack, "billing_order");
    const calls = stack.stripe.control.requests().length;
    expect((await who.get("/admin/billing")).status).toBe(200);
    expect((await who.get(PACKAGES)).status).toBe(200);
    expect((await who.get("/api/admin/v1/billing/packages")).status).toBe(200);
    expect(await apiStatus(who)).toBe(200);
    expect(await envelope(await who.json(CHECKOUT_API, { skuId: "lr_sku_30d_1" }))).toMatchObject({
      status: 403,
      error: { code: "FORBIDDEN" },
    });
    expect((await who.post(PACKAGES, { skuId: "lr_sku_30d_1", nonce: crypto.randomUUID() })).status).toBe(403);
    expect(await count(stack, "billing_order")).toBe(before);
    expect(stack.stripe.control.requests()).toHaveLength(calls);
  });

  test("an operator has no tenant: /admin and its API are 404", async () => {
    const who = await signedIn(stack.origin, OPERATOR);
    for (const path of ["/admin", "/admin/billing", PACKAGES, "/admin/billing?checkout=cancel&order=x"]) {
      const answer = await who.get(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.text()).not.toMatch(/lr_sku_|price_lr_/);
    }
    expect((await who.post(PACKAGES, { skuId: "lr_sku_30d_1", nonce: crypto.randomUUID() })).status).toBe(404);
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
    suffixes("routes/x").map((_, i) => ({ name, headers, i, form: ["page", ".data", ".data?_routes", "?_data", "?_routes", "?index"][i] })),
  );

  test.each(cases)("$name, as $form: 403 and no effect", async ({ headers, i }) => {
    const who = await signedIn(stack.origin, OWNER);
    const [sessions, orders] = [await count(stack, "session"), await count(stack, "billing_order")];
    const form = (body: Record<string, string>) => ({ type: FORM, body: new URLSearchParams(body).toString() });
    const targets = [
      { path: "/login", route: "routes/login", ...form({ email: OWNER, password: DEMO_PASSWORD }) },
      { path: "/logout", route: "routes/logout", ...form({}) },
      {
        path: PACKAGES,
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
    for (const path of ["/login", PACKAGES, CHECKOUT_API]) {
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

  test.each([CHECKOUT_API, PACKAGES])("a forged host does not reach the return URLs: %s", async (path) => {
    const who = await signedIn(stack.origin, OWNER);
    const before = stack.stripe.control.requests().length;
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
    const made = stack.stripe.control
      .requests()
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
