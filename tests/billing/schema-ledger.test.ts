import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { asServer, book, type Entry, outcome } from "../support/ledger";
import { insertOrder } from "../support/orders";

const CHECKED = "23514";
const FOREIGN_KEY = "23503";
const UNIQUE = "23505";

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

describe("lots", () => {
  const lotAt = async (expires: string) =>
    (await db.owner`select quantity, held from tenant_credit_balance where expires_at = ${expires}`)[0];

  test("a lot is the sum of its rows; the remainder is on each row", async () => {
    const expires = "2032-01-01T00:00:00Z";
    for (const delta of [5, -2, 4]) await book(db.owner, { expires, delta });
    expect(await lotAt(expires)).toEqual({ quantity: 7, held: 0 });
    const rows =
      await db.owner`select quantity_after from tenant_credit_ledger where expires_at = ${expires} order by id`;
    expect(rows.map((row) => row.quantity_after)).toEqual([5, 3, 7]);
  });

  test("0 <= held <= quantity, also when credits are taken away under a hold", async () => {
    const expires = "2032-02-01T00:00:00Z";
    await book(db.owner, { expires, delta: 3 });
    const hold = (n: number) =>
      outcome(app`update tenant_credit_balance set held = ${n} where expires_at = ${expires}`);
    expect([await hold(-1), await hold(4), await hold(2)]).toEqual([CHECKED, CHECKED, "done"]);
    expect(await outcome(book(app, { expires, delta: -2 }))).toBe(CHECKED);
    expect(await outcome(book(app, { expires, delta: -1 }))).toBe("done");
    expect(await lotAt(expires)).toEqual({ quantity: 2, held: 2 });
  });

  test("nothing goes below zero, and no lot begins with a debt", async () => {
    const expires = "2032-03-01T00:00:00Z";
    expect(await outcome(book(app, { expires, delta: -1 }))).toBe(CHECKED);
    await book(app, { expires, delta: 1 });
    const taken = await Promise.all(Array.from({ length: 10 }, () => outcome(book(db.owner, { expires, delta: -1 }))));
    expect(taken.filter((it) => it === "done")).toHaveLength(1);
    expect(await lotAt(expires)).toEqual({ quantity: 0, held: 0 });
  });

  test("a sum beyond the range of integers is refused, not wrapped", async () => {
    const expires = "2032-04-01T00:00:00Z";
    await book(db.owner, { expires, delta: 2_147_483_647 });
    expect(await outcome(book(db.owner, { expires, delta: 1 }))).toBe("22003");
  });

  test.each<[string, Entry]>([
    ["no change", { delta: 0 }],
    ["an unknown type", { type: "LICENSE_7D" }],
    ["an unknown reason", { reason: "GIFT" }],
    ["a purchase without an order", { reason: "STRIPE_PURCHASE" }],
  ])("%s is refused", async (_name, entry) => {
    expect(await outcome(book(db.owner, entry))).toBe(CHECKED);
  });

  test("a lot that expires at infinity is refused or verifiable", async () => {
    const result = await outcome(book(db.owner, { expires: "infinity" }));
    if (result !== "done") return;
    const [row] = await db.owner`
      select row_hash = ledger_row_hash(l) as fits from tenant_credit_ledger l where expires_at = 'infinity'`;
    expect(row?.fits).toBe(true);
  });
});

