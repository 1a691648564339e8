import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { migrate } from "../../db/migrate";
import { DEMO_SKUS, seed } from "../../db/seed";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { insertOrder } from "../support/orders";

/** The names that others read. */
const TABLES: Record<string, string> = {
  tenant: "id slug name country stripe_customer_id created_at",
  app_user: "id tenant_id name email password_hash role operator disabled_at created_at",
  session: "token_hash user_id created_at expires_at",
  billing_sku:
    "id active name description stripe_price_id currency amount_cents grant_license_30d grant_license_365d grant_device_slots credit_expires_in_days sort_order created_at updated_at",
  billing_order:
    "id number tenant_id sku_id user_id status currency amount_cents stripe_price_id grant_license_30d grant_license_365d grant_device_slots credit_expires_in_days stripe_checkout_session_id stripe_payment_intent_id paid_at paid_cents credits_granted_at refunded_cents review_reason created_at updated_at",
  stripe_event:
    "id type livemode api_version payload status attempts error_message tenant_id order_id stripe_created_at received_at processed_at next_attempt_at",
  tenant_credit_balance: "id tenant_id type expires_at quantity held",
  tenant_credit_ledger:
    "id tenant_id type delta reason ref_id balance_id order_id expires_at quantity_after actor_user_id note occurred_at created_at",
  tenant_entitlement: "tenant_id valid_until max_devices",
  promo_code:
    "id code active valid_from valid_until max_redemptions redeemed_count grant_license_30d grant_license_365d grant_device_slots credit_expires_in_days partner",
  promo_redemption: "id promo_code_id tenant_id user_id redeemed_at",
  device: "id tenant_id name status api_key_hash last_seen_at created_at",
};

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db?.drop());

describe("names", () => {
  test.each(Object.entries(TABLES))("%s has its columns", async (table, columns) => {
    const rows = await db.owner<{ column_name: string }[]>`
      select column_name from information_schema.columns where table_schema = 'public' and table_name = ${table}`;
    expect(rows.map((row) => row.column_name)).toEqual(expect.arrayContaining(columns.split(" ")));
  });

  test("every other column has a default or may be null, and ids default to a uuid", async () => {
    const rows = await db.owner<{ table_name: string; column_name: string }[]>`
      select table_name, column_name from information_schema.columns
      where table_schema = 'public' and is_nullable = 'NO' and column_default is null and is_identity = 'NO'`;
    const demanding = rows.filter(
      (row) => TABLES[row.table_name] && !TABLES[row.table_name]?.split(" ").includes(row.column_name),
    );
    // the ledger's trigger fills in its own
    expect(demanding.filter((row) => row.table_name !== "tenant_credit_ledger")).toEqual([]);
    const [tenant] = await db.owner`insert into tenant (slug, name) values ('by-hand', 'By hand') returning id`;
    expect(tenant?.id).toMatch(/^[0-9a-f-]{36}$/);
    const [user] = await db.owner`insert into app_user (tenant_id, name, email, password_hash, role)
      values (${tenant?.id}, 'x', 'by-hand@x.example', '', 'ADMIN') returning id`;
    expect(user?.id).toMatch(/^[0-9a-f-]{36}$/);
    await db.owner`insert into billing_sku (name, stripe_price_id, currency, amount_cents, grant_device_slots)
      values ('x', 'price_x', 'CHF', 1, 1)`;
    await db.owner`insert into promo_code (code, grant_license_30d) values ('HAND', 1)`;
    await db.owner`delete from billing_sku where stripe_price_id = 'price_x'`;
  });

  test("ids are text", async () => {
    const rows = await db.owner<{ table_name: string; data_type: string }[]>`
      select table_name, data_type from information_schema.columns
      where table_schema = 'public' and column_name = 'id' and table_name in ${db.owner(Object.keys(TABLES))}
        and table_name <> 'tenant_credit_ledger'`;
    expect(new Set(rows.map((row) => row.data_type))).toEqual(new Set(["text"]));
  });

  test("the seed: argon2id hashes, two tenants, five users, nine packages", async () => {
    const users = await db.owner<{ password_hash: string }[]>`select password_hash from app_user where id like 'lr_%'`;
    expect(users).toHaveLength(5);
    for (const user of users) expect(user.password_hash).toMatch(/^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$/);
    const [skus] = await db.owner`select count(*)::int as n from billing_sku where id like 'lr_sku_%' and active`;
    expect(skus?.n).toBe(9);
  });
});

