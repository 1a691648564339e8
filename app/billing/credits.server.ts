import { type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { type CreditType, type Grants, grantedCredits } from "./credit-types";
import { creditExpiry } from "./expiry";
import { appendToLedger } from "./ledger.server";

/** The part of an order that decides what its payment grants: the snapshot taken at checkout. */
export interface PurchasedGrant extends Grants {
  id: string;
  tenantId: string;
  userId: string | null;
  creditExpiresInDays: number;
}

/**
 * Books the credits of a paid order: one ledger row per type, into the lots that expire at the end of the Zurich day
 * `creditExpiresInDays` after `paidAt`. A second call for the same order is refused by the database.
 */
export async function grantPurchase(tx: Tx, order: PurchasedGrant, sessionId: string, paidAt: Date): Promise<void> {
  const expiresAt = creditExpiry(paidAt, order.creditExpiresInDays);
  await appendToLedger(
    tx,
    grantedCredits(order).map(({ type, quantity }) => ({
      tenantId: order.tenantId,
      type,
      delta: quantity,
      reason: "STRIPE_PURCHASE",
      refId: sessionId,
      orderId: order.id,
      expiresAt,
      actorUserId: order.userId,
      note: null,
      occurredAt: paidAt,
    })),
  );
}

/** Spending one credit, and who spends it. */
export interface Consumption {
  tenantId: string;
  type: CreditType;
  actorUserId: string | null;
  /** What the credit was spent on: the ledger names it. */
  refId: string | null;
}

/** The lot that a credit was taken from. */
export interface ConsumedLot {
  id: string;
  expiresAt: Date;
}

/**
 * Spends one credit: from the lot that expires soonest, never a held or lapsed one. Its lots are locked in the order in which
 * everybody locks them, so that a hundred calls at once spend what there is and no more.
 * Throws CREDITS_ON_HOLD (some are left, all of them frozen), CREDITS_EXPIRED (the last ones lapsed), NO_CREDITS.
 */
export async function consumeCredit(tx: Tx, { tenantId, type, actorUserId, refId }: Consumption): Promise<ConsumedLot> {
  const lots = await tx<Array<ConsumedLot & { quantity: number; held: number; lapsed: boolean; now: Date }>>`
    select id, expires_at, quantity, held, expires_at <= now() as lapsed, now() as now
    from tenant_credit_balance
    where tenant_id = ${tenantId} and type = ${type} and quantity > 0
    order by type, expires_at
    for update`;
  const lot = lots.find((it) => !it.lapsed && it.quantity > it.held);
  if (!lot) throw new DomainError(await refusal(tx, tenantId, type, lots));
  await appendToLedger(tx, [
    {
      tenantId,
      type,
      delta: -1,
      reason: "CREDIT_CONSUME",
      refId,
      orderId: null,
      expiresAt: lot.expiresAt,
      actorUserId,
      note: null,
      occurredAt: lot.now,
    },
  ]);
  return { id: lot.id, expiresAt: lot.expiresAt };
}

/** Why nothing can be spent: frozen before lapsed before never there. */
async function refusal(
  tx: Tx,
  tenantId: string,
  type: CreditType,
  lots: ReadonlyArray<{ held: number; lapsed: boolean }>,
): Promise<"CREDITS_ON_HOLD" | "CREDITS_EXPIRED" | "NO_CREDITS"> {
  if (lots.some((lot) => lot.held > 0)) return "CREDITS_ON_HOLD";
  if (lots.some((lot) => lot.lapsed)) return "CREDITS_EXPIRED";
  // Booked as lapsed already: what moved last in this type's latest lots tells.
  const [last] = await tx<{ reason: string }[]>`
    select reason from tenant_credit_ledger
    where tenant_id = ${tenantId} and type = ${type} and delta < 0 order by id desc limit 1`;
  return last?.reason === "CREDIT_EXPIRE" ? "CREDITS_EXPIRED" : "NO_CREDITS";
}

/** How many lots one transaction books as lapsed. */
const EXPIRE_AT_ONCE = 200;

/**
 * Books what has lapsed: all of a lot but what is held, which lapses at its release. A batch at a time, without waiting for
 * lots that somebody works on; the next run finds them.
 * @returns how many lots were booked
 */
export async function expireLots(sql: Sql): Promise<number> {
  for (let booked = 0; ; ) {
    const batch = await transaction(sql, async (tx) => {
      const lots = await tx<{ tenantId: string; type: CreditType; expiresAt: Date; lapsed: number }[]>`
        select tenant_id, type, expires_at, quantity - held as lapsed from tenant_credit_balance
        where expires_at <= now() and quantity > held
        order by type, expires_at, id
        limit ${EXPIRE_AT_ONCE}
        for update skip locked`;
      await appendToLedger(
        tx,
        lots.map(({ tenantId, type, expiresAt, lapsed }) => ({
          tenantId,
          type,
          delta: -lapsed,
          reason: "CREDIT_EXPIRE",
          refId: null,
          orderId: null,
          expiresAt,
          actorUserId: null,
          note: null,
          occurredAt: expiresAt,
        })),
      );
      return lots.length;
    });
    booked += batch;
    if (batch < EXPIRE_AT_ONCE) return booked;
  }
}
