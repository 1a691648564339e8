import { deepStrictEqual } from "node:assert";
import type { Model, OrderModel } from "./model";
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
  deepStrictEqual(spoken(found, world), expected(model), "the database (+) is not what the model (-) says");
  for (const order of found.orders) expectShortfall(model, order);
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

function spoken(found: Snapshot, world: World): string[] {
  const tenant = (id: string) => world.tenants.findIndex(({ tenantId }) => tenantId === id);
  const lots = found.lots.map(
    (lot) => `lot of ${tenant(lot.tenant)}, ${lot.type}, ${instant(lot.at)}: ${lot.quantity}, ${lot.held} held`,
  );
  const orders = found.orders.map(
    (it) => `order ${it.id}: ${it.status}, paid ${it.paid} at ${instant(it.paid_at)}, ${it.refunded} refunded`,
  );
  return [...lots, ...orders].sort();
}

function expected({ state }: Model): string[] {
  const lots = state.lots.map(
    (lot) => `lot of ${lot.tenant}, ${lot.type}, ${instant(lot.expiresAt)}: ${lot.quantity}, ${lot.held} held`,
  );
  const orders = state.orders.map((it) => {
    const paid = it.grant ? `${it.cents} at ${instant(it.grant.paidAt)}` : "null at never";
    return `order ${it.id}: ${it.status}, paid ${paid}, ${it.seen.refunded} refunded`;
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
      throw new Error(`Order ${order.id}: shortfall of ${type} is ${quantity}, not ${least} to ${most}`);
    }
    noted.delete(type);
  }
  if (noted.size > 0) throw new Error(`Order ${order.id}: a shortfall from nowhere: ${found.review}`);
}
