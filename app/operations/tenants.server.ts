import { type Actor, recordChange } from "~/billing/audit.server";
import { type Cursor, countUpTo, type Page, pageOf } from "~/billing/paging.server";
import { type Db, type Fragment, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { addUser } from "./tenant-users.server";

/** A tenant as staff see it. */
export interface TenantRow {
  id: string;
  slug: string;
  name: string;
  country: string;
  stripeCustomerId: string | null;
  disabledAt: Date | null;
  createdAt: Date;
}

interface ListedTenant extends TenantRow {
  users: number;
  createdMicros: string;
}

/** A tenant's key in a cursor: when it was made, in microseconds, and its id. */
export const TENANT_KEY = [/^\d{1,17}$/, /^[\x21-\x7d]{1,100}$/];

/** One page of all tenants, newest first; `text`: a tenant's id or slug, how its name begins, or the e-mail of one of its people. */
export async function listTenants(
  db: Db,
  text: string | undefined,
  cursor: Cursor | null,
  limit: number,
): Promise<{ page: Page<ListedTenant>; total: number | "many" }> {
  const where = text ? meaningOf(db, text) : db`true`;
  const isNewer = cursor?.direction === "newer";
  const [micros = "0", id = ""] = cursor?.key ?? [];
  const at = db`(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond', ${id})`;
  const [rows, total] = await Promise.all([
    db<ListedTenant[]>`
      select t.*, (extract(epoch from created_at) * 1000000)::bigint::text as created_micros,
        (select count(*)::int from app_user u where u.tenant_id = t.id) as users
      from tenant t
      where ${where} ${cursor ? (isNewer ? db`and (created_at, id) > ${at}` : db`and (created_at, id) < ${at}`) : db``}
      order by ${isNewer ? db`created_at, id` : db`created_at desc, id desc`} limit ${limit + 1}`,
    countUpTo(db, db`select 1 from tenant t where ${where}`),
  ]);
  return { page: pageOf(rows, limit, cursor, (row) => [row.createdMicros, row.id]), total };
}

function meaningOf(db: Db, text: string): Fragment {
  if (text.includes("@")) return db`id in (select tenant_id from app_user where lower(email) = ${text.toLowerCase()})`;
  const prefix = `${text.toLowerCase().replaceAll(/[\\%_]/g, "\\$&")}%`;
  return db`(id = ${text} or slug = ${text} or lower(name) like ${prefix})`;
}

/** One tenant. Throws NOT_FOUND. */
export async function readTenant(db: Db, tenantId: string): Promise<TenantRow> {
  const [tenant] = await db<TenantRow[]>`select * from tenant where id = ${tenantId}`;
  if (!tenant) throw new DomainError("NOT_FOUND");
  return tenant;
}

/** A tenant to be, and who owns it. */
export interface NewTenant {
  name: string;
  country: string;
  ownerName: string;
  ownerEmail: string;
}

/**
 * Makes a tenant with its owner, who gets in by a link (`createPasswordLink`). The same `requestKey` again is the same tenant, as long as it
 * says the same and the owner has no password: the answer with the first link was lost. Throws INVALID_BODY when the e-mail is taken,
 * INVALID_STATE for a repeated key that says something else, whose link would let a stranger in.
 */
export function createTenant(
  sql: Sql,
  actor: Actor,
  fresh: NewTenant,
  requestKey: string,
): Promise<{ tenantId: string; userId: string }> {
  const tenantId = `tenant_${requestKey}`;
  return transaction(sql, async (tx) => {
    const slug = await freeSlug(tx, fresh.name);
    const [made] = await tx<{ id: string }[]>`
      insert into tenant (id, slug, name, country) values (${tenantId}, ${slug}, ${fresh.name}, ${fresh.country})
      on conflict (id) do nothing returning id`;
    if (!made) return { tenantId, userId: await ownerOfRepeated(tx, tenantId, fresh) };
    await recordChange(tx, actor, {
      action: "TENANT_CREATED",
      subject: { type: "TENANT", id: tenantId },
      tenantId,
      before: null,
      after: { name: fresh.name, country: fresh.country },
      reason: null,
    });
    const owner = { name: fresh.ownerName, email: fresh.ownerEmail, role: "OWNER" as const };
    return { tenantId, userId: await addUser(tx, actor, tenantId, owner) };
  });
}

async function ownerOfRepeated(tx: Tx, tenantId: string, { name, ownerName, ownerEmail }: NewTenant): Promise<string> {
  const [owner] = await tx<{ id: string }[]>`
    select u.id from app_user u join tenant t on t.id = u.tenant_id
    where t.id = ${tenantId} and t.name = ${name} and u.name = ${ownerName} and lower(u.email) = ${ownerEmail.toLowerCase()}
      and u.role = 'OWNER' and u.password_hash = ''`;
  if (owner) return owner.id;
  throw new DomainError("INVALID_STATE", {
    fields: {
      name: "Mit diesem Formular wurde schon ein Konto angelegt. Senden Sie es nochmals, um ein weiteres anzulegen.",
    },
  });
}

/** A name as part of file names and addresses: «Säntis Bühnen AG» is saentis-buehnen-ag. With a number when it is taken. */
async function freeSlug(tx: Tx, name: string): Promise<string> {
  const german: Record<string, string> = { ä: "ae", ö: "oe", ü: "ue", ß: "ss" };
  const plain = name
    .toLowerCase()
    .replaceAll(/[äöüß]/g, (letter) => german[letter] ?? letter)
    .normalize("NFD")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60);
  const base = plain || "konto";
  // One tenant at a time: two made at once would get the same, also "konto" its second and "konto 2" its first.
  await tx`select pg_advisory_xact_lock(hashtextextended('tenant slug', 0))`;
  const taken = new Set(
    (await tx<{ slug: string }[]>`select slug from tenant where slug = ${base} or slug like ${`${base}-%`}`).map(
      (row) => row.slug,
    ),
  );
  for (let n = 1; ; n++) {
    const slug = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(slug)) return slug;
  }
}

