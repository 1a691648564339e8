import { createHash, randomBytes } from "node:crypto";
import type postgres from "postgres";
import { newBuyer } from "./shop";

/** A device as the page makes one, and its key. */
export interface KeyedDevice {
  id: string;
  tenantId: string;
  apiKey: string;
}

/** A device with a key, by SQL: of any tenant, blocked or not, above the slots if need be. */
export async function insertDevice(
  owner: postgres.Sql,
  tenantId: string,
  { name = "Stand 1", status = "ACTIVE" }: { name?: string; status?: "ACTIVE" | "DISABLED" } = {},
): Promise<KeyedDevice> {
  const apiKey = `lrd_${randomBytes(32).toString("base64url")}`;
  const hash = createHash("sha256").update(apiKey).digest("hex");
  const [device] = await owner<{ id: string }[]>`
    insert into device (tenant_id, name, status, api_key_hash) values (${tenantId}, ${name}, ${status}, ${hash}) returning id`;
  return { id: device?.id ?? "", tenantId, apiKey };
}

/** A device of a fresh tenant. */
export async function newDevice(owner: postgres.Sql, name?: string): Promise<KeyedDevice> {
  const { tenantId } = await newBuyer({ db: { owner } });
  return insertDevice(owner, tenantId, name === undefined ? {} : { name });
}

/** A licence of a tenant that ends so many days from now. @returns its end */
export async function insertLicence(owner: postgres.Sql, tenantId: string, days: number): Promise<string> {
  const [row] = await owner<{ until: Date }[]>`
    insert into tenant_entitlement (tenant_id, valid_until) values (${tenantId}, now() + make_interval(days => ${days}))
    returning valid_until as until`;
  return row?.until.toISOString() ?? "";
}

/** A coupon code with these grants. */
export async function insertCode(
  owner: postgres.Sql,
  code: string,
  grants: { license30d?: number; license365d?: number; slots?: number; max?: number },
): Promise<string> {
  await owner`
    insert into promo_code (code, grant_license_30d, grant_license_365d, grant_device_slots, max_redemptions)
    values (${code}, ${grants.license30d ?? 0}, ${grants.license365d ?? 0}, ${grants.slots ?? 0}, ${grants.max ?? null})`;
  return code;
}

/** How many devices of a tenant take a slot, and how many it may have. */
export async function slotsOf(owner: postgres.Sql, tenantId: string): Promise<{ active: number; max: number }> {
  const [slots] = await owner<{ active: number; max: number }[]>`
    select (select count(*)::int from device where tenant_id = ${tenantId} and status = 'ACTIVE') as active,
      coalesce((select max_devices from tenant_entitlement where tenant_id = ${tenantId}), 1) as max`;
  return slots ?? { active: 0, max: 1 };
}
