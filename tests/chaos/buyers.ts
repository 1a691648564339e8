import type { Agent } from "node:http";
import { KeptConnections } from "../sandbox/kept-connections";
import { seeded } from "../sandbox/random";
import type { Control } from "../sandbox/stripe";
import { CHECKOUT_API } from "../support/api";
import { signedIn } from "../support/http";
import { raw } from "../support/raw";
import { pause } from "./pause";
import { type Purchase, planPurchase } from "./plan";
import type { World } from "./world";

/** Buyers wait while so many deliveries are under way, or these would fall further and further behind. */
const MOST_UNDER_WAY = 100;
const ANSWER_LIMIT_MS = 12_000;
const RETRY_PAUSE_MS = 150;
const CALLS_PER_CONNECTION = 4;
const PATIENCE_MS = { delayed: 300, aftermath: 1_200 };

/** What came of a purchase, as its buyer knows it. */
export interface Bought {
  purchase: Purchase;
  orderId: string;
  sessionId: string;
  /** When the money was on its way for good, in ms; null: never. */
  paidAt: number | null;
}

export interface Market {
  bought: Bought[];
  /** How often the checkout gave which answer. */
  answers: Map<string, number>;
  faults: string[];
}

/** Nothing bought yet. */
export function openMarket(): Market {
  return { bought: [], answers: new Map(), faults: [] };
}

/** Signs every tenant in, then buys and pays, so many buyers at a time, until all is bought or the signal says stop. */
export async function runMarket(
  world: World,
  market: Market,
  options: { purchases: number; seed: number; buyers: number; signal: AbortSignal },
): Promise<void> {
  const { purchases, seed, signal } = options;
  const cookies = await signAllIn(world, signal);
  const agent = new KeptConnections(CALLS_PER_CONNECTION);
  const tenantIds = [...world.owners.keys()];
  const afterwards: Promise<void>[] = [];
  let next = 0;
  const buyer = async () => {
    while (next < purchases && !signal.aborted) {
      const purchase = planPurchase(seed, next++, tenantIds);
      while (world.stripe.deliveriesUnderWay() > MOST_UNDER_WAY && !signal.aborted) await pause(10, signal);
      const shop = { world, agent, cookie: cookies.get(purchase.tenantId) ?? "", market, signal };
      const order = await checkOut(shop, purchase);
      if (order === null) return;
      const paidAt = await follow(world.stripe.control, order.sessionId, purchase, signal);
      market.bought.push({ purchase, ...order, paidAt });
      if (paidAt !== null) afterwards.push(changeMind(world.stripe.control, order.sessionId, purchase, market, signal));
    }
  };
  await Promise.all(Array.from({ length: options.buyers }, buyer));
  await Promise.all(afterwards);
  agent.destroy();
  if (market.bought.length < purchases) market.faults.push(`only ${market.bought.length} of ${purchases} were bought`);
}

async function signAllIn(world: World, signal: AbortSignal): Promise<Map<string, string>> {
  const cookies = new Map<string, string>();
  for (const [tenantId, email] of world.owners) {
    while (!cookies.has(tenantId) && !signal.aborted) {
      await signedIn(world.origin, email).then(
        (visitor) => cookies.set(tenantId, visitor.cookie),
        () => pause(RETRY_PAUSE_MS, signal),
      );
    }
  }
  return cookies;
}

interface Shop {
  world: World;
  agent: Agent;
  cookie: string;
  market: Market;
  signal: AbortSignal;
}

type Order = Pick<Bought, "orderId" | "sessionId">;

/** One click, repeated until there is a page to pay at; null when the run ends before. */
async function checkOut(shop: Shop, purchase: Purchase): Promise<Order | null> {
  const clicks = await Promise.all(
    Array.from({ length: purchase.isDoubleClick ? 2 : 1 }, (_, click) => insist(shop, purchase, click)),
  );
  const [first, second] = clicks;
  if (first && second && (first.orderId !== second.orderId || first.sessionId !== second.sessionId)) {
    shop.market.faults.push(`purchase ${purchase.index}: one click, two orders: ${JSON.stringify(clicks)}`);
  }
  return clicks.includes(null) ? null : (first ?? null);
}