/** Changes a tenant's name and country. Throws NOT_FOUND. */
export function changeTenant(
  sql: Sql,
  actor: Actor,
  tenantId: string,
  { name, country }: { name: string; country: string },
): Promise<void> {
  return transaction(sql, async (tx) => {
    const before = await lockTenant(tx, tenantId);
    if (before.name === name && before.country === country) return;
    await tx`update tenant set name = ${name}, country = ${country} where id = ${tenantId}`;
    await recordChange(tx, actor, {
      action: "TENANT_CHANGED",
      subject: { type: "TENANT", id: tenantId },
      tenantId,
      before: { name: before.name, country: before.country },
      after: { name, country },
      reason: null,
    });
  });
}

/**
 * Shuts a tenant out, or lets it in again: its people cannot sign in and their sessions end, its devices are refused; payments on their way are
 * still credited. Already so changes nothing. Throws NOT_FOUND.
 */
export function setTenantDisabled(
  sql: Sql,
  actor: Actor,
  tenantId: string,
  disabled: boolean,
  reason: string,
): Promise<void> {
  return transaction(sql, async (tx) => {
    const before = await lockTenant(tx, tenantId);
    if ((before.disabledAt !== null) === disabled) return;
    await tx`update tenant set disabled_at = ${disabled ? tx`now()` : null} where id = ${tenantId}`;
    if (disabled) {
      await tx`delete from session where user_id in (select id from app_user where tenant_id = ${tenantId} and not operator)`;
    }
    await recordChange(tx, actor, {
      action: disabled ? "TENANT_DISABLED" : "TENANT_ENABLED",
      subject: { type: "TENANT", id: tenantId },
      tenantId,
      before: { disabled: !disabled },
      after: { disabled },
      reason,
    });
  });
}

async function lockTenant(tx: Tx, tenantId: string): Promise<TenantRow> {
  const [tenant] = await tx<TenantRow[]>`select * from tenant where id = ${tenantId} for no key update`;
  if (!tenant) throw new DomainError("NOT_FOUND");
  return tenant;
}
