import type postgres from "postgres";
import { z } from "zod";
import { parseMoment } from "~/billing/expiry";
import { plainText } from "~/billing/schemas.server";
import type { Db } from "~/db/transaction.server";
import { DomainError } from "~/errors";

/** An event's state as people tell it apart: RETRY is FAILED with a next attempt, FAILED is permanent. */
export const EVENT_STATES = ["RECEIVED", "PROCESSED", "IGNORED", "RETRY", "FAILED"] as const;

export type EventState = (typeof EVENT_STATES)[number];

/** Which events; each part narrows the list. `before` is the first instant no longer in. */
export interface EventFilter {
  state: EventState | null;
  type: string | null;
  eventId: string | null;
  orderId: string | null;
  tenantId: string | null;
  from: Date | null;
  before: Date | null;
}

const WRONG_DATE = "Geben Sie ein Datum wie 22.11.2026 ein.";

const day = z.string().transform((text, context) => {
  const found = parseMoment(text);
  if (found) return found;
  context.addIssue({ code: "custom", message: WRONG_DATE });
  return z.NEVER;
});

/** The address of the list: the filter bar, the page, the event that is open beside it, and the question. */
export const eventQuery = z
  .object({
    status: z.enum(EVENT_STATES, { message: "Wählen Sie einen Status aus der Liste." }).optional(),
    type: z
      .string()
      .regex(/^[\w.]{1,255}$/, "Wählen Sie einen Typ aus der Liste.")
      .optional(),
    suche: z
      .string()
      .trim()
      .max(200, "Die Suche darf höchstens 200 Zeichen haben.")
      .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u, "Die Suche darf keine Steuerzeichen enthalten.")
      .optional(),
    // where other pages lead to: an order's id or number, a tenant's id
    order: plainText(100).optional(),
    tenant: plainText(100).optional(),
    von: day.optional(),
    bis: day.optional(),
    cursor: z.string().optional(),
    ereignis: plainText(255).optional(),
    bestaetigen: z.string().optional(),
  })
  .refine(({ von, bis }) => !von || !bis || von.start < bis.end, {
    path: ["bis"],
    message: "Das Ende liegt vor dem Anfang.",
  });

/**
 * The filter that an address asks for. What is searched for is an event's id, an order's id or number, or a tenant's id, short name
 * or name. Throws INVALID_QUERY, on the field `suche`, for what is nothing of these, and for a name that several tenants have.
 */
export async function eventFilter(db: Db, query: z.infer<typeof eventQuery>): Promise<EventFilter> {
  const { status, type, order, tenant, von, bis } = query;
  const suche = query.suche ?? order ?? tenant;
  return {
    state: status ?? null,
    type: type ?? null,
    ...(suche ? await findSubject(db, suche) : { eventId: null, orderId: null, tenantId: null }),
    from: von?.start ?? null,
    before: bis?.end ?? null,
  };
}

type Subject = Pick<EventFilter, "eventId" | "orderId" | "tenantId">;

async function findSubject(db: Db, text: string): Promise<Subject> {
  const lower = text.toLowerCase();
  const nothing: Subject = { eventId: null, orderId: null, tenantId: null };
  const [[event], [order], [tenant, another]] = await Promise.all([
    db<{ id: string }[]>`select id from stripe_event where id = ${text}`,
    db<{ id: string }[]>`
      select id from billing_order where id = ${text} or number = ${text.toUpperCase()} limit 1`,
    db<{ id: string }[]>`
      select id from tenant where id = ${text} or slug = ${lower} or lower(name) = ${lower}
      order by id = ${text} desc, slug = ${lower} desc limit 2`,
  ]);
  if (event) return { ...nothing, eventId: event.id };
  if (order) return { ...nothing, orderId: order.id };
  if (tenant && (!another || tenant.id === text)) return { ...nothing, tenantId: tenant.id };
  const suche = tenant
    ? "Mehrere Konten heissen so. Geben Sie die ID des Kontos ein."
    : "Kein Ereignis, keine Bestellung und kein Konto heisst so.";
  throw new DomainError("INVALID_QUERY", { fields: { suche } });
}

type Part = postgres.PendingQuery<postgres.Row[]>;

/**
 * How a filter is read. `along`: the part that an index answers in the list's order. `rest`: what is looked at row by row, null when
 * the index answers all; whoever reads must bound the rows, since few of them may fit.
 */
export function scanOf(db: Db, filter: EventFilter): { along: Part; rest: Part | null } {
  const { state, type, eventId, orderId, tenantId, from, before } = filter;
  const status = state === "RETRY" ? "FAILED" : state;
  const isRare = status === "FAILED" || status === "RECEIVED";
  // The literal lets the planner use the partial index also when the status is a parameter.
  const unsettled = db`status = ${status} and status <> 'PROCESSED'`;
  // In the order of how few rows each of them leaves.
  const parts: Part[] = [
    ...(eventId ? [db`id = ${eventId}`] : []),
    ...(orderId ? [db`order_id = ${orderId}`] : []),
    ...(isRare ? [unsettled] : []),
    ...(tenantId ? [db`tenant_id = ${tenantId}`] : []),
    ...(type ? [db`type = ${type}`] : []),
    ...(status === "IGNORED" ? [unsettled] : []),
  ];
  const rest = parts.slice(1);
  if (status === "PROCESSED") rest.push(db`status = 'PROCESSED'`);
  if (status === "FAILED") rest.push(db`(next_attempt_at is not null) = ${state === "RETRY"}`);
  const [first = db`true`] = parts;
  return {
    along: db`${first} ${from ? db`and received_at >= ${from}` : db``} ${before ? db`and received_at < ${before}` : db``}`,
    rest: rest.reduce<Part | null>((all, part) => (all ? db`${all} and ${part}` : part), null),
  };
}

const requestSchema = z.object({
  state: z.enum(EVENT_STATES).optional(),
  type: z.string().optional(),
  eventId: z.string().optional(),
  orderId: z.string().optional(),
  tenantId: z.string().optional(),
  from: z.iso.datetime().optional(),
  before: z.iso.datetime().optional(),
});

/** A filter as a replay's request keeps it, and the audit trail with it. */
export function replayRequest(filter: EventFilter): Record<string, string> {
  const request: Record<string, string> = {};
  for (const [name, value] of Object.entries(filter)) {
    if (value !== null) request[name] = value instanceof Date ? value.toISOString() : value;
  }
  return request;
}

/** The filter that a replay was asked for. */
export function filterOfReplay(request: string): EventFilter {
  const { from, before, ...same } = requestSchema.parse(JSON.parse(request));
  return {
    state: same.state ?? null,
    type: same.type ?? null,
    eventId: same.eventId ?? null,
    orderId: same.orderId ?? null,
    tenantId: same.tenantId ?? null,
    from: from ? new Date(from) : null,
    before: before ? new Date(before) : null,
  };
}
