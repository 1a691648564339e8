import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { receiveEvent } from "~/billing/stripe-events.server";
import { LOCKS } from "~/jobs/holder.server";
import { runReconciliation } from "~/jobs/reconcile.server";
import { openShop, type Shop } from "../support/books-shop";
import { sessionEvent, verified } from "../support/events";
import { runJob } from "../support/job";
import { asServer, outcome } from "../support/ledger";
import { insertOrder, orderState } from "../support/orders";
import { startCountingProxy } from "../support/proxy";
import { TEST_SECRET_KEY } from "../support/server";

const settings = (shop: Shop) => ({
  DATABASE_URL: shop.db.url,
  STRIPE_SECRET_KEY: TEST_SECRET_KEY,
  STRIPE_API_BASE: shop.stripe.url,
  LOG_LEVEL: "silent",
});
const reports = (shop: Shop) => shop.db.owner`select * from reconciliation_report order by id`;

describe("each difference is named, and stays until somebody has looked", () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.close());

  async function named(...ids: string[]): Promise<void> {
    for (let run = 1; run <= 2; run++) {
      const report = await shop.reconcile();
      expect(report.complete).toBe(true);
      for (const id of ids)
        expect(report.differences.map((it) => `${it.subject} ${it.detail}`).join("\n")).toContain(id);
      const [row] = (await reports(shop)).slice(-1);
      expect(row?.differences).toBe(report.differences.length);
      expect(row?.details).toContain(ids[0]);
    }
  }

  test("a paid session with our mark, but no order", async () => {
    const metadata = { app: "leadradar-billing", orderId: "lost-order", tenantId: "lr_tenant_alpen" };
    const session = await shop.client.checkout.sessions.create({
      mode: "payment",
      line_items: [{ price: "price_lr_30d_3", quantity: 1 }],
      metadata,
      payment_intent_data: { metadata },
      success_url: "http://localhost/ok",
    });
    await shop.stripe.control.pay(session.id);
    await named(session.id, "lost-order");
  });

  test("a session of somebody else on the same account is nobody's difference", async () => {
    const session = await shop.client.checkout.sessions.create({
      mode: "payment",
      line_items: [{ price: "price_lr_30d_3", quantity: 1 }],
      success_url: "http://localhost/ok",
    });
    await shop.stripe.control.pay(session.id);
    expect((await shop.reconcile()).differences).toEqual([]);
  });

  test("a PAID order whose session Stripe does not know, and one whose session is unpaid", async () => {
    const order = await insertOrder(shop.db.owner);
    await receiveEvent(shop.db.app, shop.client, verified(sessionEvent(order, "completed")), false);
    const [open] = await shop.order(1);
    const facts = { ...order, id: open?.id ?? "", sessionId: open?.sessionId ?? "" };
    await receiveEvent(shop.db.app, shop.client, verified(sessionEvent(facts, "completed")), false);
    await named(order.id, facts.id);
  });

  test("a paid session whose order does not fit it: named with its order, nothing granted", async () => {
    const [order] = await shop.buy(1);
    const id = order?.id ?? "";
    await shop.db.owner`update billing_order set amount_cents = 100 where id = ${id}`;
    await named(id);
    expect(await orderState(shop.db.owner, id)).toMatchObject({ granted: false, review_reason: expect.any(String) });
  });

  test.each(["paid_cents", "refunded_cents"])("%s of a paid order edited", async (column) => {
    const [order] = await shop.buy(1);
    const id = order?.id ?? "";
    await shop.deliver();
    expect((await shop.reconcile()).differences).toEqual([]);
    await shop.db.owner`update billing_order set ${shop.db.owner(column)} = 777 where id = ${id}`;
    // What Stripe knows better is read again; what was paid is not ours to change.
    if (column === "paid_cents") return named(id);
    expect(await shop.reconcile()).toMatchObject({ healed: 1, differences: [] });
    expect(await shop.db.owner`select refunded_cents from billing_order where id = ${id}`).toEqual([
      { refunded_cents: 0 },
    ]);
  });

  test("the sums of the month, by hand", async () => {
    const [first, second] = await shop.buy(4);
    await shop.buy(1, { skuId: "lr_sku_slot_1", tenantId: "lr_tenant_jura" });
    await shop.stripe.control.refund(first?.sessionId ?? "", { amount: 1_234 });
    await shop.stripe.control.loseDispute((await shop.stripe.control.dispute(second?.sessionId ?? "")).id);
    const { books, differences } = await shop.reconcile();
    expect(differences).toEqual([]);
    const paid = 4 * 11_700 + 9_900;
    expect(Object.values(books)).toEqual([
      {
        payments: paid,
        refunds: 1_234,
        lost: 11_700,
        ordersPaid: paid,
        ordersRefunded: 1_234,
        ordersLost: 11_700,
        granted: paid,
      },
    ]);
    expect(Object.keys(books)[0]).toMatch(/^20\d\d-[01]\d CHF$/);
  });
});

