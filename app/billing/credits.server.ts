import type { Tx } from "~/db/transaction.server";
import { type Grants, grantedCredits } from "./credit-types";
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
