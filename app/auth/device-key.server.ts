import { createHash, randomBytes } from "node:crypto";
import { database } from "~/db/client.server";

/** A device that has proved itself by its key, and its tenant. */
export interface KnownDevice {
  deviceId: string;
  tenantId: string;
}

/** A new device's key, shown once, and the hash that is kept of it. 256 random bits: nobody can guess one. */
export function newDeviceKey(): { apiKey: string; apiKeyHash: string } {
  const apiKey = `lrd_${randomBytes(32).toString("base64url")}`;
  return { apiKey, apiKeyHash: hashOf(apiKey) };
}

/**
 * The active device with this key, of a tenant that is not disabled; null for any other text. Notes at most once a minute that it was seen, so that a read is not
 * a write each time. The note also proves that the key still counts: it is not taken from a device that was blocked meanwhile.
 */
export async function findDeviceByKey(apiKey: string): Promise<KnownDevice | null> {
  const sql = database();
  const hash = hashOf(apiKey);
  const [device] = await sql<(KnownDevice & { isSeenLately: boolean })[]>`
    select id as device_id, tenant_id, coalesce(last_seen_at > now() - interval '1 minute', false) as is_seen_lately
    from device d
    where api_key_hash = ${hash} and status = 'ACTIVE'
      and not exists (select from tenant t where t.id = d.tenant_id and t.disabled_at is not null)`;
  if (!device) return null;
  const { deviceId, tenantId, isSeenLately } = device;
  if (isSeenLately) return { deviceId, tenantId };
  const noted = await sql`
    update device set last_seen_at = now()
    where id = ${deviceId} and tenant_id = ${tenantId} and api_key_hash = ${hash} and status = 'ACTIVE' returning id`;
  return noted.length > 0 ? { deviceId, tenantId } : null;
}

/** SHA-256 in hex. The key is random, so that nothing slower is needed, and an index finds it. */
function hashOf(apiKey: string): string {
  return createHash("sha256").update(apiKey).digest("hex");
}
