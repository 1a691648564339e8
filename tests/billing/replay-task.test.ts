import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { storeEvents } from "~/billing/event-inbox.server";
import { receiveEvent } from "~/billing/stripe-events.server";
import { replayEvents } from "~/jobs/replay-task.server";
import { askForReplay } from "~/operations/replays.server";
import { createStripeClient } from "~/stripe/gateway.server";
import { dumpBooks, openShop, type Shop } from "../support/books-shop";
import { sessionEvent, verified } from "../support/events";
import { insertOrder, orderState } from "../support/orders";
import { goOn, newestReplay, OPERATOR, replay, workshop } from "../support/replays";
import { TEST_SECRET_KEY } from "../support/server";

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.close());

const everything = () => dumpBooks(shop, "stripe_event", "tenant", "billing_sku");

/** An event of a fresh order that is stored and not processed yet. */
async function waitingEvent(change: Parameters<typeof sessionEvent>[2] = {}) {
  const order = await insertOrder(shop.db.owner);
  const event = sessionEvent(order, "completed", change);
  await storeEvents(shop.db.app, [verified(event)]);
  return { order, event };
}

/** Copies a paid order's events under new ids, as so many processed rows: one in five ignored. */
async function manyProcessed(count: number): Promise<void> {
  await shop.buy(20);
  await shop.deliver();
  await shop.db.owner`
    insert into stripe_event (id, type, payload, status, attempts, tenant_id, order_id, received_at, processed_at)
    select 'evt_copy' || n, e.type, replace(e.payload, e.id, 'evt_copy' || n), e.status, 1, e.tenant_id, e.order_id,
      now() - make_interval(secs => n), now() - make_interval(secs => n)
    from generate_series(1, ${count}::int) as n
    join (select *, row_number() over (order by id) as i, count(*) over () as k from stripe_event) as e on e.i = n % e.k + 1`;
  await shop.db.owner`
    update stripe_event set type = 'customer.updated', status = 'IGNORED', payload = replace(payload, type, 'customer.updated')
    where starts_with(id, 'evt_copy') and right(id, 1) in ('3', '7')`;
}

describe("10 000 processed events", () => {
  test("come to nothing, with a line each, and change nothing", async () => {
    await manyProcessed(10_000);
    const before = await everything();
    const begun = performance.now();
    const { counts, lines } = await replay(shop);
    const seconds = (performance.now() - begun) / 1000;
    console.log(`replayed ${lines.length} events in ${seconds.toFixed(1)} s: ${Math.round(lines.length / seconds)}/s`);
    expect(lines.length).toBeGreaterThan(10_000);
    expect(counts).toEqual({ NOTHING: lines.length });
    expect(await everything()).toEqual(before);
    expect(await newestReplay(shop)).toMatchObject({ total: lines.length, done: lines.length, failure: null });
  }, 180_000);
});

