import { deepStrictEqual } from "node:assert";
import { type Model, nameOf, type OrderModel } from "./model";
import type { World } from "./world";

interface Snapshot {
  lots: Array<{ tenant: string; type: string; at: number; quantity: number; held: number; ledger: number }>;
  orders: Array<{
    id: string;
    status: string;
    refunded: number;
    paid: number | null;
    paid_at: number | null;
    review: string | null;
  }>;
}

/**
 * Reads what the sequence's tenants have, in one question, which also moves the database's clock to the model's: what the next
 * command finds.
 */
export async function readSnapshot(world: World, now: number): Promise<Snapshot> {
  const ids = world.tenants.map(({ tenantId }) => tenantId);
  const [row] = await world.db.owner<Snapshot[]>`
    with tick as (update clock.at set now = ${new Date(now)})
    select (
        select coalesce(json_agg(json_build_object('tenant', tenant_id, 'type', type, 'at', extract(epoch from expires_at) * 1000,
          'quantity', quantity, 'held', held,
          'ledger', (select coalesce(sum(delta), 0) from tenant_credit_ledger l where l.balance_id = b.id))), '[]')
        from tenant_credit_balance b where tenant_id = any(${ids})) as lots,
      (
        select coalesce(json_agg(json_build_object('id', id, 'status', status, 'refunded', refunded_cents, 'paid', paid_cents,
          'paid_at', extract(epoch from paid_at) * 1000, 'review', review_reason)), '[]')
        from billing_order where tenant_id = any(${ids})) as orders`;
  if (!row) throw new Error("The question always has one answer.");
  return row;
}

/** Throws unless every lot is sound in itself and the model and the database say the same of lots and orders. */
export function expectSame(model: Model, world: World, found: Snapshot): void {
  for (const lot of found.lots) {
    const isSound = lot.quantity === lot.ledger && 0 <= lot.held && lot.held <= lot.quantity;
    if (!isSound) throw new Error(`A lot is not sound: ${JSON.stringify(lot)}`);
  }
  deepStrictEqual(spoken(found, model, world), expected(model), "the database (+) is not what the model (-) says");
  for (const order of found.orders) expectShortfall(model, order);
  expectWholeShortfall(model, found);
}

/** Whether they say the same. */
export function isSame(model: Model, world: World, found: Snapshot): boolean {
  try {
    expectSame(model, world, found);
    return true;
  } catch {
    return false;
  }
}

const instant = (ms: number | null) => (ms === null ? "never" : new Date(ms).toISOString());

function spoken(found: Snapshot, model: Model, world: World): string[] {
  const tenant = (id: string) => world.tenants.findIndex(({ tenantId }) => tenantId === id);
  const lots = found.lots.map(
    (lot) => `lot of ${tenant(lot.tenant)}, ${lot.type}, ${instant(lot.at)}: ${lot.quantity}, ${lot.held} held`,
  );
  const order = (id: string) => model.state.orders.findIndex((it) => it.id === id);
  const orders = found.orders.map(
    (it) => `order ${order(it.id)}: ${it.status}, paid ${it.paid} at ${instant(it.paid_at)}, ${it.refunded} refunded`,
  );
  return [...lots, ...orders].sort();
}

function expected({ state }: Model): string[] {
  const lots = state.lots.map(
    (lot) => `lot of ${lot.tenant}, ${lot.type}, ${instant(lot.expiresAt)}: ${lot.quantity}, ${lot.held} held`,
  );
  const orders = state.orders.map((it, n) => {
    const paid = it.grant ? `${it.cents} at ${instant(it.grant.paidAt)}` : "null at never";
    return `order ${n}: ${it.status}, paid ${paid}, ${it.seen.refunded} refunded`;
  });
  return [...lots, ...orders].sort();
}

/** The review says how much was spent before it could be taken back, and nothing else ends up there. */
function expectShortfall(model: Model, found: { id: string; review: string | null }): void {
  const order = model.state.orders.find(({ id }) => id === found.id) as OrderModel;
  const noted = new Map(
    [...(found.review ?? "").matchAll(/(\d+) × (\w+)/g)].map(([, quantity, type]) => [type, Number(quantity)]),
  );
  if (found.review !== null && !found.review.startsWith("SHORTFALL"))
    throw new Error(`Order in review: ${found.review}`);
  for (const { type, least, most } of order.shortfall) {
    const quantity = noted.get(type) ?? 0;
    if (quantity < least || quantity > most) {
      throw new Error(`${nameOf(model, order)}: shortfall of ${type} is ${quantity}, not ${least} to ${most}`);
    }
    noted.delete(type);
  }
  if (noted.size > 0) throw new Error(`${nameOf(model, order)}: a shortfall from nowhere: ${found.review}`);
}

/** In a lot of several orders a lapsed credit excuses one of them only: together they must name all that was spent. */
function expectWholeShortfall({ state }: Model, found: Snapshot): void {
  for (const lot of state.lots.filter(({ orders }) => orders > 1)) {
    const sharers = state.orders.filter(({ grant }) => grant?.shares.some(([, share]) => share.lot === lot));
    const missing = sharers.flatMap(({ grant }) => grant?.shares ?? []).filter(([, share]) => share.lot === lot);
    const least = missing.reduce((sum, [, share]) => sum + share.missing, 0) - lot.lapsed;
    const reviews = found.orders
      .filter(({ id }) => sharers.some((it) => it.id === id))
      .map(({ review }) => review ?? "");
    const noted = reviews.flatMap((review) => [...review.matchAll(new RegExp(`(\\d+) × ${lot.type}`, "g"))]);
    const sum = noted.reduce((total, [, quantity]) => total + Number(quantity), 0);
    if (sum < least) throw new Error(`${lot.type}: ${sum} of at least ${least} spent credits are named as shortfall`);
  }
}
