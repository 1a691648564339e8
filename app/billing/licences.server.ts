import { type Db, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { type CreditType, LICENCE_DAYS } from "./credit-types";
import { consumeCredit } from "./credits.server";
import { extendLicence } from "./expiry";
import type { Overview } from "./overview.server";
import { type Cursor, type Page, pageOf } from "./paging.server";

/** What one credit was spent on. Of a licence `validFrom` and `validUntil`, of a slot `maxDevices` since then. */
export interface Activation {
  id: string;
  type: CreditType;
  validFrom: Date | null;
  validUntil: Date | null;
  maxDevices: number | null;
  createdAt: Date;
}

/** Who spends one credit of which type. `requestKey`: the same click again is the same activation; null is one of its own. */
export interface Spending {
  tenantId: string;
  type: CreditType;
  userId: string | null;
  deviceId: string | null;
  requestKey: string | null;
}

/** Until when a tenant may work, and with how many devices; `now` is the database's clock. */
export interface Entitlement {
  validUntil: Date | null;
  maxDevices: number;
  now: Date;
}

/**
 * Locks what a tenant is entitled to, and makes the row that says "no licence, one device" when there is none. It comes before
 * the lots in the order of locks, so that a tenant's activations and devices are decided one after the other.
 */
export async function lockEntitlement(tx: Tx, tenantId: string): Promise<Entitlement> {
  const [row] = await tx<Entitlement[]>`
    insert into tenant_entitlement (tenant_id) values (${tenantId})
    on conflict (tenant_id) do update set tenant_id = excluded.tenant_id
    returning valid_until, max_devices, now() as now`;
  if (!row) throw new DomainError("NOT_FOUND");
  return row;
}

/**
 * Spends one credit: extends the licence from its end, or from now when it has ended, or adds a device slot. A purchase never
 * does this by itself. Throws NO_CREDITS, CREDITS_EXPIRED, CREDITS_ON_HOLD, IDEMPOTENCY_CONFLICT (key used for another type).
 */
export function spendCredit(sql: Sql, spending: Spending): Promise<Activation> {
  return transaction(sql, async (tx) => {
    const entitlement = await lockEntitlement(tx, spending.tenantId);
    return (await earlierActivation(tx, spending)) ?? activate(tx, spending, entitlement);
  });
}

/** Spends one credit; the entitlement is locked, and the click is a new one. Throws as `spendCredit` does. */
export async function activate(tx: Tx, spending: Spending, entitlement: Entitlement): Promise<Activation> {
  const { tenantId, type, userId, deviceId, requestKey } = spending;
  const next = afterSpending(entitlement, type, entitlement.now);
  const id = crypto.randomUUID();
  await consumeCredit(tx, { tenantId, type, actorUserId: userId, refId: id });
  const [[activation]] = await Promise.all([
    tx<Activation[]>`
      insert into activation (id, tenant_id, type, valid_from, valid_until, max_devices, user_id, device_id, request_key)
      values (${id}, ${tenantId}, ${type}, ${next.validFrom}, ${next.validUntil}, ${next.maxDevices}, ${userId}, ${deviceId},
        ${requestKey})
      returning id, type, valid_from, valid_until, max_devices, created_at`,
    tx`
      update tenant_entitlement
      set valid_until = coalesce(${next.validUntil}, valid_until), max_devices = coalesce(${next.maxDevices}, max_devices)
      where tenant_id = ${tenantId}`,
  ]);
  if (!activation) throw new Error("An insert gives one row.");
  return activation;
}

/** What one more credit makes of an entitlement: the rule behind the preview and the booking. */
export function afterSpending(
  { validUntil, maxDevices }: { validUntil: Date | null; maxDevices: number },
  type: CreditType,
  now: Date,
): { validFrom: Date | null; validUntil: Date | null; maxDevices: number | null } {
  if (type === "DEVICE_SLOT") return { validFrom: null, validUntil: null, maxDevices: maxDevices + 1 };
  const validFrom = validUntil && validUntil > now ? validUntil : now;
  return { validFrom, validUntil: extendLicence(validFrom, LICENCE_DAYS[type]), maxDevices: null };
}

/** The lot that the next credit of a type is taken from, and what it leads to. Null when nothing is usable. */
export function previewSpending({ entitlement, credits, readAt }: Overview, type: CreditType) {
  const lot = credits.find((it) => it.type === type && it.quantity > it.held);
  return lot ? { ...afterSpending(entitlement, type, readAt), lotExpiresAt: lot.expiresAt } : null;
}

async function earlierActivation(tx: Tx, { tenantId, requestKey, type }: Spending): Promise<Activation | null> {
  if (requestKey === null) return null;
  const [earlier] = await tx<Activation[]>`
    select id, type, valid_from, valid_until, max_devices, created_at from activation
    where tenant_id = ${tenantId} and request_key = ${requestKey}`;
  if (earlier && earlier.type !== type) throw new DomainError("IDEMPOTENCY_CONFLICT");
  return earlier ?? null;
}

/** One activation of a tenant. Throws NOT_FOUND, for another tenant's, too. */
export async function readActivation(db: Db, tenantId: string, id: string): Promise<Activation> {
  const [activation] = await db<Activation[]>`
    select id, type, valid_from, valid_until, max_devices, created_at from activation
    where tenant_id = ${tenantId} and id = ${id}`;
  if (!activation) throw new DomainError("NOT_FOUND");
  return activation;
}

/** An activation of a licence, with who did it. */
export interface LicenceActivation {
  id: string;
  type: CreditType;
  validFrom: Date;
  validUntil: Date;
  createdAt: Date;
  /** The creation in microseconds, exact, for the cursor. */
  createdMicros: string;
  /** A person's e-mail address, or a device's name. */
  actor: string | null;
  /** The lot that the credit came from. */
  lotId: string | null;
}

/** An activation's key in a cursor: when it was, in microseconds, and its id. */
export const ACTIVATION_KEY = [/^\d{1,17}$/, /^[\x21-\x7d]{1,100}$/];

/** One page of a tenant's licence activations, newest first, and how many there are. */
export async function listActivations(
  db: Db,
  tenantId: string,
  cursor: Cursor | null,
  limit: number,
): Promise<{ page: Page<LicenceActivation>; total: number }> {
  const isNewer = cursor?.direction === "newer";
  const [micros = "0", id = ""] = cursor?.key ?? [];
  const at = db`timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond'`;
  const [rows, [count]] = await Promise.all([
    db<LicenceActivation[]>`
      select a.id, a.type, a.valid_from, a.valid_until, a.created_at,
        (extract(epoch from a.created_at) * 1000000)::bigint::text as created_micros,
        coalesce(u.email, d.name) as actor, l.balance_id as lot_id
      from activation a
      left join app_user u on u.id = a.user_id
      left join device d on d.id = a.device_id and d.tenant_id = a.tenant_id
      left join tenant_credit_ledger l on l.ref_id = a.id and l.reason = 'CREDIT_CONSUME' and l.tenant_id = a.tenant_id
      where a.tenant_id = ${tenantId} and a.type <> 'DEVICE_SLOT'
        ${cursor ? (isNewer ? db`and (a.created_at, a.id) > (${at}, ${id})` : db`and (a.created_at, a.id) < (${at}, ${id})`) : db``}
      order by a.created_at ${isNewer ? db`asc` : db`desc`}, a.id ${isNewer ? db`asc` : db`desc`}
      limit ${limit + 1}`,
    db<{ total: number }[]>`
      select count(*)::int as total from activation where tenant_id = ${tenantId} and type <> 'DEVICE_SLOT'`,
  ]);
  return { page: pageOf(rows, limit, cursor, (row) => [row.createdMicros, row.id]), total: count?.total ?? 0 };
}
