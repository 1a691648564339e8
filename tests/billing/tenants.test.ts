import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  addUserTo,
  createPasswordLink,
  isLinkLive,
  listUsers,
  setUserDisabled,
  setUserRole,
  usePasswordLink,
} from "~/operations/tenant-users.server";
import {
  changeTenant,
  createTenant,
  listTenants,
  type NewTenant,
  readTenant,
  setTenantDisabled,
} from "~/operations/tenants.server";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { asServer, outcome } from "../support/ledger";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db?.drop());

const actor = { userId: "lr_user_operator", traceId: "trace-of-a-test" };
const make = (name = "Säntis Bühnen AG", key: string = randomUUID()) =>
  createTenant(
    db.app,
    actor,
    { name, country: "CH", ownerName: "Sina Säntis", ownerEmail: `${key}@saentis.example` },
    key,
  );
const actions = async (tenantId: string) => {
  const rows = await db.owner<{ action: string }[]>`
    select action from audit_entry where tenant_id = ${tenantId} order by id`;
  return rows.map((row) => row.action);
};

describe("a tenant", () => {
  test("is made with its owner, once for one click, under a name of its own in addresses", async () => {
    const key = randomUUID();
    const [one, again] = await Promise.all([make(undefined, key), make(undefined, key)]);
    const other = await make();
    expect(again).toEqual(one);
    const slugs = [(await readTenant(db.app, one.tenantId)).slug, (await readTenant(db.app, other.tenantId)).slug];
    expect(slugs.sort()).toEqual(["saentis-buehnen-ag", "saentis-buehnen-ag-2"]);
    expect(await listUsers(db.app, one.tenantId)).toMatchObject([
      { id: one.userId, role: "OWNER", hasPassword: false, operator: false },
    ]);
    expect(await actions(one.tenantId)).toEqual(["TENANT_CREATED", "USER_CREATED"]);
  });

  test("under a repeated click that says something else is refused, and nobody gets another one's link", async () => {
    const key = randomUUID();
    const { tenantId, userId } = await make(undefined, key);
    const repeat = (change: Partial<NewTenant>) =>
      createTenant(
        db.app,
        actor,
        {
          name: "Säntis Bühnen AG",
          country: "CH",
          ownerName: "Sina Säntis",
          ownerEmail: `${key}@saentis.example`,
          ...change,
        },
        key,
      );
    for (const change of [{ name: "Andere AG" }, { ownerName: "Nora" }, { ownerEmail: "nora@andere.example" }]) {
      await expect(repeat(change)).rejects.toMatchObject({ code: "INVALID_STATE" });
    }
    expect(await repeat({})).toEqual({ tenantId, userId });
    await usePasswordLink(db.app, "trace", await createPasswordLink(db.app, actor, tenantId, userId), "hash");
    await expect(repeat({})).rejects.toMatchObject({ code: "INVALID_STATE" });
  });

  test("gets a short name of its own when names meet at once", async () => {
    const made = await Promise.all(
      ["Treffen", "Treffen", "Treffen 2", "Treffen-2", "Treffen"].map((name) => make(name)),
    );
    const slugs = await Promise.all(made.map(async ({ tenantId }) => (await readTenant(db.app, tenantId)).slug));
    expect(new Set(slugs).size).toBe(5);
  });

  test.each([["../../x"], ["<b>=1+1</b>"], ["日本"], ["%_"]])("called %s gets a harmless short name", async (name) => {
    const { tenantId } = await make(name);
    expect((await readTenant(db.app, tenantId)).slug).toMatch(/^[a-z0-9-]{1,64}$/);
  });

  test("whose owner's e-mail is taken is not made at all", async () => {
    const key = randomUUID();
    await expect(
      createTenant(
        db.app,
        actor,
        { name: "Doppelt", country: "CH", ownerName: "Anna", ownerEmail: "OWNER@alpen.example" },
        key,
      ),
    ).rejects.toMatchObject({
      code: "INVALID_BODY",
      details: { fields: { email: expect.stringContaining("gehört") } },
    });
    expect(await db.owner`select 1 from tenant where name = 'Doppelt'`).toEqual([]);
  });

  test("is found by its name, id and people; wild cards are letters", async () => {
    const { tenantId } = await make("Zebra % Messe");
    const { email } = (await listUsers(db.app, tenantId))[0] ?? { email: "" };
    const find = async (text: string) => (await listTenants(db.app, text, null, 50)).page.items.map((it) => it.id);
    for (const text of ["zebra", "ZEBRA % m", tenantId, email.toUpperCase()])
      expect(await find(text)).toEqual([tenantId]);
    expect([await find("ze%ra"), await find("z_bra")]).toEqual([[], []]);
  });

  test("is changed and shut out with a reason; a repeated word changes nothing", async () => {
    const { tenantId, userId } = await make();
    await db.owner`insert into session (token_hash, user_id, expires_at) values (${randomUUID()}, ${userId}, now() + interval '1 day')`;
    await changeTenant(db.app, actor, tenantId, { name: "Neu AG", country: "LI" });
    await changeTenant(db.app, actor, tenantId, { name: "Neu AG", country: "LI" });
    for (const disabled of [true, true, false])
      await setTenantDisabled(db.app, actor, tenantId, disabled, "Zahlt nicht");
    expect((await actions(tenantId)).slice(2)).toEqual(["TENANT_CHANGED", "TENANT_DISABLED", "TENANT_ENABLED"]);
    expect(await db.owner`select 1 from session where user_id = ${userId}`).toEqual([]);
    await expect(readTenant(db.app, "nowhere")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("the people of a tenant", () => {
  test("always have an owner, whoever asks at once", async () => {
    const { tenantId, userId } = await make();
    await expect(setUserRole(db.app, actor, tenantId, userId, "VIEWER")).rejects.toMatchObject({
      code: "INVALID_STATE",
    });
    await expect(setUserDisabled(db.app, actor, tenantId, userId, true)).rejects.toMatchObject({
      code: "INVALID_STATE",
    });
    const second = await addUserTo(db.app, actor, tenantId, {
      name: "B",
      email: `${randomUUID()}@x.example`,
      role: "OWNER",
    });
    const answers = await Promise.allSettled(
      [userId, second].map((id) => setUserDisabled(db.app, actor, tenantId, id, true)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("of another tenant are not there", async () => {
    const [one, two] = [await make(), await make()];
    await expect(setUserRole(db.app, actor, one.tenantId, two.userId, "ADMIN")).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(createPasswordLink(db.app, actor, one.tenantId, two.userId)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});

describe("a password link", () => {
  test("sets a password once; a new one voids it; nobody reads it in the database", async () => {
    const { tenantId, userId } = await make();
    const old = await createPasswordLink(db.app, actor, tenantId, userId);
    const token = await createPasswordLink(db.app, actor, tenantId, userId);
    expect([await isLinkLive(db.app, old), await isLinkLive(db.app, token)]).toEqual([false, true]);
    const kept = await db.owner`select * from password_link`;
    expect(JSON.stringify(kept)).not.toContain(token);
    const answers = await Promise.allSettled([1, 2].map((n) => usePasswordLink(db.app, "trace", token, `hash ${n}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await isLinkLive(db.app, token)).toBe(false);
    expect((await actions(tenantId)).at(-1)).toBe("PASSWORD_SET");
  });

  test("that is over, or whose owner is shut out, sets nothing", async () => {
    const { tenantId, userId } = await make();
    const token = await createPasswordLink(db.app, actor, tenantId, userId);
    await db.owner`update password_link set expires_at = now() - interval '1 second' where user_id = ${userId}`;
    await expect(usePasswordLink(db.app, "trace", token, "hash")).rejects.toMatchObject({ code: "INVALID_STATE" });
    await addUserTo(db.app, actor, tenantId, { name: "B", email: `${randomUUID()}@x.example`, role: "OWNER" });
    await setUserDisabled(db.app, actor, tenantId, userId, true);
    await expect(createPasswordLink(db.app, actor, tenantId, userId)).rejects.toMatchObject({ code: "INVALID_STATE" });
  });

  test("is never made for staff: neither here nor by the server's role", async () => {
    const { tenantId, userId } = await make();
    const early = await createPasswordLink(db.app, actor, tenantId, userId);
    await db.owner`update app_user set operator = true where id = ${userId}`;
    expect(await isLinkLive(db.app, early)).toBe(false);
    await expect(usePasswordLink(db.app, "trace", early, "hash")).rejects.toMatchObject({ code: "INVALID_STATE" });
    await expect(createPasswordLink(db.app, actor, tenantId, userId)).rejects.toMatchObject({ code: "INVALID_STATE" });
    const server = asServer(db.url, 1);
    expect(
      await outcome(server`
        insert into password_link (token_hash, user_id, created_by, expires_at)
        values ('x', 'lr_user_kontrolle', 'lr_user_operator', now() + interval '1 day')`),
    ).toBe("23514");
    expect(await outcome(server`update app_user set password_hash = 'x'`)).toBe("42501");
    expect(await outcome(server`insert into app_user (email, operator) values ('a@b.example', true)`)).toBe("42501");
    await server.end();
  });
});
