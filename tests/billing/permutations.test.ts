import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { storedEvent } from "~/billing/event-inbox.server";
import { inParallel } from "~/billing/parallel";
import { processEvent } from "~/billing/stripe-events.server";
import { again, type Bought, brokenBooks, newBuyer, openShop, order, type Shop, standing, tell } from "../support/shop";

let shop: Shop;

beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop?.close());

/** One step of a payment's life at Stripe, and the type of the one event by which it is told here. */
interface Step {
  type: string;
  act(life: Life): Promise<unknown>;
}

interface Life {
  bought: Bought;
  refundId: string;
  disputeId: string;
}

const PAID: Step = {
  type: "checkout.session.completed",
  act: ({ bought }) => shop.stripe.control.pay(bought.sessionId),
};
const PARTIAL: Step = {
  type: "refund.created",
  act: ({ bought }) => shop.stripe.control.refund(bought.sessionId, { amount: 3_900 }),
};
const FULL: Step = {
  type: "charge.refunded",
  act: async (life) => {
    life.refundId = (await shop.stripe.control.refund(life.bought.sessionId)).id;
  },
};
const FAILED: Step = { type: "refund.failed", act: ({ refundId }) => shop.stripe.control.failRefund(refundId) };
const OPENED: Step = {
  type: "charge.dispute.created",
  act: async (life) => {
    life.disputeId = (await shop.stripe.control.dispute(life.bought.sessionId)).id;
  },
};
const WON: Step = { type: "charge.dispute.closed", act: ({ disputeId }) => shop.stripe.control.winDispute(disputeId) };
const LOST: Step = {
  type: "charge.dispute.closed",
  act: ({ disputeId }) => shop.stripe.control.loseDispute(disputeId),
};
/** Silent: the second dispute of a payment is told by its end alone. */
const LOST_AGAIN: Step = {
  type: LOST.type,
  act: async (life) => {
    await OPENED.act(life);
    await LOST.act(life);
  },
};

/** What every order of a history's events must come to: three credits for 117.00, counted by hand. */
interface End {
  status: string;
  refunded: number;
  lots: string[];
  sum: number;
}

const HISTORIES: ReadonlyArray<{ name: string; steps: Step[]; end: End }> = [
  {
    name: "refunded in part, then in full",
    steps: [PAID, PARTIAL, FULL],
    end: { status: "REFUNDED", refunded: 11_700, lots: ["LICENSE_30D 0/0"], sum: 0 },
  },
  {
    name: "refunded in part, then in full, which fails",
    steps: [PAID, PARTIAL, FULL, FAILED],
    end: { status: "PARTIALLY_REFUNDED", refunded: 3_900, lots: ["LICENSE_30D 2/0"], sum: 2 },
  },
  {
    name: "refunded in part, disputed, still open",
    steps: [PAID, PARTIAL, OPENED],
    end: { status: "DISPUTED", refunded: 3_900, lots: ["LICENSE_30D 2/2"], sum: 2 },
  },
  {
    name: "refunded in part, disputed, won",
    steps: [PAID, PARTIAL, OPENED, WON],
    end: { status: "PARTIALLY_REFUNDED", refunded: 3_900, lots: ["LICENSE_30D 2/0"], sum: 2 },
  },
  {
    name: "refunded in part, disputed, lost",
    steps: [PAID, PARTIAL, OPENED, LOST],
    end: { status: "DISPUTED", refunded: 3_900, lots: ["LICENSE_30D 0/0"], sum: 0 },
  },
];

const SIX = [PAID, PARTIAL, OPENED, WON, FULL, LOST_AGAIN];
const SIX_END: End = { status: "DISPUTED", refunded: 11_700, lots: ["LICENSE_30D 0/0"], sum: 0 };
/** Of the 720 orders of six events, `npm test` takes every thirteenth; PERMUTATIONS=all takes each. */
const STRIDE = process.env.PERMUTATIONS === "all" ? 1 : 13;

describe("each order of the events, as they can overtake each other on the way, ends alike", () => {
  test.each(HISTORIES)(
    "$name",
    async ({ steps, end }) => {
      for (const sequence of permutations(steps.length)) {
        const told = await overtaking(steps, sequence);
        expect({ sequence, ...(await endOf(told)) }).toEqual({ sequence, open: 0, ...end });
      }
      expect(await brokenBooks(shop)).toEqual([]);
    },
    120_000,
  );
});

test("paid, refunded, disputed, won, refunded in full, lost: told in any order once all is over", async () => {
  const chosen = permutations(SIX.length).filter((_, index) => index % STRIDE === 0);
  const lives = [];
  for (const sequence of chosen) lives.push({ sequence, ...(await live(SIX, SIX.length)) });
  await inParallel(lives, 4, async ({ sequence, life, events }) => {
    const told = sequence.map((index) => events[index]).filter((it) => it !== undefined);
    await tell(shop, [...told, ...told.slice(0, 2).map(again)]);
    expect({ sequence, ...(await endOf(life.bought)) }).toEqual({ sequence, open: 0, ...SIX_END });
  });
  expect(await brokenBooks(shop)).toEqual([]);
}, 900_000);

/** Tells the events in this sequence. Stripe is never further than the newest event told, so each reads another state. */
async function overtaking(steps: Step[], sequence: readonly number[]): Promise<Bought> {
  const { life, events } = await live(steps, 0);
  for (const index of sequence) {
    while (events.length <= index) events.push(await take(life, steps[events.length]));
    await tellTwice(events[index]);
  }
  return life.bought;
}

/** A new order and the first `count` steps of its payment's life. @returns their events */
async function live(steps: Step[], count: number): Promise<{ life: Life; events: Stripe.Event[] }> {
  const bought = await order(shop, await newBuyer(shop), "lr_sku_30d_3");
  const life: Life = { bought, refundId: "", disputeId: "" };
  const events: Stripe.Event[] = [];
  for (const step of steps.slice(0, count)) events.push(await take(life, step));
  return { life, events };
}

async function take(life: Life, step: Step | undefined): Promise<Stripe.Event> {
  await step?.act(life);
  const [event] = (await shop.client.events.list({ type: step?.type, limit: 1 })).data;
  if (!event) throw new Error(`no event ${step?.type}`);
  return event;
}

/** The event and its double under another id. */
async function tellTwice(event: Stripe.Event | undefined): Promise<void> {
  if (event) await tell(shop, [event, again(event)]);
}

/** Where the order is once Stripe has delivered again what came too early. */
async function endOf(bought: Bought): Promise<End & { open: number }> {
  const open = () => shop.db.owner<{ id: string }[]>`
    select id from stripe_event where order_id = ${bought.orderId} and status not in ('PROCESSED', 'IGNORED')`;
  for (const { id } of await open()) {
    const event = await storedEvent(shop.db.app, id);
    if (event) await processEvent(shop.db.app, shop.client, event, false);
  }
  const { status = "", refunded = -1, lots } = await standing(shop, bought);
  const [row] = await shop.db.owner<{ sum: number }[]>`
    select sum(delta)::int as sum from tenant_credit_ledger where order_id = ${bought.orderId}`;
  return { status, refunded, lots, sum: row?.sum ?? -1, open: (await open()).length };
}

/** All orders of the numbers below `n`. */
function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
  );
}
