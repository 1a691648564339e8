import { type Actor, recordChange } from "~/billing/audit.server";
import type { AuditAction } from "~/billing/audit-actions";
import type { CreditType } from "~/billing/credit-types";
import { appendToLedger } from "~/billing/ledger.server";
import { type Db, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";

/** A correction of a balance by hand: credits of one lot, more or less, and why. Above the threshold it waits for a second operator. */
export interface Adjustment {
  id: string;
  tenantId: string;
  type: CreditType;
  delta: number;
  expiresAt: Date;
  reason: string;
  requestedBy: string;
  requestedAt: Date;
  needsApproval: boolean;
  status: "OPEN" | "BOOKED" | "REJECTED";
  decidedBy: string | null;
  decidedAt: Date | null;
  decisionNote: string | null;
}

/** An adjustment with the names of tenant and people. */
export interface NamedAdjustment extends Adjustment {
  tenantName: string;
  requestedByName: string;
  decidedByName: string | null;
}

/** What somebody wants to correct. The same `requestKey` again is the same correction. */
export interface AdjustmentWish {
  tenantId: string;
  type: CreditType;
  delta: number;
  expiresAt: Date;
  reason: string;
  requestKey: string;
}

/** A tenant's adjustments, those that wait first, then newest first, or all that wait for a second person, oldest first. At most 100. */
export function listAdjustments(db: Db, which: { tenantId: string } | "waiting"): Promise<NamedAdjustment[]> {
  return db<NamedAdjustment[]>`
    select a.*, t.name as tenant_name, coalesce(nullif(r.name, ''), r.email) as requested_by_name,
      coalesce(nullif(d.name, ''), d.email) as decided_by_name
    from adjustment a
    join tenant t on t.id = a.tenant_id
    join app_user r on r.id = a.requested_by
    left join app_user d on d.id = a.decided_by
    ${which === "waiting" ? db`where a.status = 'OPEN' order by a.requested_at, a.id` : db`where a.tenant_id = ${which.tenantId} order by a.status = 'OPEN' desc, a.requested_at desc, a.id desc`}
    limit 100`;
}

/** Credits that one person may correct of one tenant within a day without a second one. The database has the last word. */
const ALONE = 10;

/** What a correction would do to its lot now. `refusal`: why it cannot be booked, null when it can. Nothing is locked or written. */
export async function foreseeAdjustment(
  db: Db,
  wish: Pick<AdjustmentWish, "tenantId" | "type" | "delta" | "expiresAt">,
): Promise<{ usable: number; held: number; after: number; refusal: Refusal | null }> {
  const { quantity, held, lapsed } = await readLot(db, wish, false);
  const usable = quantity - held;
  return { usable, held, after: usable + wish.delta, refusal: refusalOf(usable, wish.delta, lapsed) };
}

/** As `foreseeAdjustment`, and whether somebody else must agree. Throws INVALID_BODY for what could not be booked. */
export async function previewAdjustment(
  db: Db,
  actor: Actor,
  wish: Omit<AdjustmentWish, "reason" | "requestKey">,
): Promise<{ usable: number; held: number; after: number; needsApproval: boolean }> {
  const { tenantId, delta } = wish;
  const [{ refusal, ...foreseen }, [alone]] = await Promise.all([
    foreseeAdjustment(db, wish),
    db<{ sum: number }[]>`
      select coalesce(sum(abs(delta)), 0) as sum from adjustment
      where requested_by = ${actor.userId} and tenant_id = ${tenantId} and not needs_approval and status <> 'REJECTED'
        and requested_at > now() - interval '24 hours'`,
  ]);
  if (refusal) throw new DomainError("INVALID_BODY", { fields: refusal });
  return { ...foreseen, needsApproval: Math.abs(delta) + Number(alone?.sum ?? 0) > ALONE };
}

/**
 * Asks for a correction, and books it at once if nobody else must agree. Throws NOT_FOUND, and INVALID_BODY for an expiry that has passed or
 * for more than is there and not frozen, INVALID_STATE for a `requestKey` that has asked for something else.
 */
export function requestAdjustment(sql: Sql, actor: Actor, wish: AdjustmentWish): Promise<Adjustment> {
  const { tenantId, type, delta, expiresAt, reason, requestKey } = wish;
  return transaction(sql, async (tx) => {
    await lockTenant(tx, tenantId);
    const [earlier] = await tx<Adjustment[]>`select * from adjustment where request_key = ${requestKey}`;
    if (earlier) return requireSame(earlier, actor, wish);
    await requireLot(tx, wish);
    const [made] = await tx<Adjustment[]>`
      insert into adjustment (tenant_id, type, delta, expires_at, reason, requested_by, request_key)
      values (${tenantId}, ${type}, ${delta}, ${expiresAt}, ${reason}, ${actor.userId}, ${requestKey})
      on conflict (request_key) do nothing returning *`;
    // Asked for by another tenant's page at this moment.
    if (!made) throw askedOtherwise();
    await record(tx, actor, "ADJUSTMENT_REQUESTED", made, reason);
    return made.needsApproval ? made : book(tx, actor, made);
  });
}

/**
 * Agrees to somebody else's correction and books it. Throws NOT_FOUND, INVALID_STATE for one's own or one that is decided, and as
 * `requestAdjustment`: the balance may have changed since.
 */
export function approveAdjustment(sql: Sql, actor: Actor, tenantId: string, id: string): Promise<Adjustment> {
  return transaction(sql, async (tx) => {
    const adjustment = await lockAdjustment(tx, tenantId, id);
    if (adjustment.requestedBy === actor.userId) {
      throw new DomainError("INVALID_STATE", { fields: { korrektur: "Die zweite Person muss eine andere sein." } });
    }
    await requireLot(tx, adjustment);
    return book(tx, actor, adjustment);
  });
}

/** Refuses a correction, or takes one's own back. Throws NOT_FOUND, INVALID_STATE for one that is decided. */
export function rejectAdjustment(sql: Sql, actor: Actor, tenantId: string, id: string, note: string): Promise<void> {
  return transaction(sql, async (tx) => {
    const adjustment = await lockAdjustment(tx, tenantId, id);
    await tx`
      update adjustment set status = 'REJECTED', decided_by = ${actor.userId}, decided_at = now(), decision_note = ${note}
      where id = ${id} and tenant_id = ${tenantId}`;
    await record(tx, actor, "ADJUSTMENT_REJECTED", { ...adjustment, status: "REJECTED" }, note);
  });
}

async function book(tx: Tx, actor: Actor, adjustment: Adjustment): Promise<Adjustment> {
  const { id, tenantId, type, delta, expiresAt, reason } = adjustment;
  const [booked] = await tx<Adjustment[]>`
    update adjustment set status = 'BOOKED', decided_by = ${actor.userId}, decided_at = now()
    where id = ${id} and tenant_id = ${tenantId} returning *`;
  if (!booked?.decidedAt) throw new Error("An update gives one row.");
  await appendToLedger(tx, [
    {
      ...{ tenantId, type, delta, expiresAt },
      reason: "MANUAL_ADJUST",
      refId: id,
      orderId: null,
      actorUserId: actor.userId,
      note: reason,
      occurredAt: booked.decidedAt,
    },
  ]);
  await record(tx, actor, "ADJUSTMENT_BOOKED", booked, reason);
  return booked;
}

/** The same click again is the same correction; one that was changed after it was sent is not. */
function requireSame(earlier: Adjustment, actor: Actor, wish: AdjustmentWish): Adjustment {
  const isSame =
    earlier.tenantId === wish.tenantId &&
    earlier.requestedBy === actor.userId &&
    earlier.type === wish.type &&
    earlier.delta === wish.delta &&
    earlier.expiresAt.getTime() === wish.expiresAt.getTime() &&
    earlier.reason === wish.reason;
  if (isSame) return earlier;
  throw askedOtherwise();
}

function askedOtherwise(): DomainError {
  return new DomainError("INVALID_STATE", {
    fields: {
      menge:
        "Mit diesem Formular wurde schon eine andere Korrektur verlangt. Prüfen Sie die Liste, bevor Sie diese dazu buchen.",
    },
  });
}

/** Lots are locked after the tenant. */
async function requireLot(tx: Tx, wish: Parameters<typeof readLot>[1] & { delta: number }): Promise<void> {
  const { quantity, held, lapsed } = await readLot(tx, wish, true);
  const refusal = refusalOf(quantity - held, wish.delta, lapsed);
  if (refusal) throw new DomainError("INVALID_BODY", { fields: refusal });
}

async function readLot(
  db: Db,
  { tenantId, type, expiresAt }: Pick<AdjustmentWish, "tenantId" | "type" | "expiresAt">,
  lock: boolean,
): Promise<{ quantity: number; held: number; lapsed: boolean }> {
  const [[clock], [lot]] = await Promise.all([
    db<{ lapsed: boolean }[]>`select ${expiresAt}::timestamptz <= now() as lapsed`,
    db<{ quantity: number; held: number }[]>`
      select quantity, held from tenant_credit_balance
      where tenant_id = ${tenantId} and type = ${type} and expires_at = ${expiresAt} ${lock ? db`for update` : db``}`,
  ]);
  return { quantity: lot?.quantity ?? 0, held: lot?.held ?? 0, lapsed: clock?.lapsed ?? true };
}

/** Why a correction cannot be booked, at the field that is wrong. */
type Refusal = Record<string, string>;

function refusalOf(usable: number, delta: number, lapsed: boolean): Refusal | null {
  if (lapsed) return { bis: "Dieser Tag ist vorbei." };
  if (usable + delta >= 0) return null;
  return { menge: `Das Guthaben reicht nicht: verfügbar ${usable === 1 ? "ist 1" : `sind ${usable}`}.` };
}

async function lockTenant(tx: Tx, tenantId: string): Promise<void> {
  const [tenant] = await tx`select id from tenant where id = ${tenantId} for no key update`;
  if (!tenant) throw new DomainError("NOT_FOUND");
}

async function lockAdjustment(tx: Tx, tenantId: string, id: string): Promise<Adjustment> {
  await lockTenant(tx, tenantId);
  const [adjustment] = await tx<Adjustment[]>`
    select * from adjustment where id = ${id} and tenant_id = ${tenantId} for update`;
  if (!adjustment) throw new DomainError("NOT_FOUND");
  if (adjustment.status !== "OPEN") throw new DomainError("INVALID_STATE");
  return adjustment;
}

function record(tx: Tx, actor: Actor, action: AuditAction, it: Adjustment, reason: string): Promise<void> {
  const { id, tenantId, type, delta, expiresAt, status } = it;
  const change = { action, subject: { type: "ADJUSTMENT" as const, id }, tenantId, reason };
  return recordChange(tx, actor, { ...change, before: null, after: { type, delta, expiresAt, status } });
}