describe("order numbers", () => {
  test("LR-year-six digits, and 200 at once are all different", async () => {
    const orders = await Promise.all(Array.from({ length: 200 }, () => insertOrder(db.owner)));
    const rows = await db.owner<{ number: string; year: string }[]>`
      select number, to_char(created_at at time zone 'Europe/Zurich', 'YYYY') as year
      from billing_order where id in ${db.owner(orders.map((order) => order.id))}`;
    expect(new Set(rows.map((row) => row.number)).size).toBe(200);
    for (const row of rows) expect(row.number).toMatch(new RegExp(`^LR-${row.year}-\\d{6}$`));
  });

  test("after 999 999 they grow instead of repeating", async () => {
    const own = await createTestDatabase(1);
    await own.owner`select setval('billing_order_number', 999999)`;
    const { id } = await insertOrder(own.owner);
    const [row] = await own.owner`select number from billing_order where id = ${id}`;
    await own.drop();
    expect(row?.number).toMatch(/^LR-\d{4}-1000000$/);
  });
});

describe("setting up", () => {
  async function fresh(): Promise<{ url: string; drop(): Promise<void> }> {
    const base = inject("postgresUrl");
    const name = `fresh_${crypto.randomUUID().slice(0, 8)}`;
    const admin = postgres(base, { max: 1, onnotice: () => {} });
    await admin`create database ${admin(name)}`;
    return {
      url: base.replace(/\/postgres$/, `/${name}`),
      async drop() {
        await admin`drop database ${admin(name)} with (force)`;
        await admin.end({ timeout: 5 });
      },
    };
  }

  test("several migrations of one database at once: one applies, the others find nothing to do", async () => {
    const { url, drop } = await fresh();
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(url)));
    const files = applied.filter((names) => names.length > 0);
    expect(files).toHaveLength(1);
    expect(await migrate(url)).toEqual([]);
    const sql = postgres(url, { max: 1 });
    const rows = await sql<{ name: string }[]>`select name from schema_migration order by name`;
    expect(rows.map((row) => row.name)).toEqual(files[0]);
    await sql.end();
    await drop();
  });

  test("two databases of one cluster at once", async () => {
    const both = await Promise.all([fresh(), fresh()]);
    const applied = await Promise.all(both.map(({ url }) => migrate(url)));
    expect(applied[0]).toEqual(applied[1]);
    expect(applied[0]?.length).toBeGreaterThan(0);
    for (const { drop } of both) await drop();
  });

  const everything = async (sql: postgres.Sql) => ({
    tenants: await sql`select * from tenant order by id`,
    users: await sql`select * from app_user order by id`,
    skus: await sql`select * from billing_sku order by id`,
  });

  test("seeding again, also twice at once, changes nothing", async () => {
    const own = await createTestDatabase(1);
    await own.owner`update tenant set name = 'Umbenannt' where id = 'lr_tenant_alpen'`;
    await own.owner`update billing_sku set active = false, amount_cents = 1 where id = 'lr_sku_30d_1'`;
    const before = await everything(own.owner);
    await seed(own.url);
    await Promise.all([seed(own.url), seed(own.url)]);
    expect(await everything(own.owner)).toEqual(before);
    await own.drop();
  });

  test("price ids are set by SKU, and no row is deleted or otherwise changed", async () => {
    const own = await createTestDatabase(1);
    await insertOrder(own.owner, { skuId: "lr_sku_30d_1" });
    const before =
      await own.owner`select id, stripe_price_id, amount_cents, name, created_at from billing_sku order by id`;
    await seed(own.url, { lr_sku_30d_1: "price_x" });
    const after =
      await own.owner`select id, stripe_price_id, amount_cents, name, created_at from billing_sku order by id`;
    expect(after).toHaveLength(DEMO_SKUS.length);
    expect([...after]).toEqual(
      before.map((row) => (row.id === "lr_sku_30d_1" ? { ...row, stripe_price_id: "price_x" } : row)),
    );
    const [order] = await own.owner`select stripe_price_id from billing_order`;
    expect(order?.stripe_price_id).toBe("price_lr_30d_1");
    await seed(own.url);
    const [kept] = await own.owner`select stripe_price_id from billing_sku where id = 'lr_sku_30d_1'`;
    expect(kept?.stripe_price_id).toBe("price_x");
    await own.drop();
  });
});
