import { consumeCredit, expireLots } from "~/billing/credits.server";
import { storedEvent } from "~/billing/event-inbox.server";
import { reconcile } from "~/billing/reconciliation.server";
import { settleOrder } from "~/billing/settlement.server";
import { processEvent } from "~/billing/stripe-events.server";
import { transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { TYPES } from "./books";
import { isSame, readSnapshot } from "./compare";
import { type Message, type Model, nameOf, type Sku } from "./model";
import { reconcileModel } from "./reconciled";
import { choose, type Kind, type Turn } from "./step";
import { about, deliver, expectRefusal, refusalOf } from "./turns";
import { skuColumns } from "./world";

/** Stripe shows events of 30 days; a sequence must stay within. */
const LONGEST = 25 * 86_400_000;

function delivery(name: string, weight: number, states: Array<Message["state"]>): Kind {
  const eligible = (model: Model) => model.state.messages.filter((it) => states.includes(it.state));
  return {
    name,
    weight,
    ready: (model) => eligible(model).length > 0,
    run: async ({ a, b, say, ...turn }) => {
      const message = choose(eligible(turn.model), a + 7 * b);
      say(about(message));
      await deliver(turn, message);
      return true;
    },
  };
}

async function secondId({ model, world, a, b, say }: Turn): Promise<boolean> {
  const message = choose(model.state.messages, a + 7 * b);
  const copy = world.copy(message);
  say(`${about(message)} as …${copy.id.slice(-4)}`);
  model.state.messages.push(copy);
  await deliver({ model, world }, copy);
  return true;
}

const known = (model: Model) => model.state.messages.filter((it) => it.state !== "under way");

async function replay({ model, world, a, b, say }: Turn): Promise<boolean> {
  const message = choose(known(model), a + 7 * b);
  say(about(message));
  const event = await storedEvent(world.db.app, message.id);
  if (!event) throw new Error(`${about(message)} is not in the inbox`);
  const { result } = await processEvent(world.db.app, world.stripe, event, false, "replay");
  const expected = model.receive(message, true);
  const isRefused = (outcome: string) => outcome === "retry" || outcome === "set aside";
  if (isRefused(result) !== isRefused(expected)) throw new Error(`${about(message)}: replay gave ${result}`);
  return true;
}

async function consume({ model, world, a, b, say }: Turn): Promise<boolean> {
  const tenant = b % 4 === 0 ? 1 : 0;
  // What there is most of: a sequence that only asks in vain proves little.
  const stocked = model.state.lots.filter((lot) => lot.tenant === tenant && lot.quantity > 0);
  const type = stocked.length > 0 && b % 5 > 0 ? choose(stocked, a).type : choose(TYPES, a);
  const { tenantId, userId } = world.tenant(tenant);
  const spending = { tenantId, type, actorUserId: userId, refId: null };
  say(`${type} of tenant ${tenant}`);
  const spent = await refusalOf(transaction(world.db.app, (tx) => consumeCredit(tx, spending)));
  const refusals = model.consume(tenant, type);
  if (refusals) {
    expectRefusal(spent, refusals);
    return false;
  }
  if (spent instanceof DomainError) throw spent;
  return true;
}

async function readAgain({ model, world, a, say }: Turn): Promise<boolean> {
  const order = choose(model.state.orders, a);
  const at = { id: order.id, tenantId: world.tenant(order.tenant).tenantId };
  const step = await settleOrder(world.db.app, world.stripe, at, order.payment.sessionId);
  model.settle(order);
  say(`${nameOf(model, order)}: ${step}`);
  if (["unknown", "review", "stripe away"].includes(step)) throw new Error(`Reading ${order.id} again: ${step}`);
  return true;
}

async function heal({ model, world, b, say }: Turn): Promise<boolean> {
  const { db, stripe, time } = world;
  const scope = { full: b % 2 === 0, now: new Date(time.now) };
  const report = await reconcile(db.app, stripe, false, scope);
  if (!report.complete || report.differences.length > 0) throw new Error(JSON.stringify(report.differences));
  const found = await readSnapshot(world, time.now);
  if (!reconcileModel(model, (it) => isSame(it, world, found))) {
    // Let the comparison that follows every command tell the difference.
    say("no serial order of its steps leads here");
    return true;
  }
  const rows = await db.owner<{ id: string; status: string }[]>`select id, status from stripe_event`;
  for (const message of model.state.messages) {
    const status = rows.find(({ id }) => id === message.id)?.status;
    if (status !== undefined) message.since ??= time.now;
    message.state = status === undefined ? "under way" : status === "FAILED" ? "refused" : "done";
  }
  say(`${scope.full ? "full" : "new only"}, ${report.healed} healed`);
  return true;
}

async function editSku({ model, world, a, b, say }: Turn): Promise<boolean> {
  const sku = choose(model.state.skus, a);
  const [l30, l365, slots] = choose(
    [
      [1, 0, 0],
      [10, 0, 3],
      [3, 7, 0],
      [0, 2, 1],
      [7, 7, 7],
    ] as const,
    a + b,
  );
  sku.grants = { LICENSE_30D: l30, LICENSE_365D: l365, DEVICE_SLOT: slots };
  sku.days = choose([1, 1, 2, 3], b);
  const isDearer = b % 3 === 0;
  if (isDearer) sku.cents = choose([100, 333, 9_999, 29_000, 7], a + b);
  const price = isDearer ? { stripe_price_id: await world.newPrice(sku) } : {};
  await saveSku({ world }, sku, price);
  say(`${sku.id} grants ${l30}/${l365}/${slots}, ${sku.days} days, ${sku.cents}`);
  return true;
}

async function switchSku({ model, world, a, say }: Turn): Promise<boolean> {
  // Off is rare, so that most checkouts find something to buy.
  const off = model.state.skus.filter(({ active }) => !active);
  const sku = off[0] ?? choose(model.state.skus, a);
  sku.active = !sku.active;
  await saveSku({ world }, sku, {});
  say(`${sku.id} ${sku.active ? "on" : "off"}`);
  return true;
}

async function saveSku({ world }: Pick<Turn, "world">, sku: Sku, price: object): Promise<void> {
  const { owner } = world.db;
  await owner`update billing_sku set ${owner({ ...skuColumns(sku), ...price })} where id = ${sku.id}`;
}

async function passTime({ model, b, say }: Turn): Promise<boolean> {
  const hours = choose([1, 2, 11, 24, 25, 48], b);
  model.state.now += hours * 3_600_000;
  say(`${hours} hours, to ${new Date(model.state.now).toISOString()}`);
  return true;
}

const always = () => true;
const hasOrders = (model: Model) => model.state.orders.length > 0;

/** Everything that reaches our own side, or happens there. */
export const IN_SYSTEM: Kind[] = [
  delivery("deliver", 14, ["under way", "refused"]),
  delivery("deliver again", 3, ["done"]),
  { name: "second event id", weight: 2, ready: ({ state }) => state.messages.length > 0, run: secondId },
  { name: "replay", weight: 4, ready: (model) => known(model).length > 0, run: replay },
  { name: "return page", weight: 3, ready: hasOrders, run: readAgain },
  { name: "consume", weight: 10, ready: ({ state }) => state.lots.length > 0, run: consume },
  {
    name: "expire job",
    weight: 3,
    ready: always,
    run: async ({ model, world }) => {
      await expireLots(world.db.app);
      model.expire();
      return true;
    },
  },
  { name: "time jump", weight: 3, ready: ({ state }) => state.now - state.began < LONGEST, run: passTime },
  { name: "edit SKU", weight: 2, ready: always, run: editSku },
  { name: "switch SKU", weight: 1, ready: always, run: switchSku },
  { name: "reconcile", weight: 1, ready: hasOrders, run: heal },
];