describe("npm run reconcile", () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.stripe.control.setFaults({ apiDown: "off" }));
  afterAll(() => shop.close());

  test("all well: credits what was lost, says the sums and the digest, exits 0", async () => {
    await shop.buy(2);
    const { code, output } = await runJob("reconcile", settings(shop));
    expect(output).toMatch(/CHF: Stripe 234\.00, orders 234\.00, grants at sale 234\.00/);
    const [report, ...others] = await reports(shop);
    expect(others).toEqual([]);
    expect(report).toMatchObject({ complete: true, differences: 0 });
    expect(output).toContain(`0 differences`);
    expect(output).toContain(String(report?.digest));
    expect(code).toBe(0);
  });

  test.each(["500", "refuse"] as const)(
    "Stripe away (%s): the report is incomplete, exits 1 and says so",
    async (apiDown) => {
      shop.stripe.control.setFaults({ apiDown });
      const { code, output, ms } = await runJob("reconcile", settings(shop));
      expect(code).toBe(1);
      expect(output).toMatch(/STRIPE_UNAVAILABLE/);
      expect(output).toMatch(/incomplete/);
      expect(ms).toBeLessThan(20_000);
      expect((await reports(shop)).at(-1)).toMatchObject({ complete: false });
    },
  );

  test("after an incomplete run the next one starts where the last complete one ended", async () => {
    const [order] = await shop.buy(1);
    shop.stripe.control.setFaults({ apiDown: "refuse" });
    expect(await shop.reconcile({ full: false })).toMatchObject({ complete: false });
    shop.stripe.control.setFaults({ apiDown: "off" });
    expect(await shop.reconcile({ full: false })).toMatchObject({ complete: true, differences: [] });
    expect(await orderState(shop.db.owner, order?.id ?? "")).toMatchObject({ status: "PAID", granted: true });
  });

  test("one holder: somebody else comes away empty, the command waits for its turn", async () => {
    const before = (await reports(shop)).length;
    const other = asServer(shop.db.url, 1);
    await other`select pg_advisory_lock(${LOCKS.reconcile})`;
    const setting = { databaseUrl: shop.db.url, livemode: false };
    const scope = { full: true, now: new Date() };
    expect(await runReconciliation(shop.db.app, shop.client, setting, scope)).toBeNull();
    const url = new URL(shop.db.url);
    const proxy = await startCountingProxy(Number(url.port));
    url.port = String(proxy.port);
    const waiting = runJob("reconcile", { ...settings(shop), DATABASE_URL: url.href });
    await expect.poll(() => proxy.roundTrips()).toBeGreaterThan(1);
    expect(waiting.child.exitCode).toBeNull();
    expect(await reports(shop)).toHaveLength(before);
    await other.end();
    expect((await waiting).code).toBe(0);
    await proxy.close();
    expect(await reports(shop)).toHaveLength(before + 1);
  });

  test("two at once: both end well, and each payment is credited once", async () => {
    const orders = await shop.buy(5);
    const before = (await reports(shop)).length;
    const runs = await Promise.all([runJob("reconcile", settings(shop)), runJob("reconcile", settings(shop))]);
    expect(runs.map((run) => run.code)).toEqual([0, 0]);
    expect(await reports(shop)).toHaveLength(before + 2);
    for (const { id } of orders) expect((await orderState(shop.db.owner, id)).rows).toHaveLength(1);
  });

  test("a difference that remains: exits 1 and names it", async () => {
    const [order] = await shop.buy(1);
    await shop.deliver();
    await shop.db.owner`update billing_order set paid_cents = 1 where id = ${order?.id ?? ""}`;
    const { code, output } = await runJob("reconcile", settings(shop));
    expect(code).toBe(1);
    expect(output).toContain(`order ${order?.id}`);
  });

  test("a report is never changed or removed, by the server's role or the owner", async () => {
    const server = asServer(shop.db.url, 1);
    const refused: string[] = [];
    for (const sql of [server, shop.db.owner]) {
      refused.push(await outcome(sql`update reconciliation_report set differences = 0`));
      refused.push(await outcome(sql`delete from reconciliation_report`));
      refused.push(await outcome(sql`truncate reconciliation_report`));
    }
    await server.end();
    expect(refused).toEqual(["42501", "42501", "42501", "23001", "23001", "23001"]);
  });
});