async function insist(shop: Shop, purchase: Purchase, click: number): Promise<Order | null> {
  const random = seeded(purchase.key, click);
  const body = JSON.stringify({ skuId: purchase.skuId });
  while (!shop.signal.aborted) {
    const answer = await raw(
      { app: shop.world.balancer },
      {
        method: "POST",
        path: CHECKOUT_API,
        headers: {
          cookie: shop.cookie,
          origin: shop.world.origin,
          "content-type": "application/json",
          "content-length": String(body.length),
          "idempotency-key": purchase.key,
        },
        body,
        agent: shop.agent,
        timeoutMs: ANSWER_LIMIT_MS,
      },
    ).catch((error: NodeJS.ErrnoException) => ({ status: error.code ?? error.name, text: "" }));
    const { answers, faults } = shop.market;
    answers.set(String(answer.status), (answers.get(String(answer.status)) ?? 0) + 1);
    if (answer.status === 200) {
      const orderId = /"orderId":"([^"]+)"/.exec(answer.text)?.[1];
      const sessionId = /\/c\/pay\/(cs_\w+)"/.exec(answer.text)?.[1];
      if (orderId !== undefined && sessionId !== undefined) return { orderId, sessionId };
    }
    // A database or Stripe that is away may be said; anything else is a bug.
    if (typeof answer.status === "number" && ![502, 503].includes(answer.status)) {
      faults.push(`checkout ${purchase.index} was answered ${answer.status}: ${answer.text.slice(0, 300)}`);
    }
    await pause(RETRY_PAUSE_MS + random.below(RETRY_PAUSE_MS), shop.signal);
  }
  return null;
}

/** Takes the course at the pay page; answers when the money was on its way for good, in ms. */
async function follow(
  control: Control,
  sessionId: string,
  { course, random }: Purchase,
  signal: AbortSignal,
): Promise<number | null> {
  switch (course) {
    case "pay":
      break;
    case "decline, pay":
      await control.decline(sessionId);
      break;
    case "decline, leave":
      await control.decline(sessionId);
      return null;
    case "pay later":
    case "fail later":
      await control.payLater(sessionId);
      await pause(random.below(PATIENCE_MS.delayed), signal);
      if (course === "fail later") await control.fail(sessionId);
      break;
    case "expire":
      await control.expire(sessionId);
      return null;
    case "leave":
      return null;
  }
  if (course === "fail later") return null;
  const paidAt = Date.now();
  await (course === "pay later" ? control.settle(sessionId) : control.pay(sessionId));
  return paidAt;
}

/** Gives some of the money back, soon enough that this may overtake the grant. */
async function changeMind(
  control: Control,
  sessionId: string,
  { aftermath, random, index }: Purchase,
  market: Market,
  signal: AbortSignal,
): Promise<void> {
  if (aftermath === "none") return;
  try {
    await pause(random.below(PATIENCE_MS.aftermath), signal);
    if (aftermath === "refund") await control.refund(sessionId);
    if (aftermath === "partial refund") {
      const steps = 1 + random.below(2);
      for (let step = 0; step < steps; step += 1)
        await control.refund(sessionId, { amount: 100 + random.below(1_500) });
    }
    if (!aftermath.startsWith("dispute")) return;
    const { id } = await control.dispute(sessionId);
    await pause(random.below(PATIENCE_MS.aftermath), signal);
    if (aftermath === "dispute won") await control.winDispute(id);
    if (aftermath === "dispute lost") await control.loseDispute(id);
  } catch (error) {
    market.faults.push(`purchase ${index}, ${aftermath}: ${String(error)}`);
  }
}