describe("what is true of an event", () => {
  test("granted now: once, and nothing to do the next time", async () => {
    const { order, event } = await waitingEvent();
    expect((await replay(shop, { eventId: event.id })).lines).toEqual([`${event.id} GRANTED`]);
    expect(await orderState(shop.db.owner, order.id)).toMatchObject({ status: "PAID", rows: [{ delta: 3 }] });
    expect((await replay(shop, { eventId: event.id })).lines).toEqual([`${event.id} NOTHING`]);
    expect((await orderState(shop.db.owner, order.id)).rows).toHaveLength(1);
  });

  test("a second event of a granted order is processed, not granted", async () => {
    const { order, event } = await waitingEvent();
    const second = sessionEvent(order, "completed");
    await storeEvents(shop.db.app, [verified(second)]);
    const { counts } = await replay(shop);
    expect(counts).toEqual({ GRANTED: 1, PROCESSED: 1 });
    expect((await orderState(shop.db.owner, order.id)).rows).toHaveLength(1);
    expect(event.id).not.toBe(second.id);
  });

  test("still failing, and why; nothing is granted", async () => {
    const { order, event } = await waitingEvent({ amount_subtotal: 10_000, amount_total: 10_000 });
    await receiveEvent(shop.db.app, shop.client, verified(event), false);
    const { lines } = await replay(shop, { state: "FAILED" });
    expect(lines).toEqual([`${event.id} STILL_FAILING AMOUNT_MISMATCH: expected ${order.amountCents}, received 10000`]);
    expect((await orderState(shop.db.owner, order.id)).rows).toEqual([]);
  });

  test("an order that is still unknown: still failing, and granted once it is there", async () => {
    const order = await insertOrder(shop.db.owner);
    const event = sessionEvent({ ...order, id: "late-order" }, "completed");
    await receiveEvent(shop.db.app, shop.client, verified(event), false);
    expect((await replay(shop, { state: "RETRY" })).counts).toEqual({ STILL_FAILING: 1 });
    await shop.db.owner`update billing_order set id = 'late-order' where id = ${order.id}`;
    expect((await replay(shop, { state: "RETRY" })).counts).toEqual({ GRANTED: 1 });
  });

  test("news that ask nothing of us: ignored the first time, then nothing to do", async () => {
    const { event } = await waitingEvent({ metadata: { app: "another" } });
    expect((await replay(shop, { eventId: event.id })).lines).toEqual([`${event.id} IGNORED`]);
    expect((await replay(shop, { eventId: event.id })).lines).toEqual([`${event.id} NOTHING`]);
  });

  test("a refund that came before Stripe was away: skipped, for it stays processed", async () => {
    const [bought] = await shop.buy();
    await shop.deliver();
    await shop.stripe.control.refund(bought?.sessionId ?? "");
    await shop.deliver();
    const before = await everything();
    const away = { ...shop, client: createStripeClient(TEST_SECRET_KEY, "http://127.0.0.1:1") };
    const { counts, lines } = await replay(away, { type: "charge.refunded" });
    expect(counts).toEqual({ SKIPPED: 1 });
    expect(lines[0]).toContain("STRIPE_UNAVAILABLE");
    expect(await everything()).toEqual(before);
  }, 60_000);

  test("a refund that was missed: processed, and the credits taken back", async () => {
    const [bought] = await shop.buy();
    await shop.deliver();
    await shop.stripe.control.refund(bought?.sessionId ?? "");
    const missed = shop.stripe.control.events().filter((it) => it.type === "charge.refunded");
    await storeEvents(shop.db.app, missed.map(verified));
    expect((await replay(shop, { state: "RECEIVED" })).counts).toEqual({ PROCESSED: 1 });
    expect(await orderState(shop.db.owner, bought?.id ?? "")).toMatchObject({ status: "REFUNDED" });
  });
});

describe("the set and the order", () => {
  test("in the order of arrival; what comes later is not in it", async () => {
    const waiting = [await waitingEvent(), await waitingEvent(), await waitingEvent()];
    const ids = waiting.map((it) => it.event.id);
    for (const [i, id] of ids.entries()) {
      await shop.db
        .owner`update stripe_event set received_at = now() - make_interval(mins => ${10 - i}) where id = ${id}`;
    }
    await askForReplay(shop.db.app, OPERATOR, {});
    const late = await waitingEvent();
    const { lines } = await goOn(shop);
    expect(lines).toEqual(ids.map((id) => `${id} GRANTED`));
    expect((await orderState(shop.db.owner, late.order.id)).granted).toBe(false);
  });

  test("events of one microsecond, more than a batch: each of them once", async () => {
    await shop.db.owner`
      insert into stripe_event (id, type, payload, status) select 'evt_' || n, 'customer.updated',
        '{"id":"evt_' || n || '","type":"customer.updated"}', 'IGNORED' from generate_series(1, 350) as n`;
    const { lines } = await replay(shop, { type: "customer.updated", state: "IGNORED" });
    expect(new Set(lines).size).toBe(350);
    expect(lines).toHaveLength(350);
  });

  test("filters: type, tenant, order, period", async () => {
    const { order, event } = await waitingEvent();
    await replay(shop, { eventId: event.id });
    const day = 24 * 60 * 60 * 1000;
    const [from, before] = [new Date(Date.now() - day).toISOString(), new Date(Date.now() + day).toISOString()];
    const count = async (request: Record<string, string>) => (await replay(shop, request)).lines.length;
    expect(await count({ type: event.type, tenantId: order.tenantId, orderId: order.id, from, before })).toBe(1);
    expect(await count({ tenantId: order.tenantId, state: "PROCESSED" })).toBe(1);
    expect(await count({ tenantId: "lr_tenant_jura" })).toBe(0);
    expect(await count({ type: "charge.refunded" })).toBe(0);
    expect(await count({ before: from })).toBe(0);
  });
});

