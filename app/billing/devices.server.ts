import { type Db, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { type Actor, recordChange } from "./audit.server";
import { lockEntitlement } from "./licences.server";
import { type Cursor, type Page, pageOf } from "./paging.server";

/** One of a tenant's devices. An active one takes a slot. */
export interface Device {
  id: string;
  name: string;
  status: "ACTIVE" | "DISABLED";
  lastSeenAt: Date | null;
  createdAt: Date;
}

/** The list's key in a cursor: microseconds since 1970, in which the database keeps time, and the id. */
export const DEVICE_KEY = [/^\d{1,16}$/, /^[\x21-\x7d]{1,100}$/];

/** One page of a tenant's devices, blocked ones too, the newest first. */
export async function listDevices(
  db: Db,
  tenantId: string,
  cursor: Cursor | null,
  limit: number,
): Promise<Page<Device>> {
  const [micros = "0", id = ""] = cursor?.key ?? [];
  const isNewer = cursor?.direction === "newer";
  const at = db`(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond', ${id})`;
  const rows = await db<(Device & { micros: string })[]>`
    select id, name, status, last_seen_at, created_at, (extract(epoch from created_at) * 1000000)::bigint::text as micros
    from device
    where tenant_id = ${tenantId}
      ${cursor ? (isNewer ? db`and (created_at, id) > ${at}` : db`and (created_at, id) < ${at}`) : db``}
    order by ${isNewer ? db`created_at, id` : db`created_at desc, id desc`} limit ${limit + 1}`;
  return pageOf(rows, limit, cursor, (row) => [row.micros, row.id]);
}

/** How many devices a tenant has, blocked ones too. */
export async function countDevices(db: Db, tenantId: string): Promise<number> {
  const [count] = await db<{ all: number }[]>`
    select count(*)::int as all from device where tenant_id = ${tenantId}`;
  return count?.all ?? 0;
}

/** What a new device is called, the hash of its key, and the click that creates it. */
interface NewDevice {
  name: string;
  apiKeyHash: string;
  requestKey: string | null;
}

/**
 * Creates an active device; of its key only the hash is known here. The same `requestKey` again is the same device with the new
 * key, as long as it was never seen: the answer with the first one was lost.
 * Throws DEVICE_LIMIT_REACHED when all slots are taken, INVALID_STATE for a repeated click after the device was seen or blocked.
 */
export function createDevice(
  sql: Sql,
  tenantId: string,
  fresh: NewDevice,
  actor: Actor | null = null,
): Promise<Device> {
  const { name, apiKeyHash, requestKey } = fresh;
  return transaction(sql, async (tx) => {
    const { maxDevices } = await lockEntitlement(tx, tenantId);
    const repeated = requestKey === null ? null : await renewKey(tx, tenantId, requestKey, apiKeyHash);
    if (repeated) return repeated;
    await requireFreeSlot(tx, tenantId, maxDevices);
    const [device] = await tx<Device[]>`
      insert into device (tenant_id, name, api_key_hash, request_key)
      values (${tenantId}, ${name}, ${apiKeyHash}, ${requestKey})
      returning id, name, status, last_seen_at, created_at`;
    if (!device) throw new Error("An insert gives one row.");
    await record(tx, actor, "DEVICE_CREATED", tenantId, device);
    return device;
  });
}

async function renewKey(tx: Tx, tenantId: string, requestKey: string, apiKeyHash: string): Promise<Device | null> {
  const [device] = await tx<Device[]>`
    select id, name, status, last_seen_at, created_at from device
    where tenant_id = ${tenantId} and request_key = ${requestKey} for update`;
  if (!device) return null;
  if (device.lastSeenAt || device.status !== "ACTIVE") throw new DomainError("INVALID_STATE");
  await tx`update device set api_key_hash = ${apiKeyHash} where id = ${device.id} and tenant_id = ${tenantId}`;
  return device;
}

/**
 * Blocks a device or lets it work again; already so changes nothing. Throws NOT_FOUND, for another tenant's, too, and
 * DEVICE_LIMIT_REACHED when there is no slot for it.
 */
export function setDeviceStatus(
  sql: Sql,
  tenantId: string,
  deviceId: string,
  status: Device["status"],
  actor: Actor | null = null,
): Promise<Device> {
  return transaction(sql, async (tx) => {
    const { maxDevices } = await lockEntitlement(tx, tenantId);
    const device = await readDevice(tx, tenantId, deviceId);
    if (device.status === status) return device;
    if (status === "ACTIVE") await requireFreeSlot(tx, tenantId, maxDevices);
    await tx`update device set status = ${status} where id = ${deviceId} and tenant_id = ${tenantId}`;
    await record(tx, actor, status === "ACTIVE" ? "DEVICE_ENABLED" : "DEVICE_DISABLED", tenantId, device);
    return { ...device, status };
  });
}

/** `actor`: null for a program, which leaves no entry in the audit trail. */
async function record(
  tx: Tx,
  actor: Actor | null,
  action: "DEVICE_CREATED" | "DEVICE_ENABLED" | "DEVICE_DISABLED",
  tenantId: string,
  { id, name }: Device,
): Promise<void> {
  if (!actor) return;
  const subject = { type: "DEVICE" as const, id };
  await recordChange(tx, actor, { action, subject, tenantId, before: null, after: { name }, reason: null });
}

/** One device of a tenant. Throws NOT_FOUND, for another tenant's, too. */
export async function readDevice(db: Db, tenantId: string, deviceId: string): Promise<Device> {
  const [device] = await db<Device[]>`
    select id, name, status, last_seen_at, created_at from device where tenant_id = ${tenantId} and id = ${deviceId}`;
  if (!device) throw new DomainError("NOT_FOUND");
  return device;
}

async function requireFreeSlot(tx: Tx, tenantId: string, maxDevices: number): Promise<void> {
  const [count] = await tx<{ active: number }[]>`
    select count(*)::int as active from device where tenant_id = ${tenantId} and status = 'ACTIVE'`;
  const activeDevices = count?.active ?? 0;
  if (activeDevices >= maxDevices)
    throw new DomainError("DEVICE_LIMIT_REACHED", { shown: { activeDevices, maxDevices } });
}
