import type { Visitor } from "./http";
import type { Stack } from "./stack";

interface Stored {
  id: string;
  type?: string;
  status?: string;
  payload?: string;
  /** Microseconds after the year's beginning, so that rows share a millisecond. */
  micros?: number;
  next?: Date | null;
  message?: string | null;
  order?: { id: string; tenantId: string };
}

/** Puts an event into the log as it is. */
export async function storeEvent(
  { db }: Pick<Stack, "db">,
  { id, type = "customer.updated", status = "IGNORED", micros = 0, ...event }: Stored,
) {
  const payload =
    event.payload ?? JSON.stringify({ id, type, object: "event", data: { object: { id: "cus_12345678" } } });
  await db.owner`
    insert into stripe_event (id, type, payload, status, attempts, received_at, next_attempt_at, error_message, tenant_id, order_id)
    values (${id}, ${type}, ${payload}, ${status}, 1,
      timestamptz '2026-03-01 12:00:00+01' + ${micros}::bigint * interval '1 microsecond', ${event.next ?? null},
      ${event.message ?? null}, ${event.order?.tenantId ?? null}, ${event.order?.id ?? null})`;
}

/** A page's status and its HTML, without what React puts between texts. */
export async function readPage(who: Visitor, address: string): Promise<{ status: number; html: string }> {
  const answer = await who.get(address);
  const html = (await answer.text()).replaceAll("<!-- -->", "").replaceAll("&amp;", "&").replaceAll("&#x27;", "'");
  return { status: answer.status, html };
}
