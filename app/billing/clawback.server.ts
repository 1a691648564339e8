import type { Db, Tx } from "~/db/transaction.server";
import type { CreditType } from "./credit-types";
import { appendToLedger, type LedgerEntry } from "./ledger.server";

/** What Stripe says about an order's money, as far as it concerns the credits. Amounts in cents. */
export interface Claim {
  paidCents: number;
  refundedCents: number;
  dispute: "open" | "won" | "lost" | null;
  /** Whether the dispute was open already when it was last looked at. */
  wasOpen: boolean;
  /** The refund or dispute that the rows name, and when it happened. */
  refundId: string | null;
  disputeId: string | null;
  at: Date;
}

/** One type of an order's grant: what became of it so far, and what its lot holds. */
export interface GrantState {
  granted: number;
  /** Taken back, less what was given back. */
  taken: number;
  /** To be taken back, but spent or lapsed. Settled: never taken later. */
  uncollected: number;
  /** Of this order's credits, frozen. */
  held: number;
  lotQuantity: number;
  lotHeld: number;
}

/** What is to be done about one type. */
export interface Settlement {
  refund: number;
  disputeLost: number;
  giveBack: number;
  held: number;
  uncollected: number;
}

/**
 * Decides from levels alone, so that any order of the events ends alike (docs/payments.md, "Refunds and disputes"): the
 * refunded share of the grant, rounded down, all of it at a full refund or a lost dispute, goes back, less what went before; an
 * open dispute freezes the rest. Both take at most what is left in the lot of the grant.
 */
export function settle(state: GrantState, claim: Claim): Settlement {
  const { granted, taken, uncollected, held } = state;
  const full = claim.refundedCents > 0 && claim.refundedCents >= claim.paidCents;
  const share = full ? granted : Math.floor((granted * claim.refundedCents) / Math.max(1, claim.paidCents));
  const target = claim.dispute === "lost" ? granted : share;
  const settled = taken + uncollected;

  const missing = Math.max(0, target - settled);
  const free = state.lotQuantity - (state.lotHeld - held);
  const take = Math.min(missing, free);
  const over = Math.max(0, settled - target);
  const forgiven = Math.min(over, uncollected);
  const giveBack = over - forgiven;

  const refund = Math.min(take, Math.max(0, share - settled));
  const left = uncollected + missing - take - forgiven;
  const rest = granted - (taken + take - giveBack) - left;
  // While it stays open the hold never grows by credits of a later purchase in the same lot.
  const reach = claim.wasOpen ? held + giveBack : rest;
  const hold = claim.dispute === "open" ? Math.max(0, Math.min(reach, rest, free - take + giveBack)) : 0;
  return { refund, disputeLost: take - refund, giveBack, held: hold, uncollected: left };
}

interface GrantRow extends GrantState {
  type: CreditType;
  balanceId: string;
  expiresAt: Date;
  /** Lapsed credits of the lot that no other order has counted as its own. */
  lapsed: number;
}

/**
 * Brings the credits of an order to where its money is. The order is locked; here its lots follow, sorted by type.
 * @returns the credits that should have gone back but had been spent (lapsed ones do not count), if that has changed
 */
export async function settleGrant(
  tx: Tx,
  order: { id: string; tenantId: string },
  claim: Claim,
): Promise<{ changed: boolean; spent: Array<{ type: CreditType; quantity: number }> }> {
  const grants = await lockGrants(tx, order);
  const steps = grants.map((grant) => ({ grant, next: settle(grant, claim) }));
  // Holds shrink before credits go and grow after credits came, so that a lot never holds more than it has.
  for (const { grant, next } of steps) await keep(tx, order, grant, Math.min(grant.held, next.held), next.uncollected);
  await appendToLedger(
    tx,
    steps.flatMap(({ grant, next }) => entries(order, grant, next, claim)),
  );
  for (const { grant, next } of steps) {
    if (next.held > grant.held) await keep(tx, order, grant, next.held, next.uncollected);
  }
  return {
    changed: steps.some(({ grant, next }) => grant.uncollected !== next.uncollected),
    spent: steps
      .map(({ grant, next }) => ({ type: grant.type, quantity: Math.max(0, next.uncollected - grant.lapsed) }))
      .filter((it) => it.quantity > 0),
  };
}

async function lockGrants(tx: Tx, order: { id: string; tenantId: string }): Promise<GrantRow[]> {
  await tx`
    select id from tenant_credit_balance
    where tenant_id = ${order.tenantId} and id in (
      select balance_id from tenant_credit_ledger
      where order_id = ${order.id} and tenant_id = ${order.tenantId} and reason = 'STRIPE_PURCHASE')
    order by type, expires_at
    for update`;
  return readGrants(tx, order);
}

/** An order's grants as they stand, by type; without locks, for a preview, or under them. */
export async function readGrants(db: Db, order: { id: string; tenantId: string }): Promise<GrantRow[]> {
  return db<GrantRow[]>`
    select g.type, g.balance_id, g.expires_at, g.delta as granted, b.quantity as lot_quantity, b.held as lot_held,
      coalesce(c.held, 0) as held, coalesce(c.uncollected, 0) as uncollected,
      coalesce((
        select -sum(l.delta) from tenant_credit_ledger l
        where l.order_id = g.order_id and l.type = g.type
          and l.reason in ('STRIPE_REFUND', 'STRIPE_REFUND_REVERSAL', 'STRIPE_DISPUTE_LOST')), 0)::int as taken,
      greatest(0, coalesce((
        select -sum(l.delta) from tenant_credit_ledger l
        where l.balance_id = g.balance_id and l.reason = 'CREDIT_EXPIRE'), 0) - coalesce((
        select sum(other.uncollected) from order_credit other
        where other.balance_id = g.balance_id and other.order_id <> g.order_id), 0))::int as lapsed
    from tenant_credit_ledger g
    join tenant_credit_balance b on b.id = g.balance_id and b.tenant_id = g.tenant_id
    left join order_credit c on c.order_id = g.order_id and c.type = g.type
    where g.order_id = ${order.id} and g.tenant_id = ${order.tenantId} and g.reason = 'STRIPE_PURCHASE'
    order by g.type`;
}

async function keep(
  tx: Tx,
  order: { id: string; tenantId: string },
  grant: GrantRow,
  held: number,
  uncollected: number,
): Promise<void> {
  if (held === grant.held && uncollected === grant.uncollected) return;
  await tx`
    insert into order_credit (order_id, tenant_id, type, balance_id, held, uncollected)
    values (${order.id}, ${order.tenantId}, ${grant.type}, ${grant.balanceId}, ${held}, ${uncollected})
    on conflict (order_id, type) do update set held = excluded.held, uncollected = excluded.uncollected`;
}

function entries(
  order: { id: string; tenantId: string },
  grant: GrantRow,
  next: Settlement,
  claim: Claim,
): LedgerEntry[] {
  const moves = [
    { reason: "STRIPE_REFUND" as const, delta: -next.refund, refId: claim.refundId },
    { reason: "STRIPE_DISPUTE_LOST" as const, delta: -next.disputeLost, refId: claim.disputeId },
    { reason: "STRIPE_REFUND_REVERSAL" as const, delta: next.giveBack, refId: claim.refundId ?? claim.disputeId },
  ];
  return moves
    .filter((move) => move.delta !== 0)
    .map((move) => ({
      ...move,
      tenantId: order.tenantId,
      type: grant.type,
      orderId: order.id,
      expiresAt: grant.expiresAt,
      actorUserId: null,
      note: null,
      occurredAt: claim.at,
    }));
}
