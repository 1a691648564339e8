import type { LoaderFunctionArgs } from "@remix-run/node";
import { requireOperator } from "~/auth/access.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { methodNotAllowed, pageLoader } from "~/http/respond.server";
import { maskPayload } from "~/operations/event-payload.server";
import { readEvent } from "~/operations/events.server";

/** An event's payload as JSON, without personal data, as its page shows it. */
export function loader({ request, params }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const event = await readEvent(database(), params.eventId ?? "");
    const masked = maskPayload(event.payload);
    if (!masked) throw new DomainError("NOT_FOUND");
    return new Response(masked.json, {
      headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
    });
  });
}

export const action = methodNotAllowed("GET");
