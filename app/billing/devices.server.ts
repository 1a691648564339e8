import { createHash, randomBytes } from "node:crypto";
import { type Db, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { lockEntitlement } from "./licences.server";

/** One of a tenant's devices. An active one takes a slot. */
export interface Device {
  id: string;
  name: string;
  status: "ACTIVE" | "DISABLED";
  lastSeenAt: Date | null;
  createdAt: Date;
}

/** How a device's key is kept: as its SHA-256, in hex. The key itself has 256 random bits, so that nothing slower is needed. */
export function hashApiKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/**
 * Creates an active device and its key, which is shown once and never kept. The same `requestKey` again is the same device with a new
 * key, as long as it was never seen: the answer with the first one was lost.
 * Throws DEVICE_LIMIT_REACHED when all slots are taken, INVALID_STATE for a repeated click after the device was seen.
 */
export function createDevice(
  sql: Sql,
  tenantId: string,
  { name, requestKey }: { name: string; requestKey: string | null },
): Promise<{ device: Device; apiKey: string }> {
  const apiKey = `lrd_${randomBytes(32).toString("base64url")}`;
  return transaction(sql, async (tx) => {
    const { maxDevices } = await lockEntitlement(tx, tenantId);
    const repeated = requestKey === null ? null : await renewKey(tx, tenantId, requestKey, apiKey);
    if (repeated) return { device: repeated, apiKey };
    await requireFreeSlot(tx, tenantId, maxDevices);
    const [device] = await tx<Device[]>`
      insert into device (tenant_id, name, api_key_hash, request_key)
      values (${tenantId}, ${name}, ${hashApiKey(apiKey)}, ${requestKey})
      returning id, name, status, last_seen_at, created_at`;
    if (!device) throw new Error("An insert gives one row.");
    return { device, apiKey };
  });
}

async function renewKey(tx: Tx, tenantId: string, requestKey: string, apiKey: string): Promise<Device | null> {
  const [device] = await tx<Device[]>`
    select id, name, status, last_seen_at, created_at from device
    where tenant_id = ${tenantId} and request_key = ${requestKey} for update`;
  if (!device) return null;
  if (device.lastSeenAt || device.status !== "ACTIVE") throw new DomainError("INVALID_STATE");
  await tx`update device set api_key_hash = ${hashApiKey(apiKey)} where id = ${device.id} and tenant_id = ${tenantId}`;
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
): Promise<Device> {
  return transaction(sql, async (tx) => {
    const { maxDevices } = await lockEntitlement(tx, tenantId);
    const device = await readDevice(tx, tenantId, deviceId);
    if (device.status === status) return device;
    if (status === "ACTIVE") await requireFreeSlot(tx, tenantId, maxDevices);
    await tx`update device set status = ${status} where id = ${deviceId} and tenant_id = ${tenantId}`;
    return { ...device, status };
  });
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
