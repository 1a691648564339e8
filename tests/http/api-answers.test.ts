import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHECKOUT_API, OVERVIEW_API, PACKAGES_API } from "../support/api";
import { signedIn, type Visitor, visitor } from "../support/http";
import { insertOrder } from "../support/orders";
import { askedOfStripe, type Stack, startStack } from "../support/stack";

let stack: Stack;
let owner: Visitor;
beforeAll(async () => {
  stack = await startStack();
  owner = await signedIn(stack.origin, "owner@alpen.example");
});
afterAll(() => stack?.stop());

describe("another tenant's order on the return page", () => {
  const strip = (text: string, id: string) =>
    text
      .replaceAll(id, "ID")
      .replace(/nonce="[^"]*"/g, "")
      .replace(/\b[0-9a-f]{16}\b/g, "TRACE")
      // the nonce of the forms, and the instant at which the page was read
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID")
      .replace(/\["D",\d{13}\]|\[\\"D\\",\d{13}\]/g, "NOW");

  test.each(["session_id", "order"])(
    "%s: 404, byte for byte like an absent one, and Stripe is not asked",
    async (param) => {
      const foreign = await insertOrder(stack.db.owner, { tenantId: "lr_tenant_jura" });
      const id = param === "order" ? foreign.id : foreign.sessionId;
      const absent = param === "order" ? crypto.randomUUID() : `cs_test_${"0".repeat(24)}`;
      const calls = askedOfStripe(stack).length;
      const kind = param === "order" ? "cancel" : "success";
      for (const suffix of ["", ".data"]) {
        const ask = (it: string) => owner.get(`/admin/billing${suffix}?checkout=${kind}&${param}=${it}`);
        const [theirs, nobodys] = [await ask(id), await ask(absent)];
        expect([theirs.status, nobodys.status]).toEqual([404, 404]);
        const [one, other] = [strip(await theirs.text(), id), strip(await nobodys.text(), absent)];
        let at = 0;
        while (at < one.length && one[at] === other[at]) at += 1;
        const around = (text: string) => text.slice(Math.max(0, at - 40), at + 60);
        expect(around(one)).toBe(around(other));
        expect(one === other).toBe(true);
        expect(one).not.toMatch(/Jura|lr_tenant_jura/);
      }
      expect(askedOfStripe(stack)).toHaveLength(calls);
    },
  );

  test("one's own is 200", async () => {
    const own = await insertOrder(stack.db.owner);
    expect((await owner.get(`/admin/billing?checkout=cancel&order=${own.id}`)).status).toBe(200);
    expect((await owner.get("/admin/billing?checkout=cancel")).status).toBe(200);
    expect((await owner.get("/admin/billing?checkout=success")).status).toBe(200);
  });
});

