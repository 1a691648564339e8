import { z } from "zod";
import { type PaymentHint, readPaymentHint } from "~/stripe/payment.server";
import { type PaidSession, readSession } from "~/stripe/session.server";
import type { VerifiedEvent } from "~/stripe/signature.server";
import type { SessionNews } from "./order.server";

/** What an event asks of us (docs/payments.md, "Which event does what"). */
export type Task =
  | { kind: "ignore" }
  | { kind: "garbled" }
  | { kind: "session"; news: SessionNews; session: PaidSession; orderId: string }
  /** A refund or a dispute moved: read the payment and follow it. */
  | { kind: "payment"; hint: PaymentHint }
  /** Charge, receipt or a failed attempt: noted on the order, never a reason to grant. */
  | { kind: "note"; hint: PaymentHint; facts: { receiptUrl: string | null; failure: string | null } }
  | { kind: "price"; priceId: string }
  | { kind: "product"; productId: string };

const SESSION_NEWS: Record<string, SessionNews> = {
  "checkout.session.completed": "completed",
  "checkout.session.async_payment_succeeded": "async_payment_succeeded",
  "checkout.session.async_payment_failed": "async_payment_failed",
  "checkout.session.expired": "expired",
};

const PAYMENT_EVENTS = [
  "charge.refunded",
  "charge.refund.updated",
  "refund.created",
  "refund.updated",
  "refund.failed",
  "charge.dispute.created",
  "charge.dispute.updated",
  "charge.dispute.closed",
  "charge.dispute.funds_withdrawn",
  "charge.dispute.funds_reinstated",
];
const NOTE_EVENTS = [
  "charge.succeeded",
  "charge.updated",
  "charge.failed",
  "payment_intent.succeeded",
  "payment_intent.payment_failed",
];
const CATALOG_EVENTS = ["price.updated", "price.deleted", "product.updated"];

/** The types we act on: what the reconciliation asks Stripe for. */
export const HANDLED_TYPES: readonly string[] = [
  ...Object.keys(SESSION_NEWS),
  ...PAYMENT_EVENTS,
  ...NOTE_EVENTS,
  ...CATALOG_EVENTS,
];

/** Reads from an event what it asks of us. @param livemode the mode of our key; the other mode is not ours */
export function taskOf(event: VerifiedEvent, livemode: boolean): Task {
  const { type, object } = event;
  if (event.livemode !== livemode || !HANDLED_TYPES.includes(type)) return { kind: "ignore" };
  if (object === undefined || object === null) return { kind: "garbled" };
  const news = SESSION_NEWS[type];
  if (news) return sessionTask(news, object);
  if (CATALOG_EVENTS.includes(type)) return catalogTask(type, object);
  const hint = readPaymentHint(type, object);
  if (!hint) return { kind: "ignore" };
  return PAYMENT_EVENTS.includes(type) ? { kind: "payment", hint } : { kind: "note", hint, facts: readFacts(object) };
}

function sessionTask(news: SessionNews, object: unknown): Task {
  const session = readSession(object);
  if (session === "foreign") return { kind: "ignore" };
  if (session === "garbled") return { kind: "garbled" };
  return { kind: "session", news, session, orderId: session.orderId ?? "" };
}

function catalogTask(type: string, object: unknown): Task {
  const id = z.object({ id: z.string().min(1) }).safeParse(object).data?.id;
  if (!id) return { kind: "ignore" };
  return type.startsWith("product.") ? { kind: "product", productId: id } : { kind: "price", priceId: id };
}

const factsSchema = z.object({
  receipt_url: z.url().max(2_000).nullish().catch(null),
  failure_code: z.string().nullish().catch(null),
  last_payment_error: z
    .object({ code: z.string().nullish(), decline_code: z.string().nullish() })
    .nullish()
    .catch(null),
});

function readFacts(object: unknown): { receiptUrl: string | null; failure: string | null } {
  const facts = factsSchema.safeParse(object).data;
  const error = facts?.last_payment_error;
  const failure = facts?.failure_code ?? error?.decline_code ?? error?.code ?? null;
  return { receiptUrl: facts?.receipt_url ?? null, failure: failure?.slice(0, 100) ?? null };
}
