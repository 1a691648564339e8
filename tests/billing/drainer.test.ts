import type Stripe from "stripe";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { drainOnce } from "~/jobs/drain.server";
import { createStripeClient } from "~/stripe/gateway.server";
import { type Edge, startEdge } from "../support/edge";
import { gate } from "../support/gate";
import { TEST_SECRET_KEY } from "../support/server";
import { type Bought, buy, newBuyer, openShop, order, type Shop, standing } from "../support/shop";

let shop: Shop;
let edge: Edge;
/** Asks Stripe through the edge. */
let client: Stripe;

beforeAll(async () => {
  shop = await openShop();
  edge = await startEdge(shop.stripe.url);
  client = createStripeClient(TEST_SECRET_KEY, edge.url);
});
afterEach(async () => {
  edge.change = (_path, reply) => reply;
  await shop.db.owner`delete from stripe_event`;
});
afterAll(async () => {
  await edge?.close();
  await shop?.close();
});

const drain = (lane: "sessions" | "others") => drainOnce(shop.db.app, client, false, lane);

/** What a crash leaves: received `ago` seconds before, never processed. */
async function stranded(event: Stripe.Event, ago = 60): Promise<Stripe.Event> {
  await shop.db.owner`
    insert into stripe_event (id, type, payload, stripe_created_at, received_at)
    values (${event.id}, ${event.type}, ${JSON.stringify(event)}, to_timestamp(${event.created}),
      now() - ${ago} * interval '1 second')`;
  return event;
}

async function paid(): Promise<{ bought: Bought; completed: Stripe.Event }> {
  const bought = await order(shop, await newBuyer(shop), "lr_sku_30d_3");
  shop.news();
  await shop.stripe.control.pay(bought.sessionId);
  return { bought, completed: only("checkout.session.completed") };
}

async function refunded(bought: Bought, amount?: number): Promise<Stripe.Event> {
  shop.news();
  await shop.stripe.control.refund(bought.sessionId, { amount });
  return only("refund.created");
}

function only(type: string): Stripe.Event {
  const event = shop.news().find((it) => it.type === type);
  if (!event) throw new Error(`no event ${type}`);
  return event;
}

async function statusOf(event: Stripe.Event): Promise<string> {
  const [row] = await shop.db.owner<{ status: string }[]>`select status from stripe_event where id = ${event.id}`;
  return row?.status ?? "none";
}

const stateOf = async (bought: Bought) => (await standing(shop, bought)).status;

describe("what a crash left behind", () => {
  test("stranded events are processed, payment and refund in their lanes; fresh ones are their delivery's", async () => {
    const one = await paid();
    const other = await buy(shop, await newBuyer(shop), "lr_sku_30d_3");
    const fresh = await paid();
    await stranded(one.completed, 3);
    await stranded(await refunded(other), 3);
    await stranded(fresh.completed, 0);
    await Promise.all([drain("sessions"), drain("others")]);
    expect([await stateOf(one.bought), await stateOf(other)]).toEqual(["PAID", "REFUNDED"]);
    expect(await statusOf(fresh.completed)).toBe("RECEIVED");
  });

  test("four drainers at once: each payment granted once", async () => {
    const all = [];
    for (let i = 0; i < 8; i++) all.push(await paid());
    for (const { completed } of all) await stranded(completed);
    await Promise.all(Array.from({ length: 4 }, () => drain("sessions")));
    await drain("sessions");
    for (const { bought } of all) {
      expect(await standing(shop, bought)).toMatchObject({ status: "PAID", lots: ["LICENSE_30D 3/0"] });
    }
  });

  test("a failed event is left alone until it is due", async () => {
    const { bought, completed } = await paid();
    await stranded(completed);
    await shop.db.owner`
      update stripe_event set status = 'FAILED', attempts = 1, next_attempt_at = now() + interval '1 hour'
      where id = ${completed.id}`;
    await drain("sessions");
    expect(await stateOf(bought)).toBe("PENDING");
    await shop.db.owner`update stripe_event set next_attempt_at = now() where id = ${completed.id}`;
    await drain("sessions");
    expect(await stateOf(bought)).toBe("PAID");
  });
});

describe("a poison event delays nobody else's payment", () => {
  test("an event that another session holds is skipped, not waited for, and done after its release", async () => {
    const held = await paid();
    const other = await paid();
    await stranded(held.completed, 90);
    await stranded(other.completed, 30);
    await shop.db.owner.begin(async (tx) => {
      await tx`select 1 from stripe_event where id = ${held.completed.id} for update`;
      await drain("sessions");
      expect([await stateOf(other.bought), await stateOf(held.bought)]).toEqual(["PAID", "PENDING"]);
      expect(await statusOf(held.completed)).toBe("RECEIVED");
    });
    await drain("sessions");
    expect(await stateOf(held.bought)).toBe("PAID");
  });

  test("an order that another session holds: three older events of it, and the other tenant is credited first", async () => {
    const held = await paid();
    const other = await paid();
    const poison = [1, 2, 3].map((n) => ({ ...held.completed, id: `${held.completed.id}_${n}` }));
    for (const event of poison) await stranded(event, 90);
    await stranded(other.completed, 30);
    await shop.db.owner.begin(async (tx) => {
      await tx`select 1 from billing_order where id = ${held.bought.orderId} for update`;
      const began = performance.now();
      await drain("sessions");
      expect(performance.now() - began).toBeLessThan(3_000); // the lock time-out of a delivery
      expect(await stateOf(other.bought)).toBe("PAID");
      for (const event of poison) expect(await statusOf(event)).toBe("FAILED");
    });
    await shop.db.owner`update stripe_event set next_attempt_at = now() where status = 'FAILED'`;
    await drain("sessions");
    expect(await standing(shop, held.bought)).toMatchObject({ status: "PAID", lots: ["LICENSE_30D 3/0"] });
  });

  test("Stripe hangs over forty older refunds: a payment is credited before the first of them is answered", async () => {
    const sick = await buy(shop, await newBuyer(shop), "lr_sku_30d_3");
    const refund = await refunded(sick, 3_900);
    for (let n = 0; n < 40; n++) await stranded({ ...refund, id: `${refund.id}_${n}` }, 90);
    const { bought, completed } = await paid();
    await stranded(completed, 30);
    const hanging = gate();
    const recovered = gate();
    edge.change = async (_path, reply) => {
      hanging.open();
      await recovered.passed;
      return reply;
    };
    const done: string[] = [];
    const others = drain("others").then(() => done.push("refunds"));
    await hanging.passed;
    await drain("sessions").then(() => done.push("payment"));
    expect(await stateOf(bought)).toBe("PAID");
    expect(done).toEqual(["payment"]);
    recovered.open();
    await others;
    expect(done).toEqual(["payment", "refunds"]);
    expect(await stateOf(sick)).toBe("PARTIALLY_REFUNDED");
  });
});
