import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { receiveEvent } from "~/billing/stripe-events.server";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { sessionEvent, verified } from "../support/events";
import { noStripe } from "../support/no-stripe";
import { insertOrder, orderState } from "../support/orders";

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase(10);
});
afterAll(() => db.drop());

const send = (event: ReturnType<typeof sessionEvent>) => receiveEvent(db.app, noStripe, verified(event), false);

describe("exactly once", () => {
  test("the same event 50 times in parallel grants once", async () => {
    const order = await insertOrder(db.owner);
    const event = sessionEvent(order, "completed");
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => send(event)));
    expect(outcomes.filter((it) => it.result === "processed")).toHaveLength(1);
    expect(outcomes.filter((it) => it.result === "done")).toHaveLength(49);
    expect((await orderState(db.owner, order.id)).rows).toHaveLength(1);
  });

  test("two event ids for one session, 25 times each, grant once", async () => {
    const order = await insertOrder(db.owner);
    const first = sessionEvent(order, "completed");
    const second = sessionEvent(order, "completed");
    await Promise.all(Array.from({ length: 50 }, (_, i) => send(i % 2 ? first : second)));
    expect((await orderState(db.owner, order.id)).rows).toHaveLength(1);
  });

  test("200 orders of one tenant at once: one lot, unbroken chain, no deadlock", async () => {
    const created = Date.UTC(2026, 5, 1, 10) / 1000;
    const orders = await Promise.all(
      Array.from({ length: 200 }, () => insertOrder(db.owner, { tenantId: "lr_tenant_jura", skuId: "lr_sku_30d_5" })),
    );
    const outcomes = await Promise.all(orders.map((order) => send(sessionEvent(order, "completed", {}, created))));
    expect(new Set(outcomes.map((it) => it.result))).toEqual(new Set(["processed"]));
    const lots = await db.owner`
      select quantity, ledger_rows, ledger_head from tenant_credit_balance where tenant_id = 'lr_tenant_jura'`;
    expect(lots).toMatchObject([{ quantity: 1_000, ledger_rows: 200 }]);
    const [broken] = await db.owner<{ n: number }[]>`
      select count(*)::int as n from (
        select l.row_hash <> ledger_row_hash(l) as forged, l.previous_hash <> lag(l.row_hash, 1, '') over w as unlinked,
          l.quantity_after <> sum(l.delta) over w as wrong
        from tenant_credit_ledger l where tenant_id = 'lr_tenant_jura' window w as (partition by balance_id order by id)
      ) as chain where forged or unlinked or wrong`;
    expect(broken?.n).toBe(0);
  });

  test("a resend after a refund grants nothing: the marker is not the status", async () => {
    const order = await insertOrder(db.owner);
    await send(sessionEvent(order, "completed"));
    await db.owner`update billing_order set status = 'REFUNDED' where id = ${order.id}`;
    await send(sessionEvent(order, "completed"));
    const state = await orderState(db.owner, order.id);
    expect(state).toMatchObject({ status: "REFUNDED" });
    expect(state.rows).toHaveLength(1);
  });

  test("a failing duplicate never turns PROCESSED into FAILED, and waits no longer than the lock allows", async () => {
    const order = await insertOrder(db.owner);
    const event = sessionEvent(order, "completed");
    await send(event);
    await db.owner.begin(async (tx) => {
      await tx`select 1 from stripe_event where id = ${event.id} for update`;
      expect((await send(event)).result).toBe("retry");
    });
    const [row] = await db.owner`select status from stripe_event where id = ${event.id}`;
    expect(row?.status).toBe("PROCESSED");
  });

  test("killed between the inbox and the grant: the next delivery grants once", async () => {
    const order = await insertOrder(db.owner);
    const event = sessionEvent(order, "completed");
    await db.owner`
      insert into stripe_event (id, type, payload) values (${event.id}, ${event.type}, ${JSON.stringify(event)})`;
    expect((await send(event)).result).toBe("processed");
    expect((await send(event)).result).toBe("done");
    expect((await orderState(db.owner, order.id)).rows).toHaveLength(1);
  });

  test("the grant reads the snapshot: an edited and a switched-off SKU change nothing", async () => {
    const order = await insertOrder(db.owner, { skuId: "lr_sku_365d_3" });
    await db.owner`update billing_sku set active = false, grant_license_365d = 99, amount_cents = 1 where id = 'lr_sku_365d_3'`;
    await send(sessionEvent(order, "completed"));
    expect(await orderState(db.owner, order.id)).toMatchObject({
      status: "PAID",
      rows: [{ type: "LICENSE_365D", delta: 3 }],
    });
  });

  test("a mixed pack grants one row per type", async () => {
    await db.owner`
      insert into billing_sku (id, name, stripe_price_id, amount_cents, grant_license_30d, grant_license_365d, grant_device_slots)
      values ('mixed', 'Messe-Paket', 'price_mixed', 50000, 2, 1, 4)`;
    const order = await insertOrder(db.owner, { skuId: "mixed" });
    await send(sessionEvent(order, "completed"));
    const { rows } = await orderState(db.owner, order.id);
    expect(rows.map((row) => [row.type, row.delta])).toEqual([
      ["DEVICE_SLOT", 4],
      ["LICENSE_30D", 2],
      ["LICENSE_365D", 1],
    ]);
  });
});