describe("a grant equals its order's snapshot", () => {
  const grant = (sql: postgres.TransactionSql | postgres.Sql, order: string, entry: Entry = {}) =>
    book(sql, { reason: "STRIPE_PURCHASE", order, delta: 3, expires: "2033-01-01Z", ...entry });
  const mark = (sql: postgres.TransactionSql | postgres.Sql, order: string) =>
    sql`update billing_order set credits_granted_at = now() where id = ${order}`;

  test("rows and mark together are accepted", async () => {
    const { id } = await insertOrder(db.owner);
    expect(await outcome(app.begin(async (tx) => [await mark(tx, id), await grant(tx, id)]))).toBe("done");
    const other = await insertOrder(db.owner);
    expect(await outcome(app.begin(async (tx) => [await grant(tx, other.id), await mark(tx, other.id)]))).toBe("done");
  });

  test.each<[string, (tx: postgres.TransactionSql, id: string) => Promise<unknown>]>([
    ["the mark without rows", (tx, id) => mark(tx, id)],
    ["rows without the mark", (tx, id) => grant(tx, id)],
    ["too few", async (tx, id) => [await mark(tx, id), await grant(tx, id, { delta: 2 })]],
    ["too many", async (tx, id) => [await mark(tx, id), await grant(tx, id, { delta: 4 })]],
    ["another type", async (tx, id) => [await mark(tx, id), await grant(tx, id, { type: "DEVICE_SLOT" })]],
    [
      "one type too many",
      async (tx, id) => [
        await mark(tx, id),
        await grant(tx, id),
        await grant(tx, id, { type: "DEVICE_SLOT", delta: 1 }),
      ],
    ],
  ])("%s is refused at commit", async (_name, work) => {
    const { id } = await insertOrder(db.owner);
    const before = await db.owner`select count(*)::int as n from tenant_credit_ledger`;
    expect(await outcome(db.owner.begin((tx) => work(tx, id)))).toBe(CHECKED);
    expect(await db.owner`select count(*)::int as n from tenant_credit_ledger`).toEqual(before);
  });

  test("once granted, the mark stays and the snapshot stays", async () => {
    const { id } = await insertOrder(db.owner);
    await app.begin(async (tx) => [await mark(tx, id), await grant(tx, id)]);
    expect(await outcome(db.owner`update billing_order set credits_granted_at = null where id = ${id}`)).toBe(CHECKED);
    expect(await outcome(db.owner`update billing_order set grant_license_30d = 4 where id = ${id}`)).toBe(CHECKED);
    expect(await outcome(db.owner`delete from billing_order where id = ${id}`)).toBe(FOREIGN_KEY);
  });

  test("an order that is inserted as granted needs its rows", async () => {
    const insert = db.owner`insert into billing_order (tenant_id, sku_id, currency, amount_cents, stripe_price_id, grant_license_30d, credits_granted_at)
      values ('lr_tenant_alpen', 'lr_sku_30d_1', 'CHF', 3900, 'p', 1, now())`;
    expect(await outcome(insert)).toBe(CHECKED);
  });

  test("one STRIPE_PURCHASE per order and type, under any concurrency", async () => {
    const { id } = await insertOrder(db.owner);
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        outcome(
          db.owner.begin(async (tx) => [await mark(tx, id), await grant(tx, id, { expires: `2033-02-0${i + 1}Z` })]),
        ),
      ),
    );
    expect(results.filter((it) => it === "done")).toHaveLength(1);
    expect(new Set(results.filter((it) => it !== "done"))).toEqual(new Set([UNIQUE]));
    const other = await insertOrder(db.owner);
    const split = db.owner.begin(async (tx) => [
      await mark(tx, other.id),
      await grant(tx, other.id, { delta: 1 }),
      await grant(tx, other.id, { delta: 2, expires: "2033-03-01Z" }),
    ]);
    expect(await outcome(split)).toBe(UNIQUE);
  });
});

