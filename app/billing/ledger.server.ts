import type { Tx } from "~/db/transaction.server";
import type { CreditType } from "./credit-types";
import type { LedgerReason } from "./ledger-reasons";

/** One movement of one lot. The lot is named by tenant, type and `expiresAt`; it is made when it does not exist. */
export interface LedgerEntry {
  tenantId: string;
  type: CreditType;
  delta: number;
  reason: LedgerReason;
  refId: string | null;
  orderId: string | null;
  expiresAt: Date;
  actorUserId: string | null;
  note: string | null;
  /** When it happened in the world; the time of writing is the database's. */
  occurredAt: Date;
}

/**
 * Writes movements: the only writer of the ledger. The database moves the lots, draws ids and links the hash chain
 * (db/migrations/0003_credits.sql). Sorted by lot, so that two transactions lock lots in the same order.
 */
export async function appendToLedger(tx: Tx, entries: readonly LedgerEntry[]): Promise<void> {
  const rows = [...entries]
    .sort((a, b) => a.type.localeCompare(b.type) || a.expiresAt.getTime() - b.expiresAt.getTime())
    .map((entry) => ({
      tenant_id: entry.tenantId,
      type: entry.type,
      delta: entry.delta,
      reason: entry.reason,
      ref_id: entry.refId,
      order_id: entry.orderId,
      expires_at: entry.expiresAt,
      actor_user_id: entry.actorUserId,
      note: entry.note,
      occurred_at: entry.occurredAt,
    }));
  if (rows.length > 0) await tx`insert into tenant_credit_ledger ${tx(rows)}`;
}
