import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPasswordLink } from "~/operations/tenant-users.server";
import { DEMO_PASSWORD } from "../../db/seed";
import { type Customer, newCustomer } from "../browser/steps";
import { INTERNAL, OVERVIEW_API } from "../support/api";
import { signedIn, visitor } from "../support/http";
import { type Stack, startStack } from "../support/stack";

const NEW = "ein langes neues Passwort";
const OVER = "Dieser Link gilt nicht mehr";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ env: { LOG_LEVEL: "trace" } });
});
afterAll(() => stack?.stop());

interface Linked extends Customer {
  userId: string;
  token: string;
}

/** A person with a link, and with the password of all test users. */
async function linked(): Promise<Linked> {
  const made = await newCustomer(stack.db.owner);
  const [user] = await stack.db.owner<{ id: string }[]>`select id from app_user where email = ${made.email}`;
  const userId = user?.id ?? "";
  const actor = { userId: "lr_user_operator", traceId: "trace" };
  return { ...made, userId, token: await createPasswordLink(stack.db.app, actor, made.tenantId, userId) };
}

const address = (token: string) => `/password?token=${encodeURIComponent(token)}`;
const set = (token: string, password = NEW, again = password) =>
  visitor(stack.origin).post(address(token), { token, password, again });
const login = async (email: string, password: string) =>
  (await visitor(stack.origin).post("/login", { email, password })).status;
const hashOf = async ({ userId }: Linked) =>
  (await stack.db.owner<{ hash: string }[]>`select password_hash as hash from app_user where id = ${userId}`)[0]?.hash;

describe("a password link", () => {
  test("sets the password once, ends the sessions, and leaves an entry by the person itself", async () => {
    const it = await linked();
    const before = await signedIn(stack.origin, it.email);
    const answer = await set(it.token);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/login?gesetzt"]);
    expect(await (await visitor(stack.origin).get("/login?gesetzt")).text()).toContain("Passwort gesetzt.");
    expect((await before.get(OVERVIEW_API)).status).toBe(401);
    expect([await login(it.email, DEMO_PASSWORD), await login(it.email, NEW)]).toEqual([401, 303]);
    const entries = await stack.db.owner`
      select action, actor_user_id as actor, tenant_id as tenant, before, after from audit_entry
      where subject_id = ${it.userId} and trace_id = ${answer.headers.get("x-trace-id") ?? ""}`;
    expect([...entries]).toEqual([
      { action: "PASSWORD_SET", actor: it.userId, tenant: it.tenantId, before: null, after: null },
    ]);
    const set2 = await set(it.token, "noch ein anderes Passwort");
    expect(set2.status).toBe(409);
    expect(await login(it.email, NEW)).toBe(303);
  });

  test("is not used up by looking, and its address is told to nobody", async () => {
    const it = await linked();
    for (const path of [address(it.token), address(it.token).replace("?", ".data?"), address(it.token)]) {
      const answer = await visitor(stack.origin).get(path);
      expect([answer.status, answer.headers.get("referrer-policy"), answer.headers.get("cache-control")]).toEqual([
        200,
        "strict-origin",
        "no-store",
      ]);
      expect(await answer.text()).not.toContain(OVER);
    }
    expect((await set(it.token)).status).toBe(303);
    expect(stack.app.output()).toContain('"path":"/password"');
    expect(stack.app.output()).not.toContain(it.token);
    expect((await visitor(stack.origin).get("/login")).headers.get("referrer-policy")).toBe(
      "strict-origin-when-cross-origin",
    );
  });

  test("used, over, replaced, of somebody shut out, unknown and garbled: all answer alike", async () => {
    const { owner } = stack.db;
    const [used, over, replaced, barred] = [await linked(), await linked(), await linked(), await linked()];
    await set(used.token);
    await owner`update password_link set expires_at = now() - interval '1 second' where user_id = ${over.userId}`;
    const actor = { userId: "lr_user_operator", traceId: "trace" };
    await createPasswordLink(stack.db.app, actor, replaced.tenantId, replaced.userId);
    await owner`update app_user set disabled_at = now() where id = ${barred.userId}`;
    const tokens = [used, over, replaced, barred].map(({ token }) => token);
    const seen = new Set<string>();
    for (const token of [...tokens, randomUUID(), "x", "", "\u0000", "<script>", "x".repeat(900)]) {
      const page = await visitor(stack.origin).get(address(token));
      const posted = await set(token);
      expect([page.status, posted.status]).toEqual([200, 409]);
      for (const html of [await page.text(), await posted.text()]) {
        expect(html).toContain(OVER);
        expect(html).toContain("Verlangen Sie einen neuen.");
        expect(html).not.toMatch(INTERNAL);
        expect(html).not.toContain('name="password"');
        seen.add(/<main[\s\S]*<\/main>/.exec(html)?.[0] ?? "");
      }
    }
    expect(seen.size).toBe(1);
  });

  test.each<[string, string, string, string]>([
    ["short", "elf Zeichen", "elf Zeichen", "Mindestens 12 Zeichen."],
    ["long", "x".repeat(1_001), "x".repeat(1_001), "Höchstens 1’000 Zeichen."],
    ["typed differently", NEW, `${NEW}.`, "Die beiden Passwörter sind verschieden."],
  ])(
    "a password that is %s is refused at its field, is not said again, and the link still works",
    async (_, a, b, text) => {
      const it = await linked();
      const before = await hashOf(it);
      const answer = await set(it.token, a, b);
      expect(answer.status).toBe(400);
      const html = await answer.text();
      expect(html).toContain("Das Passwort wurde nicht gesetzt");
      expect(html).toContain(text);
      expect(html).not.toContain(a);
      expect(await hashOf(it)).toBe(before);
      expect((await set(it.token, "x".repeat(1_000))).status).toBe(303);
    },
  );

  test("20 clicks at once: one of them sets it", async () => {
    const it = await linked();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => set(it.token, `${NEW} Nummer ${i}`)));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    const winner = answers.findIndex(({ status }) => status === 303);
    expect(await login(it.email, `${NEW} Nummer ${winner}`)).toBe(303);
  });

  test("is taken from no foreign origin", async () => {
    const it = await linked();
    const form = { token: it.token, password: NEW, again: NEW };
    const answer = await visitor(stack.origin).post(address(it.token), form, { origin: "https://evil.example" });
    expect(answer.status).toBe(403);
    expect(await login(it.email, DEMO_PASSWORD)).toBe(303);
  });
});
