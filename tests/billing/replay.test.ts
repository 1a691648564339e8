import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { processEvent, receiveEvent } from "~/billing/stripe-events.server";
import { dumpBooks, openShop, type Shop } from "../support/books-shop";
import { sessionEvent, verified } from "../support/events";
import { runJob } from "../support/job";
import { insertOrder, orderState } from "../support/orders";
import { TEST_SECRET_KEY } from "../support/server";

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.close());

const replay = (...args: string[]) =>
  runJob(
    "replay",
    { DATABASE_URL: shop.db.url, STRIPE_SECRET_KEY: TEST_SECRET_KEY, STRIPE_API_BASE: shop.stripe.url },
    args,
    10_000,
  );
const everything = () => dumpBooks(shop, "stripe_event", "tenant", "billing_sku");
/** Without what only says that somebody has looked. */
const essentials = async () =>
  (await everything()).map((row) => row.replace(/"(updated_at|payment_read_at)": ("[^"]*"|\d+),? ?/g, ""));

/** One of each: paid, refused first, late, refunded in part and in full, given back, disputed, won, lost, expired. */
async function live(): Promise<void> {
  const { control } = shop.stripe;
  const orders = await shop.order(9);
  const session = (i: number) => orders[i]?.sessionId ?? "";
  await control.decline(session(0));
  for (let i = 0; i < 7; i++) await control.pay(session(i));
  await control.payLater(session(7));
  await control.expire(session(8));
  await shop.deliver();
  await control.settle(session(7));
  await control.refund(session(1), { amount: 4_000 });
  await control.refund(session(2));
  const failing = await control.refund(session(3));
  const [won, lost] = [await control.dispute(session(4)), await control.dispute(session(5))];
  await control.dispute(session(6));
  await shop.deliver();
  await control.failRefund(failing.id);
  await control.winDispute(won.id);
  await control.loseDispute(lost.id);
  await control.updatePrice("price_lr_30d_3", { unitAmount: 12_000 });
  const outcomes = await shop.deliver();
  expect(outcomes.filter((it) => it.result === "retry" || it.result === "set aside")).toEqual([]);
}

describe("replaying every stored event", () => {
  test("moves no credit, no order, no event", async () => {
    await live();
    const before = await essentials();
    const { code, output } = await replay("--all");
    expect(output).toMatch(/ 0 failing/);
    expect(code).toBe(0);
    expect(await essentials()).toEqual(before);
  });

  test("changes nothing at all", async () => {
    await live();
    const before = await everything();
    await replay("--all");
    expect(await everything()).toEqual(before);
  });

  test("old news alone change nothing either: each event by itself", async () => {
    await live();
    const before = await essentials();
    const changed: string[] = [];
    const declined = ["payment_intent.payment_failed", "charge.failed"];
    for (const event of shop.stripe.control.events().filter((it) => !declined.includes(it.type))) {
      const { result } = await processEvent(shop.db.app, shop.client, verified(event), false, "replay");
      if (result === "retry" || result === "set aside") changed.push(`${event.type}: ${result}`);
      if (JSON.stringify(await essentials()) !== JSON.stringify(before)) changed.push(event.type);
    }
    expect(changed).toEqual([]);
  });

  test("the refusal of a first card does not come back to a paid order", async () => {
    await live();
    const before = await essentials();
    const refusal = shop.stripe.control.events().find((it) => it.type === "payment_intent.payment_failed");
    await replay(refusal?.id ?? "");
    expect(await essentials()).toEqual(before);
  });
});

describe("what was not right is put right", () => {
  test("FAILED since its order was unknown: processed once the order is there", async () => {
    const order = await insertOrder(shop.db.owner);
    const event = sessionEvent({ ...order, id: "late-order" }, "completed");
    expect((await receiveEvent(shop.db.app, shop.client, verified(event), false)).result).toBe("retry");
    const early = await replay(event.id);
    expect(early.code).toBe(1);
    expect(early.output).toContain(`${event.id} checkout.session.completed: retry: ORDER_UNKNOWN`);
    await shop.db.owner`update billing_order set id = 'late-order' where id = ${order.id}`;
    const late = await replay(event.id);
    expect(late.output).toContain(`${event.id} checkout.session.completed: processed`);
    expect(late.code).toBe(0);
    expect(await orderState(shop.db.owner, "late-order")).toMatchObject({ status: "PAID", rows: [{ delta: 3 }] });
    expect((await replay(event.id)).output).toContain("nothing to do");
    expect((await orderState(shop.db.owner, "late-order")).rows).toHaveLength(1);
  });

  test("IGNORED by an older version: processed by this one", async () => {
    const order = await insertOrder(shop.db.owner);
    const event = sessionEvent(order, "completed");
    await shop.db.owner`insert into stripe_event (id, type, payload, status, processed_at)
      values (${event.id}, ${event.type}, ${JSON.stringify(event)}, 'IGNORED', now())`;
    expect((await replay(event.id)).code).toBe(0);
    expect(await orderState(shop.db.owner, order.id)).toMatchObject({ status: "PAID", rows: [{ delta: 3 }] });
    expect(await shop.db.owner`select status, order_id from stripe_event`).toEqual([
      { status: "PROCESSED", order_id: order.id },
    ]);
  });

  test("one that still fails does not keep the others from their turn; exits 1 and names it", async () => {
    const order = await insertOrder(shop.db.owner);
    const lost = sessionEvent({ ...order, id: "never-there" }, "completed");
    await receiveEvent(shop.db.app, shop.client, verified(lost), false);
    const good = sessionEvent(order, "completed");
    await shop.db
      .owner`insert into stripe_event (id, type, payload) values (${good.id}, ${good.type}, ${JSON.stringify(good)})`;
    const { code, output } = await replay("--all");
    expect(code).toBe(1);
    expect(output).toContain(lost.id);
    expect(output).toMatch(/1 processed, .* 1 failing/);
    expect((await orderState(shop.db.owner, order.id)).granted).toBe(true);
  });
});

describe("the command line", () => {
  test("an unknown id, and none at all: exits 1 with one clear line", async () => {
    const unknown = await replay("evt_unknown");
    expect(unknown).toMatchObject({ code: 1, output: expect.stringMatching(/^There is no event evt_unknown\.\n$/) });
    const none = await replay();
    expect(none).toMatchObject({ code: 1, output: expect.stringMatching(/^Which event\? .*--all\n$/) });
  });

  test("an empty inbox: nothing to do, exits 0", async () => {
    expect(await replay("--all")).toMatchObject({ code: 0, output: expect.stringContaining("0 processed") });
  });
});
