import { setTimeout as pause } from "node:timers/promises";
import type Stripe from "stripe";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Edge, startEdge } from "../support/edge";
import { deliver, signed } from "../support/events";
import { type AppServer, startAppServer } from "../support/server";
import { type Bought, newBuyer, openShop, order, type Shop, standing } from "../support/shop";

/** The built server, a local Stripe that tells nobody anything (the test delivers), and an edge between the two. */
let shop: Shop;
let edge: Edge;
let app: AppServer;

beforeAll(async () => {
  shop = await openShop();
  edge = await startEdge(shop.stripe.url);
  app = await startAppServer({ databaseUrl: shop.db.url, stripeBase: edge.url });
});
afterEach(() => {
  edge.change = (_path, reply) => reply;
  shop.stripe.control.setFaults({ apiDown: "off" });
});
afterAll(async () => {
  await app?.stop();
  await edge?.close();
  await shop?.close();
});

/** Ordered and paid at Stripe. @returns the order and the event that says so, not delivered */
async function paid(): Promise<{ bought: Bought; completed: Stripe.Event }> {
  const bought = await order(shop, await newBuyer(shop), "lr_sku_30d_3");
  shop.news();
  await shop.stripe.control.pay(bought.sessionId);
  return { bought, completed: only("checkout.session.completed") };
}

/** Ordered, paid and granted here; of the payment's other news nothing was heard. */
async function granted(): Promise<Bought> {
  const { bought, completed } = await paid();
  expect((await deliver(app.origin, completed)).status).toBe(200);
  return bought;
}

/** The first new event of a type. */
function only(type: string): Stripe.Event {
  const event = shop.news().find((it) => it.type === type);
  if (!event) throw new Error(`no event ${type}`);
  return event;
}

async function refunded(bought: Bought, amount?: number): Promise<Stripe.Event> {
  shop.news();
  await shop.stripe.control.refund(bought.sessionId, { amount });
  return only("refund.created");
}

async function row(event: { id: string }) {
  const [found] = await shop.db.owner`
    select status, next_attempt_at, attempts from stripe_event where id = ${event.id}`;
  return found;
}

const WAITING = { status: "FAILED", next_attempt_at: expect.any(Date) };

/** Waits until the server's drainer has brought the order there. */
const comesTo = (bought: Bought, state: { status: string; lots: string[] }) =>
  expect.poll(() => standing(shop, bought), { interval: 50 }).toMatchObject(state);

describe("news in the wrong order or of a strange kind", () => {
  test("a refund before its payment: 503, kept; once the payment arrives, the drainer settles it", async () => {
    const { bought, completed } = await paid();
    const refund = await refunded(bought, 3_900);
    expect((await deliver(app.origin, refund)).status).toBe(503);
    expect(await row(refund)).toMatchObject(WAITING);
    expect((await deliver(app.origin, completed)).status).toBe(200);
    await comesTo(bought, { status: "PARTIALLY_REFUNDED", lots: ["LICENSE_30D 2/0"] });
    expect(await row(refund)).toMatchObject({ status: "PROCESSED", next_attempt_at: null });
  });

  test("a refund whose marker names an unknown order: 503, kept", async () => {
    const { bought } = await paid();
    const refund = await refunded(bought);
    const object = { ...refund.data.object, payment_intent: "pi_x", charge: "ch_x" };
    const metadata = { app: "leadradar-billing", orderId: "not-there-yet" };
    const event = { ...refund, data: { object: { ...object, metadata } } };
    expect((await deliver(app.origin, event)).status).toBe(503);
    expect(await row(event)).toMatchObject(WAITING);
  });

  test("refund and dispute of somebody else's payment on the same account: 200, IGNORED", async () => {
    const session = await shop.client.checkout.sessions.create({
      mode: "payment",
      line_items: [{ price: "price_lr_30d_3", quantity: 1 }],
      success_url: "https://another.example/thanks",
    });
    shop.news();
    await shop.stripe.control.pay(session.id);
    await shop.stripe.control.refund(session.id, { amount: 100 });
    await shop.stripe.control.dispute(session.id);
    for (const event of shop.news()) {
      expect((await deliver(app.origin, event)).status).toBe(200);
      expect({ type: event.type, ...(await row(event)) }).toMatchObject({ type: event.type, status: "IGNORED" });
    }
  });

  test("a dispute on a fully refunded charge: DISPUTED, nothing more to take", async () => {
    const bought = await granted();
    expect((await deliver(app.origin, await refunded(bought))).status).toBe(200);
    const { id } = await shop.stripe.control.dispute(bought.sessionId);
    await shop.stripe.control.loseDispute(id);
    for (const event of shop.news()) expect((await deliver(app.origin, event)).status).toBe(200);
    const state = await standing(shop, bought);
    expect(state).toMatchObject({ status: "DISPUTED", refunded: 11_700, review: null, lots: ["LICENSE_30D 0/0"] });
  });

  test.each([
    ["without payment_intent", ["payment_intent"]],
    ["without object", ["object"]],
    ["without either", ["payment_intent", "object"]],
    ["without charge", ["charge", "object"]],
  ])("payloads of old API versions, %s, find their order", async (_name, left) => {
    const bought = await granted();
    const send = async (event: Stripe.Event) => {
      const fields = Object.entries(event.data.object).filter(([name]) => !left.includes(name));
      const old = { ...event, api_version: "2015-10-16", data: { object: Object.fromEntries(fields) } };
      expect((await deliver(app.origin, old)).status).toBe(200);
      expect(await row(event)).toMatchObject({ status: "PROCESSED" });
    };
    await send(await refunded(bought, 3_900));
    expect(await standing(shop, bought)).toMatchObject({ status: "PARTIALLY_REFUNDED", lots: ["LICENSE_30D 2/0"] });
    await shop.stripe.control.dispute(bought.sessionId);
    await send(only("charge.dispute.created"));
    expect(await standing(shop, bought)).toMatchObject({ status: "DISPUTED", lots: ["LICENSE_30D 2/2"] });
  });

  test("a thin event: 400, and no row", async () => {
    const event = {
      id: "evt_thin_1",
      object: "v2.core.event",
      type: "v1.billing.meter.no_meter_found",
      livemode: false,
    };
    const { body, header } = signed(JSON.stringify(event));
    const answer = await fetch(`${app.origin}/api/webhooks/stripe`, {
      method: "POST",
      body: body.toString(),
      headers: { "stripe-signature": header },
    });
    expect(answer.status).toBe(400);
    expect(await row(event)).toBeUndefined();
  });
});

