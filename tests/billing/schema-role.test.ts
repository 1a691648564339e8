import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { asServer, book, outcome } from "../support/ledger";
import { insertOrder } from "../support/orders";

const DENIED = "42501";
const RESTRICTED = "23001";

let db: TestDatabase;
let app: postgres.Sql;
beforeAll(async () => {
  db = await createTestDatabase();
  app = asServer(db.url, 2);
});
afterAll(async () => {
  await app?.end({ timeout: 5 });
  await db?.drop();
});

describe("the server's role", () => {
  test("owns nothing, is no superuser, cannot log in or make anything", async () => {
    const [role] = await db.owner`
      select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, rolcanlogin from pg_roles where rolname = 'billing_app'`;
    expect(Object.values(role ?? { missing: true })).toEqual(Array(6).fill(false));
    const [owned] = await db.owner`
      select (select count(*) from pg_class where relowner = 'billing_app'::regrole)
        + (select count(*) from pg_proc where proowner = 'billing_app'::regrole)
        + (select count(*) from pg_namespace where nspowner = 'billing_app'::regrole)
        + (select count(*) from pg_database where datdba = 'billing_app'::regrole) as n`;
    expect(Number(owned?.n)).toBe(0);
    const [who] = await app`select current_user as name`;
    expect(who?.name).toBe("billing_app");
    expect(await outcome(app`create table mine (x int)`)).toBe(DENIED);
    expect(await outcome(app`create schema mine`)).toBe(DENIED);
    expect(await outcome(app`alter table tenant_credit_ledger disable trigger all`)).toBe(DENIED);
    expect(await outcome(app`drop table tenant_credit_ledger`)).toBe(DENIED);
    expect(await outcome(app`set session_replication_role = replica`)).toBe(DENIED);
  });

  test.each<[string, (sql: postgres.Sql) => PromiseLike<unknown>]>([
    ["update a ledger row", (sql) => sql`update tenant_credit_ledger set delta = 5`],
    ["note on a ledger row", (sql) => sql`update tenant_credit_ledger set note = 'x'`],
    ["delete a ledger row", (sql) => sql`delete from tenant_credit_ledger`],
    ["truncate the ledger", (sql) => sql`truncate tenant_credit_ledger`],
    [
      "insert a lot",
      (sql) =>
        sql`insert into tenant_credit_balance (tenant_id, type, expires_at, quantity) values ('lr_tenant_alpen', 'DEVICE_SLOT', now(), 5)`,
    ],
    [
      "insert an empty lot",
      (sql) =>
        sql`insert into tenant_credit_balance (tenant_id, type, expires_at) values ('lr_tenant_alpen', 'DEVICE_SLOT', now())`,
    ],
    ["delete a lot", (sql) => sql`delete from tenant_credit_balance`],
    ["truncate the lots", (sql) => sql`truncate tenant_credit_balance cascade`],
    ["change a quantity", (sql) => sql`update tenant_credit_balance set quantity = quantity + 1`],
    ["move a lot's expiry", (sql) => sql`update tenant_credit_balance set expires_at = expires_at + interval '1 day'`],
    ["give a lot to another tenant", (sql) => sql`update tenant_credit_balance set tenant_id = 'lr_tenant_jura'`],
    ["delete an order", (sql) => sql`delete from billing_order`],
    ["delete an event", (sql) => sql`delete from stripe_event`],
    ["change an event's payload", (sql) => sql`update stripe_event set payload = ''`],
    ["change a password", (sql) => sql`update app_user set password_hash = ''`],
    ["become an operator", (sql) => sql`update app_user set operator = true`],
    ["delete a tenant", (sql) => sql`delete from tenant`],
    ["forget a migration", (sql) => sql`delete from schema_migration`],
    [
      "insert a granted order",
      (sql) =>
        sql`insert into billing_order (tenant_id, sku_id, currency, amount_cents, stripe_price_id, grant_license_30d, credits_granted_at) values ('lr_tenant_alpen', 'lr_sku_30d_1', 'CHF', 1, 'p', 1, now())`,
    ],
    [
      "choose a ledger row's id",
      (sql) =>
        sql`insert into tenant_credit_ledger (id, tenant_id, type, delta, reason, expires_at) values (1, 'lr_tenant_alpen', 'DEVICE_SLOT', 1, 'MANUAL_ADJUST', now())`,
    ],
    [
      "choose a remainder",
      (sql) =>
        sql`insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at, quantity_after) values ('lr_tenant_alpen', 'DEVICE_SLOT', 1, 'MANUAL_ADJUST', now(), 9)`,
    ],
  ])("may not %s", async (_name, attempt) => {
    await book(db.owner);
    expect(await outcome(attempt(app))).toBe(DENIED);
  });

  test.each([
    "id",
    "number",
    "tenant_id",
    "sku_id",
    "user_id",
    "currency",
    "amount_cents",
    "stripe_price_id",
    "grant_license_30d",
    "grant_license_365d",
    "grant_device_slots",
    "credit_expires_in_days",
    "created_at",
  ])("may not change an order's %s", async (column) => {
    await insertOrder(db.owner);
    expect(await outcome(app`update billing_order set ${app(column)} = ${app(column)}`)).toBe(DENIED);
  });

  test("may lock a lot, hold part of it, and book", async () => {
    expect(await outcome(book(app, { expires: "2031-02-01Z", delta: 3 }))).toBe("done");
    const [lot] =
      await app`select quantity, held from tenant_credit_balance where expires_at = '2031-02-01Z' for update`;
    expect(lot).toEqual({ quantity: 3, held: 0 });
    expect(await outcome(app`update tenant_credit_balance set held = 3 where expires_at = '2031-02-01Z'`)).toBe("done");
  });
});

describe("even the owner", () => {
  test.each<[string, (sql: postgres.Sql) => PromiseLike<unknown>]>([
    ["updates no ledger row", (sql) => sql`update tenant_credit_ledger set note = 'x'`],
    ["deletes no ledger row", (sql) => sql`delete from tenant_credit_ledger`],
    ["truncates no ledger", (sql) => sql`truncate tenant_credit_ledger`],
    ["truncates it through no cascade", (sql) => sql`truncate tenant cascade`],
    [
      "inserts no lot",
      (sql) =>
        sql`insert into tenant_credit_balance (tenant_id, type, expires_at) values ('lr_tenant_alpen', 'DEVICE_SLOT', now())`,
    ],
    ["changes no quantity", (sql) => sql`update tenant_credit_balance set quantity = quantity + 1`],
    ["deletes no lot", (sql) => sql`delete from tenant_credit_balance`],
    ["deletes no empty lot", (sql) => sql`delete from tenant_credit_balance where quantity = 0`],
    ["truncates no lots", (sql) => sql`truncate tenant_credit_balance cascade`],
    ["moves no lot", (sql) => sql`update tenant_credit_balance set expires_at = expires_at + interval '1 day'`],
  ])("%s", async (_name, attempt) => {
    await book(db.owner, { expires: "2031-03-01Z" });
    await book(db.owner, { expires: "2031-03-01Z", delta: -1 });
    const before = await db.owner`select count(*)::int as n from tenant_credit_ledger`;
    expect(await outcome(attempt(db.owner))).toBe(RESTRICTED);
    expect(await db.owner`select count(*)::int as n from tenant_credit_ledger`).toEqual(before);
  });
});
