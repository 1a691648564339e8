import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO_PASSWORD } from "../../db/seed";
import { FORM, guess, isWelcome, JURA, OWNER } from "../support/login";
import { type Answer, raw } from "../support/raw";
import { count } from "../support/rows";
import { type Stack, startStack } from "../support/stack";

/** Without what differs from one answer to the next: trace id, nonce, and the ports of this run. */
function withoutNoise(text: string): string {
  return text
    .replace(/nonce="[^"]*"/g, "")
    .replace(/nonce-[\w+/=]+/g, "")
    .replace(/[0-9a-f]{16}/g, "TRACE");
}

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

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

  test("30 guesses at once and more one by one: ten are looked at, and the right password comes too late", async () => {
    const email = await account("parallel@alpen.example");
    const from = freshAddress();
    const answers = await Promise.all(Array.from({ length: 30 }, () => guess(own, email, { from })));
    for (let i = 0; i < 12; i++) answers.push(await guess(own, email, { from }));
    expect(new Set(answers.map((it) => it.status))).toEqual(new Set([401, 429]));
    expect(answers.filter((it) => it.status === 401)).toHaveLength(10);
    expect((await guess(own, email, { password: DEMO_PASSWORD, from })).status).toBe(429);
  });

  test("the right password 30 times at once is no failure", async () => {
    const email = await account("many-tabs@alpen.example");
    const from = freshAddress();
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => guess(own, email, { password: DEMO_PASSWORD, from })),
    );
    expect(answers.map((it) => it.status).filter((it) => it === 429)).toEqual([]);
  });

  test("after ten failures the right password among 30 guesses at once is refused", async () => {
    const email = await account("mixed@alpen.example");
    const from = freshAddress();
    for (let i = 0; i < 10; i++) await guess(own, email, { from });
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        guess(own, email, { from, password: i % 3 === 2 ? DEMO_PASSWORD : "wrong" }),
      ),
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
        Array.from({ length: 10 }, (_, k) =>
          guess(own, `spray-${i + k}@alpen.example`, { from, headers: forwarded(i + k) }),
        ),
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
    await own.db
      .owner`update login_failure set failed_at = failed_at - interval '15 minutes 1 second' where email = ${email}`;
    expect(isWelcome(await guess(own, email, { password: DEMO_PASSWORD, from }))).toBe(true);
  });
});
