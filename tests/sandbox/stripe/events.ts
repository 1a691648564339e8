import Stripe from "stripe";
import { missing } from "./errors";
import type { Faults } from "./faults";
import { page } from "./listing";
import type { Cause, Local } from "./local";
import { type Params, withinTime } from "./params";
import { newId } from "./state";

/** Types of events that the local Stripe emits today. */
type FactType =
  | "charge.dispute.closed"
  | "charge.dispute.created"
  | "charge.dispute.funds_reinstated"
  | "charge.dispute.funds_withdrawn"
  | "charge.dispute.updated"
  | "charge.failed"
  | "charge.pending"
  | "charge.refund.updated"
  | "charge.refunded"
  | "charge.succeeded"
  | "checkout.session.async_payment_failed"
  | "checkout.session.async_payment_succeeded"
  | "checkout.session.completed"
  | "checkout.session.expired"
  | "payment_intent.canceled"
  | "payment_intent.payment_failed"
  | "payment_intent.processing"
  | "payment_intent.succeeded"
  | "price.created"
  | "price.updated"
  | "product.created"
  | "product.updated"
  | "refund.created"
  | "refund.failed"
  | "refund.updated";

/** The part of an event that says what happened; type and object belong together. */
export type Fact = { [Type in FactType]: Pick<Extract<Stripe.Event, { type: Type }>, "type" | "data"> }[FactType];

const RETENTION_SECONDS = 30 * 86_400;
const NO_CAUSE: Cause = { id: null, idempotency_key: null };

/** What faults make of an event: its mode, and the older API version that wrote it (null: the client's own). */
export type Disguise = Pick<Faults, "livemode" | "apiVersion">;

const UNDISGUISED: Disguise = { livemode: false, apiVersion: null };
/** What older versions did not tie to a payment intent. */
const OLD_SHAPED = new Set(["charge", "refund", "dispute"]);

/** Records a fact as an event. The object is copied as it is at this moment. */
export function recordEvent(
  local: Local,
  fact: Fact,
  cause: Cause = NO_CAUSE,
  disguise: Disguise = UNDISGUISED,
): Stripe.Event {
  const event = {
    id: newId("evt"),
    object: "event",
    api_version: disguise.apiVersion ?? Stripe.API_VERSION,
    created: local.seconds(),
    livemode: local.livemode || disguise.livemode,
    pending_webhooks: 1,
    request: cause,
    ...freeze(fact, disguise),
  } satisfies Stripe.Event;
  local.state.events.set(event.id, event);
  return event;
}

function freeze(fact: Fact, disguise: Disguise): Fact {
  const frozen: Fact = JSON.parse(JSON.stringify(fact));
  const object: { object: string; livemode?: boolean; payment_intent?: unknown } = frozen.data.object;
  if (disguise.livemode && object.livemode !== undefined) object.livemode = true;
  if (disguise.apiVersion !== null && OLD_SHAPED.has(object.object)) delete object.payment_intent;
  return frozen;
}

/** `GET /v1/events/:id`. Throws ApiError 404. */
export function retrieveEvent(local: Local, id: string): Stripe.Event {
  const event = local.state.events.get(id);
  if (event === undefined) throw missing("event", id);
  return event;
}

/** `GET /v1/events`: newest first, 30 days back, by type (with `*`), types and time. */
export function listEvents(local: Local, params: Params): Stripe.ApiList<Stripe.Event> {
  const type = params.text("type");
  const types = params.strings("types");
  const created = params.time("created");
  const oldest = local.seconds() - RETENTION_SECONDS;
  const matches = (event: Stripe.Event): boolean =>
    event.created >= oldest &&
    withinTime(event.created, created) &&
    (type === undefined || matchesPattern(event.type, type)) &&
    (types.length === 0 || types.includes(event.type));
  return page(params, { url: "/v1/events", noun: "event", items: local.state.events.values(), matches });
}

function matchesPattern(type: string, pattern: string): boolean {
  return pattern.endsWith("*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
