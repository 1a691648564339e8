import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "~/db/client.server";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { startFaultProxy } from "../support/fault-proxy";

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test("a statement that fails in the middle of its rows leaves no trace in the next result", async () => {
  const sql = connect(db.url, 1);
  try {
    await expect(sql`select 1 / (3 - n) from generate_series(1, 5) n`).rejects.toMatchObject({ code: "22012" });
    const rows = await sql`select id from billing_sku where id = 'lr_sku_30d_1'`;
    expect([...rows]).toEqual([{ id: "lr_sku_30d_1" }]);
    expect(rows.count).toBe(1);
  } finally {
    await sql.end({ timeout: 5 });
  }
});

test("nor does a connection that is cut in the middle of a result", async () => {
  let cutting = false;
  const proxy = await startFaultProxy({ port: Number(new URL(db.url).port) }, () => cutting);
  const url = new URL(db.url);
  url.port = String(proxy.port);
  const sql = connect(url.href, 1);
  try {
    await sql`select 1`;
    cutting = true;
    const lost = sql`update tenant set stripe_customer_id = 'cus_1' where id = 'lr_tenant_jura' returning id`;
    await expect(lost).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    cutting = false;
    const rows = await sql`select stripe_customer_id from tenant where id = 'lr_tenant_jura'`;
    expect([...rows]).toEqual([{ stripeCustomerId: "cus_1" }]);
    expect(proxy.cuts).toEqual({ COMMIT: 0, statement: 1 });
  } finally {
    await sql.end({ timeout: 5 });
    await proxy.close();
  }
});
