import type { ActionFunctionArgs } from "@remix-run/node";
import { receiveEvent } from "~/billing/stripe-events.server";
import { database } from "~/db/client.server";
import { env, isLivemode } from "~/env.server";
import { DomainError } from "~/errors";
import { reportEvent } from "~/http/event-report.server";
import { readBody } from "~/http/parse.server";
import { api, methodNotAllowed, traceIdOf } from "~/http/respond.server";
import { stripeClient } from "~/stripe/gateway.server";
import { verifyEvent } from "~/stripe/signature.server";

const BODY_LIMIT = 1024 * 1024;

export const loader = methodNotAllowed("POST");

/** Stripe's deliveries: raw bytes, signature, inbox, one verb, answer. It is public; the signature is the proof. */
export const action = api(async ({ request }: ActionFunctionArgs) => {
  if (request.method !== "POST") throw new DomainError("METHOD_NOT_ALLOWED", { allow: "POST" });
  const current = env();
  const body = await readBody(request, BODY_LIMIT);
  const event = verifyEvent(body, request.headers.get("stripe-signature"), current.STRIPE_WEBHOOK_SECRET, new Date());
  const outcome = await receiveEvent(database(), stripeClient(), event, isLivemode(current));
  reportEvent(event, outcome, traceIdOf(request));
  if (outcome.result === "retry") throw new DomainError("TEMPORARILY_UNAVAILABLE", { retryAfterSeconds: 5 });
  return { received: true };
});
