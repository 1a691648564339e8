import type { Db, Fragment, Tx } from "~/db/transaction.server";
import type { AuditAction, AuditSubject } from "./audit-actions";
import { type Cursor, countUpTo, type Page, pageOf } from "./paging.server";

/** The person who changes something, and the request in which. */
export interface Actor {
  userId: string;
  traceId: string;
}

/** A thing's state as the audit trail keeps it: only what the change is about, and nothing secret. */
export type AuditState = Record<string, string | number | boolean | Date | null>;

/** What a person did. `before` is null for something new. */
export interface Change {
  action: AuditAction;
  subject: { type: AuditSubject; id: string };
  /** The tenant it concerns, if one. */
  tenantId: string | null;
  before: AuditState | null;
  after: AuditState | null;
  reason: string | null;
}

/** Writes a change into the audit trail, in the transaction that makes it: neither is ever there without the other. */
export async function recordChange(tx: Tx, actor: Actor, change: Change): Promise<void> {
  const { action, subject, tenantId, before, after, reason } = change;
  await tx`
    insert into audit_entry (actor_user_id, action, subject_type, subject_id, tenant_id, before, after, reason, trace_id)
    values (${actor.userId}, ${action}, ${subject.type}, ${subject.id}, ${tenantId},
      ${before && JSON.stringify(before)}, ${after && JSON.stringify(after)}, ${reason}, ${actor.traceId})`;
}

/** An entry of the audit trail, with the name of who did it. */
export interface AuditEntry {
  id: number;
  occurredAt: Date;
  actorUserId: string;
  actorName: string;
  actorEmail: string;
  action: AuditAction;
  subjectType: AuditSubject;
  subjectId: string;
  tenantId: string | null;
  tenantName: string | null;
  before: AuditState | null;
  after: AuditState | null;
  reason: string | null;
  traceId: string;
}

/** Which entries; each part narrows the list. */
export interface AuditFilter {
  subject?: { type: AuditSubject; id: string } | undefined;
  tenantId?: string | undefined;
  actorUserId?: string | undefined;
  action?: AuditAction | undefined;
  traceId?: string | undefined;
}

/** The audit trail's key in a cursor: the entry's id. */
export const AUDIT_KEY = [/^\d{1,15}$/];

/** One page of the audit trail, newest first; beside a thing, the entries of its `subject`. */
export async function listChanges(
  db: Db,
  filter: AuditFilter,
  cursor: Cursor | null,
  limit: number,
): Promise<Page<AuditEntry>> {
  const id = Number(cursor?.key[0] ?? 0);
  const isNewer = cursor?.direction === "newer";
  const rows = await db<Array<AuditEntry & { before: string | null; after: string | null }>>`
    select a.id, a.occurred_at, a.actor_user_id, u.name as actor_name, u.email as actor_email, a.action, a.subject_type,
      a.subject_id, a.tenant_id, t.name as tenant_name, a.before, a.after, a.reason, a.trace_id
    from (
      select * from audit_entry
      where ${conditionOf(db, filter)}
        ${cursor ? (isNewer ? db`and id > ${id}` : db`and id < ${id}`) : db``}
      order by id ${isNewer ? db`asc` : db`desc`} limit ${limit + 1}
    ) as a
    join app_user u on u.id = a.actor_user_id
    left join tenant t on t.id = a.tenant_id
    order by a.id ${isNewer ? db`asc` : db`desc`}`;
  const page = pageOf(rows, limit, cursor, (row) => [String(row.id)]);
  return { ...page, items: page.items.map((row) => ({ ...row, before: parse(row.before), after: parse(row.after) })) };
}

/** How many entries fit, counted to a thousand. */
export function countChanges(db: Db, filter: AuditFilter): Promise<number | "many"> {
  return countUpTo(db, db`select 1 from audit_entry where ${conditionOf(db, filter)}`);
}

function conditionOf(db: Db, { subject, tenantId, actorUserId, action, traceId }: AuditFilter): Fragment {
  return db`
    true ${subject ? db`and subject_type = ${subject.type} and subject_id = ${subject.id}` : db``}
    ${tenantId ? db`and tenant_id = ${tenantId}` : db``} ${actorUserId ? db`and actor_user_id = ${actorUserId}` : db``}
    ${action ? db`and action = ${action}` : db``} ${traceId ? db`and trace_id = ${traceId}` : db``}`;
}

function parse(text: string | null): AuditState | null {
  return text === null ? null : (JSON.parse(text) as AuditState);
}
