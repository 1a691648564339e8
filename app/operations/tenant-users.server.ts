import { createHash, randomBytes } from "node:crypto";
import { type Actor, recordChange } from "~/billing/audit.server";
import { type Db, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";

export type Role = "OWNER" | "ADMIN" | "VIEWER";

/** A person of a tenant. */
export interface TenantUser {
  id: string;
  name: string;
  email: string;
  role: Role;
  operator: boolean;
  disabledAt: Date | null;
  hasPassword: boolean;
  createdAt: Date;
}

const LINK_DAYS = 7;

/** The people of a tenant, the first ones first. */
export function listUsers(db: Db, tenantId: string): Promise<TenantUser[]> {
  return db<TenantUser[]>`
    select id, name, email, role, operator, disabled_at, password_hash <> '' as has_password, created_at
    from app_user where tenant_id = ${tenantId} order by created_at, id limit 500`;
}

/** Adds a person to a tenant, without a password. @returns the id. Throws INVALID_BODY when the e-mail is taken. */
export async function addUser(
  tx: Tx,
  actor: Actor,
  tenantId: string,
  { name, email, role }: { name: string; email: string; role: Role },
): Promise<string> {
  const [user] = await tx<{ id: string }[]>`
    insert into app_user (tenant_id, name, email, role) values (${tenantId}, ${name}, ${email.toLowerCase()}, ${role})
    on conflict (lower(email)) do nothing returning id`;
  if (!user) throw new DomainError("INVALID_BODY", { fields: { email: "Diese E-Mail gehört schon zu einem Zugang." } });
  await record(tx, actor, tenantId, "USER_CREATED", user.id, null, { name, email: email.toLowerCase(), role });
  return user.id;
}

/** Adds a person to a tenant that is there. Throws NOT_FOUND, and as `addUser`. */
export function addUserTo(
  sql: Sql,
  actor: Actor,
  tenantId: string,
  user: { name: string; email: string; role: Role },
): Promise<string> {
  return transaction(sql, async (tx) => {
    await lockPeople(tx, tenantId);
    return addUser(tx, actor, tenantId, user);
  });
}

/** Gives a person another role. Throws NOT_FOUND, and INVALID_STATE for the last owner. */
export function setUserRole(sql: Sql, actor: Actor, tenantId: string, userId: string, role: Role): Promise<void> {
  return transaction(sql, async (tx) => {
    const user = await lockUser(tx, tenantId, userId);
    if (user.role === role) return;
    if (role !== "OWNER") await keepAnOwner(tx, tenantId, user);
    await tx`update app_user set role = ${role} where id = ${userId} and tenant_id = ${tenantId}`;
    await record(tx, actor, tenantId, "USER_CHANGED", userId, { role: user.role }, { role });
  });
}

/** Shuts a person out and ends its sessions, or lets it in again. Throws NOT_FOUND, and INVALID_STATE for the last owner. */
export function setUserDisabled(
  sql: Sql,
  actor: Actor,
  tenantId: string,
  userId: string,
  disabled: boolean,
): Promise<void> {
  return transaction(sql, async (tx) => {
    const user = await lockUser(tx, tenantId, userId);
    if ((user.disabledAt !== null) === disabled) return;
    if (disabled) {
      await keepAnOwner(tx, tenantId, user);
      await tx`delete from session where user_id = ${userId}`;
      await tx`delete from password_link where user_id = ${userId} and used_at is null`;
    }
    await tx`
      update app_user set disabled_at = ${disabled ? tx`now()` : null} where id = ${userId} and tenant_id = ${tenantId}`;
    const action = disabled ? "USER_DISABLED" : "USER_ENABLED";
    await record(tx, actor, tenantId, action, userId, { disabled: !disabled }, { disabled });
  });
}

/**
 * Makes a link with which a person sets its password, once, within seven days; earlier unused ones stop working. Only its hash is kept.
 * Throws NOT_FOUND, and INVALID_STATE for staff, whom nobody else may become, and for a disabled person.
 */
export function createPasswordLink(sql: Sql, actor: Actor, tenantId: string, userId: string): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  return transaction(sql, async (tx) => {
    const user = await lockUser(tx, tenantId, userId);
    if (user.operator || user.disabledAt) throw new DomainError("INVALID_STATE");
    await tx`delete from password_link where user_id = ${userId} and used_at is null`;
    await tx`
      insert into password_link (token_hash, user_id, created_by, expires_at)
      values (${sha256(token)}, ${userId}, ${actor.userId}, now() + make_interval(days => ${LINK_DAYS}))`;
    await record(tx, actor, tenantId, "PASSWORD_LINK_CREATED", userId, null, { email: user.email });
    return token;
  });
}

/** Whether a link still sets a password; reading it does not use it up. */
export async function isLinkLive(db: Db, token: string): Promise<boolean> {
  const [link] = await db`
    select from password_link l join app_user u on u.id = l.user_id
    where l.token_hash = ${sha256(token)} and l.used_at is null and l.expires_at > now() and u.disabled_at is null
      and not u.operator`;
  return link !== undefined;
}

/** Sets the password of a link's owner, once, and ends the owner's sessions. Throws INVALID_STATE for a link that no longer counts. */
export function usePasswordLink(sql: Sql, traceId: string, token: string, passwordHash: string): Promise<void> {
  return transaction(sql, async (tx) => {
    const [row] = await tx<{ userId: string | null }[]>`
      select use_password_link(${sha256(token)}, ${passwordHash}) as user_id`;
    if (!row?.userId) throw new DomainError("INVALID_STATE");
    const [user] = await tx<{ tenantId: string | null }[]>`select tenant_id from app_user where id = ${row.userId}`;
    await record(tx, { userId: row.userId, traceId }, user?.tenantId ?? null, "PASSWORD_SET", row.userId, null, null);
  });
}

/** The tenant's row first: who may be the last owner is decided one after the other. */
async function lockPeople(tx: Tx, tenantId: string): Promise<void> {
  const [tenant] = await tx`select id from tenant where id = ${tenantId} for no key update`;
  if (!tenant) throw new DomainError("NOT_FOUND");
}

async function lockUser(tx: Tx, tenantId: string, userId: string): Promise<TenantUser> {
  await lockPeople(tx, tenantId);
  const [user] = await tx<TenantUser[]>`select * from app_user where id = ${userId} and tenant_id = ${tenantId}`;
  if (!user) throw new DomainError("NOT_FOUND");
  return user;
}

async function keepAnOwner(tx: Tx, tenantId: string, user: TenantUser): Promise<void> {
  if (user.role !== "OWNER" || user.disabledAt) return;
  const [other] = await tx`
    select from app_user where tenant_id = ${tenantId} and role = 'OWNER' and disabled_at is null and id <> ${user.id} limit 1`;
  if (!other) {
    throw new DomainError("INVALID_STATE", {
      fields: { person: "Jedes Konto braucht eine Inhaberin oder einen Inhaber." },
    });
  }
}

function record(
  tx: Tx,
  actor: Actor,
  tenantId: string | null,
  action: "USER_CREATED" | "USER_CHANGED" | "USER_DISABLED" | "USER_ENABLED" | "PASSWORD_LINK_CREATED" | "PASSWORD_SET",
  userId: string,
  before: Record<string, string | boolean> | null,
  after: Record<string, string | boolean> | null,
): Promise<void> {
  return recordChange(tx, actor, {
    action,
    subject: { type: "USER", id: userId },
    tenantId,
    before,
    after,
    reason: null,
  });
}

/** The token is random, so that nothing slower is needed. */
function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