describe("headers", () => {
  async function answers(): Promise<[string, Response][]> {
    const anonymous = visitor(stack.origin);
    const login = await anonymous.get("/login");
    const asset = /"(\/build\/[^"]+\.js)"/.exec(await login.clone().text())?.[1] ?? "/build/missing.js";
    return [
      ["page", login],
      ["signed-in page", await owner.get("/admin/billing")],
      ["data of a page", await owner.get("/admin/billing.data")],
      ["page with a refusal", await anonymous.post("/login", { email: "a@b.ch", password: "wrong" })],
      ["redirect", await anonymous.get("/admin/billing")],
      ["redirect of an action", await anonymous.post("/logout", {})],
      ["JSON", await owner.get(PACKAGES_API)],
      ["JSON refusal", await anonymous.get(PACKAGES_API)],
      ["unknown API path", await anonymous.get("/api/nothing")],
      ["foreign origin", await anonymous.post("/login", {}, { origin: "https://evil.example" })],
      ["static asset", await anonymous.get(asset)],
      ["icon", await anonymous.get("/favicon.svg")],
      ["missing asset", await anonymous.get("/build/missing.js")],
      ["404", await anonymous.get("/nowhere")],
      ["health", await anonymous.get("/healthz")],
      ["readiness", await anonymous.get("/readyz")],
      ["metrics", await anonymous.get("/metrics")],
      ["webhook", await fetch(`${stack.origin}/api/webhooks/stripe`, { method: "POST", body: "{}" })],
      ["malformed URL", await anonymous.get("/%")],
    ];
  }

  test("every kind of answer: nosniff, no framework name, a trace id", async () => {
    for (const [name, answer] of await answers()) {
      expect([name, answer.headers.get("x-content-type-options")]).toEqual([name, "nosniff"]);
      expect([name, answer.headers.get("x-powered-by")]).toEqual([name, null]);
      expect([name, Boolean(answer.headers.get("x-trace-id"))]).toEqual([name, true]);
    }
  });

  test("every HTML answer: a CSP with a fresh nonce, nothing inline without it, no frames", async () => {
    const nonces = new Set<string>();
    let pages = 0;
    for (const [name, answer] of await answers()) {
      if (!answer.headers.get("content-type")?.startsWith("text/html")) continue;
      const csp = answer.headers.get("content-security-policy") ?? "";
      if (name === "malformed URL" && csp === "default-src 'none'") continue;
      pages += 1;
      const nonce = /'nonce-([^']+)'/.exec(csp)?.[1] ?? "";
      expect([name, nonce.length >= 16]).toEqual([name, true]);
      nonces.add(nonce);
      expect(csp).not.toMatch(/unsafe-inline|unsafe-eval|\*/);
      expect(csp).toMatch(/frame-ancestors 'none'/);
      const html = await answer.text();
      const bare = (html.match(/<script\b[^>]*>/g) ?? []).filter((tag) => !tag.includes(`nonce="${nonce}"`));
      expect([name, bare]).toEqual([name, []]);
      expect(html).not.toMatch(/<style\b|\sstyle="|\son\w+="/);
    }
    expect(pages).toBeGreaterThanOrEqual(4);
    expect(nonces.size).toBe(pages);
  });

  test("what belongs to a tenant is kept in no cache", async () => {
    for (const path of ["/admin/billing", "/admin/billing/packages", PACKAGES_API, OVERVIEW_API]) {
      const answer = await owner.get(path);
      expect([path, answer.headers.get("cache-control")]).toEqual([path, expect.stringMatching(/no-store|private/)]);
    }
  });

  test("nor is the data of a page", async () => {
    for (const path of ["/admin/billing.data", "/admin/billing/packages.data"]) {
      const answer = await owner.get(path);
      expect([path, answer.headers.get("cache-control")]).toEqual([path, expect.stringMatching(/no-store|private/)]);
    }
  });
});

describe("health", () => {
  test("/healthz and /readyz: 200; /metrics: Prometheus text", async () => {
    const anonymous = visitor(stack.origin);
    expect((await anonymous.get("/healthz")).status).toBe(200);
    expect((await anonymous.get("/readyz")).status).toBe(200);
    const metrics = await anonymous.get("/metrics");
    expect(metrics.status).toBe(200);
    expect(metrics.headers.get("content-type")).toMatch(/^text\/plain/);
    const text = await metrics.text();
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines.length).toBeGreaterThan(5);
    expect(text).toMatch(/^# TYPE \w+ (counter|gauge|histogram|summary)$/m);
    for (const line of lines) expect(line).toMatch(/^[a-zA-Z_:][\w:]*(\{[^}]*\})? \S+( \d+)?$/);
    expect(text).not.toMatch(/lr_tenant|@alpen|cs_test_/);
  });

  test("a slow body does not hold up others", async () => {
    const socket = connect(stack.app.port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(
      `POST ${CHECKOUT_API} HTTP/1.1\r\nHost: x\r\nCookie: ${owner.cookie}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    );
    expect((await owner.get(OVERVIEW_API)).status).toBe(200);
    socket.destroy();
    expect((await owner.get(OVERVIEW_API)).status).toBe(200);
  });
});