describe("no row points into another tenant", () => {
  test("a ledger row with another tenant's order", async () => {
    const { id } = await insertOrder(db.owner, { tenantId: "lr_tenant_jura" });
    expect(await outcome(book(db.owner, { order: id }))).toBe(FOREIGN_KEY);
    const grant = db.owner.begin(async (tx) => {
      await tx`update billing_order set credits_granted_at = now() where id = ${id}`;
      await book(tx, { order: id, reason: "STRIPE_PURCHASE", delta: 3 });
    });
    expect(await outcome(grant)).toBe(FOREIGN_KEY);
  });

  test("an order, a redemption and an event with another tenant's user or order", async () => {
    const { id } = await insertOrder(db.owner, { tenantId: "lr_tenant_jura" });
    const [code] = await db.owner`insert into promo_code (code, grant_license_30d) values ('FOREIGN', 1) returning id`;
    const attempts = [
      db.owner`update billing_order set user_id = 'lr_user_owner_alpen' where id = ${id}`,
      db.owner`insert into promo_redemption (promo_code_id, tenant_id, user_id)
        values (${code?.id}, 'lr_tenant_jura', 'lr_user_owner_alpen')`,
      db.owner`insert into stripe_event (id, type, payload, tenant_id, order_id) values ('evt_f', 'a', '{}', 'lr_tenant_alpen', ${id})`,
    ];
    for (const attempt of attempts) expect(await outcome(attempt)).toBe(FOREIGN_KEY);
    expect(
      await outcome(
        db.owner`insert into stripe_event (id, type, payload, order_id) values ('evt_g', 'a', '{}', ${id})`,
      ),
    ).toBe(CHECKED);
  });

  test("a ledger row whose actor is another tenant's user", async () => {
    const foreign = db.owner`insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at, actor_user_id)
      values ('lr_tenant_jura', 'DEVICE_SLOT', 1, 'MANUAL_ADJUST', '2034-01-01Z', 'lr_user_owner_alpen')`;
    expect(await outcome(foreign)).not.toBe("done");
  });

  test("an operator may be the actor in any tenant", async () => {
    const adjust = db.owner`insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at, actor_user_id)
      values ('lr_tenant_jura', 'DEVICE_SLOT', 1, 'MANUAL_ADJUST', '2034-02-01Z', 'lr_user_operator')`;
    expect(await outcome(adjust)).toBe("done");
  });
});

test("the chain holds for rows that were written at once, and each row's hash is its own", async () => {
  const own = await createTestDatabase(10);
  const wide = asServer(own.url, 20);
  try {
    const expiries = ["2035-01-01Z", "2035-02-01Z", "2035-03-01Z"];
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => book(wide, { expires: expiries[i % 3], delta: (i % 4) + 1 })),
    );
    const rows = await wide<
      { lot: string; delta: number; rest: number; previous: string; own: string; hashed: string }[]
    >`
      select balance_id as lot, delta, quantity_after as rest, previous_hash as previous, row_hash as own,
        ledger_row_hash(l) as hashed
      from tenant_credit_ledger l order by id`;
    expect(rows).toHaveLength(300);
    const heads = new Map<string, { head: string; rest: number }>();
    for (const row of rows) {
      const before = heads.get(row.lot) ?? { head: "", rest: 0 };
      expect(row.previous).toBe(before.head);
      expect(row.rest).toBe(before.rest + row.delta);
      expect(row.own).toBe(row.hashed);
      heads.set(row.lot, { head: row.own, rest: row.rest });
    }
    expect(new Set(rows.map((row) => row.own)).size).toBe(300);
    const lots = await wide`select id, quantity, ledger_head, ledger_rows from tenant_credit_balance`;
    expect(lots).toHaveLength(3);
    for (const lot of lots) {
      expect(lot).toMatchObject({
        quantity: heads.get(lot.id)?.rest,
        ledger_head: heads.get(lot.id)?.head,
        ledger_rows: 100,
      });
    }
    // the hash does not depend on how a session shows dates
    const [other] = await wide.begin(async (tx) => {
      await tx`set local timezone = 'Asia/Tokyo'`;
      await tx`set local datestyle = 'German'`;
      await tx`set local extra_float_digits = 0`;
      return tx`select bool_and(row_hash = ledger_row_hash(l)) as fits from tenant_credit_ledger l`;
    });
    expect(other?.fits).toBe(true);
  } finally {
    await wide.end({ timeout: 5 });
    await own.drop();
  }
});