describe("a replay that is interrupted", () => {
  test("goes on where it was: every event once, and the counts are those of the whole", async () => {
    await manyProcessed(400);
    const { event } = await waitingEvent();
    await shop.db.owner`update stripe_event set received_at = now() - interval '150 seconds' where id = ${event.id}`;
    await askForReplay(shop.db.app, OPERATOR, {});
    const ending = new AbortController();
    const stopping = workshop(shop, ending);
    // The server stops when the replay has granted something, in the middle.
    const stop = setInterval(async () => {
      const [row] = await shop.db.owner`select 1 from replay_result where result = 'GRANTED'`;
      if (row) ending.abort();
    }, 5);
    expect(await replayEvents(stopping, await newestReplay(shop))).toBeNull();
    clearInterval(stop);
    const half = await newestReplay(shop);
    expect(half.done).toBeGreaterThan(0);
    expect(half.done).toBeLessThan(half.total ?? 0);
    const { counts, lines } = await goOn(shop);
    expect(lines).toHaveLength(half.total ?? 0);
    expect(new Set(lines).size).toBe(lines.length);
    expect(counts).toEqual({ GRANTED: 1, NOTHING: lines.length - 1 });
  });

  test("two servers that both believe it is theirs: one goes on, no line twice", async () => {
    await manyProcessed(500);
    await askForReplay(shop.db.app, OPERATOR, {});
    const task = await newestReplay(shop);
    const ends = await Promise.all([1, 2].map(() => replayEvents(workshop(shop), task)));
    expect(ends.filter((end) => end !== null)).toHaveLength(1);
    const [row] = await shop.db.owner`
      select count(*)::int as lines, count(distinct event_id)::int as events from replay_result`;
    expect(row).toEqual({ lines: task.total ?? row?.events, events: row?.lines });
  });
});

describe("asking", () => {
  test("one at a time: another request is refused, the same person's same click is the same replay", async () => {
    const first = await askForReplay(shop.db.app, OPERATOR, { state: "FAILED" });
    expect(await askForReplay(shop.db.app, OPERATOR, { state: "FAILED" })).toBe(first);
    await expect(askForReplay(shop.db.app, OPERATOR, {})).rejects.toMatchObject({ code: "INVALID_STATE" });
    const colleague = { ...OPERATOR, userId: "lr_user_kontrolle" };
    await expect(askForReplay(shop.db.app, colleague, { state: "FAILED" })).rejects.toMatchObject({
      code: "INVALID_STATE",
    });
    await goOn(shop);
    expect(await askForReplay(shop.db.app, OPERATOR, { state: "FAILED" })).not.toBe(first);
  });

  test("the audit trail names the event of a single replay, else the task", async () => {
    const { event } = await waitingEvent();
    await replay(shop, { eventId: event.id });
    const { id } = await replay(shop, { state: "FAILED" });
    const entries = await shop.db.owner`select subject_type, subject_id, after, trace_id from audit_entry order by id`;
    expect(entries).toEqual([
      { subject_type: "EVENT", subject_id: event.id, after: `{"eventId":"${event.id}"}`, trace_id: OPERATOR.traceId },
      { subject_type: "TASK", subject_id: String(id), after: '{"state":"FAILED"}', trace_id: OPERATOR.traceId },
    ]);
  });
});
