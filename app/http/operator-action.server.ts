import type { ActionFunctionArgs } from "@remix-run/node";
import { z } from "zod";
import { requireOperator } from "~/auth/access.server";
import { DomainError } from "~/errors";
import { parseForm } from "./parse.server";
import { pageAction, traceIdOf } from "./respond.server";

interface Who {
  userId: string;
  traceId: string;
}

/** Which of a page's forms was sent. */
const intentForm = z.object({ intent: z.string().min(1).max(50) });

/** All that a form has sent, as it was typed, to be shown once more. The request can still be read after it. */
export async function typedIn(request: Request): Promise<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(await request.clone().text()));
}

/**
 * The action of an operator's page: staff only, then the handler that the form's hidden field `intent` names. `actor` goes to the
 * domain, which writes it into the audit trail; tests/http/operator-audit.test.ts sends each intent of each page and
 * looks for the entry. Unknown intents are INVALID_BODY.
 */
export function operatorAction<I extends Record<string, (actor: Who) => Promise<unknown>>>(
  args: ActionFunctionArgs,
  intents: I,
) {
  return pageAction(args, async (): Promise<Awaited<ReturnType<I[keyof I]>>> => {
    const { request } = args;
    const { userId } = await requireOperator(request);
    const { intent } = await parseForm(request.clone(), intentForm);
    const handle = Object.hasOwn(intents, intent) ? intents[intent] : undefined;
    if (!handle) throw new DomainError("INVALID_BODY");
    return (await handle({ userId, traceId: traceIdOf(request) })) as Awaited<ReturnType<I[keyof I]>>;
  });
}