describe("Stripe has a bad day", () => {
  const faults: Array<[string, () => void]> = [
    ["answers 500", () => shop.stripe.control.setFaults({ apiDown: "500" })],
    ["never answers", () => shop.stripe.control.setFaults({ apiDown: "hang" })],
    ["closes the connection", () => shop.stripe.control.setFaults({ apiDown: "refuse" })],
    ["loses its answer", () => shop.stripe.control.setFaults({ apiDown: "lost" })],
    ["answers 404 with an empty object", () => answering({ status: 404, body: "{}" })],
    ["answers 200 with a page", () => answering({ status: 200, body: "<html>down for maintenance</html>" })],
    ["answers 200 with another object", () => answering({ status: 200, body: '{"object":"unicorn"}' })],
  ];
  const answering = (reply: { status: number; body: string }) => {
    edge.change = () => reply;
  };

  test.each(faults)("it %s: 503 within 10 s, kept, no transaction left open; settled later", async (_name, begin) => {
    const bought = await granted();
    const refund = await refunded(bought);
    begin();
    const watch = watchTransactions();
    const began = performance.now();
    const answer = await deliver(app.origin, refund);
    const took = performance.now() - began;
    expect(answer.status).toBe(503);
    expect(took).toBeLessThan(10_000);
    expect(await row(refund)).toMatchObject(WAITING);
    expect(await standing(shop, bought)).toMatchObject({ status: "PAID", lots: ["LICENSE_30D 3/0"] });
    expect(await watch.longest()).toBeLessThan(200);
    edge.change = (_path, reply) => reply;
    shop.stripe.control.setFaults({ apiDown: "off" });
    await comesTo(bought, { status: "REFUNDED", lots: ["LICENSE_30D 0/0"] });
  });

  // PAYMENTS.md section 3 rule 7 and section 11: a delivery is given up after 10 s; four calls of 2.7 s each last longer.
  // Today it takes as long as the calls together, up to 4 × 4 s.
  test("each answer takes 2.7 s, and the order must be looked for at Stripe: still answered within 10 s", async () => {
    const refund = await refunded(await granted());
    const object = Object.fromEntries(Object.entries(refund.data.object).filter(([name]) => name !== "payment_intent"));
    edge.change = (_path, reply) => pause(2_700, reply);
    const began = performance.now();
    await deliver(app.origin, { ...refund, data: { object } });
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

/** Looks all the time for sessions that are idle in a transaction. `longest`: how long, in ms, any of them was. */
function watchTransactions(): { longest(): Promise<number> } {
  let over = false;
  const watching = (async () => {
    let longest = 0;
    while (!over) {
      const [found] = await shop.db.owner<{ ms: number }[]>`
        select coalesce(max(extract(epoch from clock_timestamp() - state_change) * 1000), 0)::int as ms
        from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`;
      longest = Math.max(longest, found?.ms ?? 0);
      await pause(20);
    }
    return longest;
  })();
  return {
    longest: () => {
      over = true;
      return watching;
    },
  };
}
