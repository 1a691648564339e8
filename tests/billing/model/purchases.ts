import { placeOrder } from "~/billing/checkout.server";
import { DomainError } from "~/errors";
import { pay } from "./at-stripe";
import { type Model, nameOf, type OrderModel, type Sku } from "./model";
import { choose, type Kind, type Turn } from "./step";
import { newPayment } from "./truth";
import { deliver, expectRefusal, refusalOf } from "./turns";
import { ORIGIN, type World } from "./world";

const MOST_ORDERS = 6;
/** Half an hour before the page would close, Stripe no longer takes the order's parameters. */
const FRESH_MS = 28 * 60_000;

function place(world: World, tenant: number, skuId: string, requestKey: string) {
  const request = { skuId, requestKey, whileOpen: false };
  return refusalOf(placeOrder(world.db.app, world.stripe, world.tenant(tenant), request, ORIGIN));
}

/** What a checkout asks for. */
function wish({ model, a, b, say }: Turn): { sku: Sku; tenant: number; key: string } {
  const { state } = model;
  const sku = choose(state.skus, a);
  const tenant = b % 4 === 0 ? 1 : 0;
  say(`${sku.id} for tenant ${tenant}`);
  return { sku, tenant, key: `key ${state.orders.length} ${state.now}` };
}

/** The order is a snapshot of its SKU; its page closes an hour after the click. */
function remember(
  model: Model,
  sku: Sku,
  rest: Pick<OrderModel, "id" | "tenant" | "key" | "status" | "shown">,
  session: string,
) {
  const { now, orders } = model.state;
  const payment = newPayment(session, sku.cents, Math.floor(now / 1000) + 3_600);
  const { cents, days } = sku;
  const terms = { sku: sku.id, cents, days, grants: { ...sku.grants }, placedAt: now, bound: rest.shown };
  orders.push({ ...rest, ...terms, grant: null, shortfall: [], payment, seen: { refunded: 0, dispute: null } });
}

async function checkout(turn: Turn): Promise<boolean> {
  const { model, world } = turn;
  const { sku, tenant, key } = wish(turn);
  const placed = await place(world, tenant, sku.id, key);
  if (!sku.active) {
    expectRefusal(placed, ["NOT_FOUND"]);
    return false;
  }
  if (placed instanceof DomainError) throw placed;
  const session = String(placed.checkoutUrl.split("/").at(-1));
  remember(model, sku, { id: placed.orderId, tenant, key, status: "PENDING", shown: true }, session);
  return true;
}

/** Stripe makes the session, but its answer never arrives. */
async function lostCheckout(turn: Turn): Promise<boolean> {
  const { model, world } = turn;
  const { sku, tenant, key } = wish(turn);
  world.local.control.setFaults({ apiDown: "lost", apiDownPath: "/v1/checkout/sessions" });
  const placed = await place(world, tenant, sku.id, key);
  world.local.control.setFaults({ apiDown: "off" });
  expectRefusal(placed, [sku.active ? "STRIPE_UNAVAILABLE" : "NOT_FOUND"]);
  if (!sku.active) return false;
  const [order] = await world.db.owner<{ id: string }[]>`select id from billing_order where request_key = ${key}`;
  const { data } = await world.stripe.checkout.sessions.list({ limit: 1 });
  const ids = { id: String(order?.id), tenant, key };
  remember(model, sku, { ...ids, status: "FAILED", shown: false }, String(data[0]?.id));
  return true;
}

/** A purchase without incidents, so that there is something to spend, refund and dispute. */
async function buy(turn: Turn): Promise<boolean> {
  const { model, world } = turn;
  if (!(await checkout(turn))) return false;
  await pay(turn, model.orderAt(model.state.orders.length - 1).payment);
  const waiting = model.state.messages.length;
  world.harvest(model);
  const completed = model.state.messages.slice(waiting).find(({ type }) => type === "checkout.session.completed");
  if (!completed) throw new Error("Stripe says nothing about a payment.");
  await deliver(turn, completed);
  return true;
}

const repeatable = ({ state }: Model) =>
  state.orders.filter(({ shown, placedAt }) => shown || state.now - placedAt < FRESH_MS);

/** The same key: the same order and page; for another SKU a conflict. */
async function clickAgain({ model, world, a, b, say }: Turn): Promise<boolean> {
  const order = choose(repeatable(model), a);
  const skuId = b % 4 === 0 ? choose(model.state.skus, b).id : order.sku;
  say(`${nameOf(model, order)}, ${skuId}`);
  const placed = await place(world, order.tenant, skuId, order.key);
  if (skuId !== order.sku) {
    expectRefusal(placed, ["IDEMPOTENCY_CONFLICT"]);
    return false;
  }
  if (placed instanceof DomainError) throw placed;
  if (placed.orderId !== order.id || !placed.checkoutUrl.endsWith(order.payment.sessionId)) {
    throw new Error(`The same key gave another order or page: ${JSON.stringify(placed)}`);
  }
  // An order without a session is tried again.
  if (!order.bound && order.status === "FAILED") order.status = "PENDING";
  Object.assign(order, { shown: true, bound: true });
  return true;
}

const hasRoom = ({ state }: Model) => state.orders.length < MOST_ORDERS;

/** The ways to an order. */
export const PURCHASES: Kind[] = [
  { name: "checkout", weight: 6, ready: hasRoom, run: checkout },
  { name: "checkout without an answer", weight: 2, ready: hasRoom, run: lostCheckout },
  { name: "buy", weight: 14, ready: hasRoom, run: buy },
  { name: "click again", weight: 2, ready: (model) => repeatable(model).length > 0, run: clickAgain },
];
