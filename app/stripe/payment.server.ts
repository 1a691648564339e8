import type Stripe from "stripe";
import { z } from "zod";
import { APP_MARK, type PaidSession, readSession } from "./session.server";

/** Beside the hot path, but within a delivery's answer: one try, and the inbox tries again later. */
const PATIENCE = { timeout: 4_000, maxNetworkRetries: 0 } as const;

/** What an event about a payment names: any of it may be missing in payloads of older API versions. */
export interface PaymentHint {
  paymentIntentId: string | null;
  chargeId: string | null;
  /** The refund (`re_…`) or dispute (`du_…`) it speaks of. */
  subjectId: string | null;
  isDispute: boolean;
  /** The order that the object's own metadata name, if they carry our mark. */
  orderId: string | null;
}

/** Won, lost, or still a danger. Inquiries are none. */
export type DisputeState = "open" | "won" | "lost";

/** What Stripe says about a payment at this moment. Amounts in cents, currency upper case. */
export interface Payment {
  chargeId: string;
  paymentIntentId: string | null;
  createdAt: Date;
  currency: string;
  receiptUrl: string | null;
  /** Everything refunded but what has failed or was cancelled. */
  refundedCents: number;
  refundIds: string[];
  dispute: DisputeState | null;
  /** The dispute that decided, for the books. */
  disputeId: string | null;
  lostCents: number;
}

const reference = z
  .union([z.string(), z.object({ id: z.string() }).transform((object) => object.id)])
  .nullish()
  .transform((id) => id ?? null);
const hintSchema = z.object({
  id: z.string(),
  charge: reference,
  payment_intent: reference,
  latest_charge: reference,
  metadata: z.record(z.string(), z.string()).nullish().catch(null),
});

/**
 * Reads which payment an event is about. What its object is says the event's type: older payloads leave the object's own
 * name out. Null: none.
 */
export function readPaymentHint(eventType: string, object: unknown): PaymentHint | null {
  const result = hintSchema.safeParse(object);
  if (!result.success) return null;
  const it = result.data;
  const isIntent = eventType.startsWith("payment_intent.");
  const isDispute = eventType.startsWith("charge.dispute.");
  const isRefund = eventType.startsWith("refund.") || eventType.startsWith("charge.refund.");
  const isCharge = !isIntent && !isDispute && !isRefund;
  const marked = it.metadata?.app === APP_MARK;
  const hint: PaymentHint = {
    paymentIntentId: isIntent ? it.id : it.payment_intent,
    chargeId: isCharge ? it.id : (it.charge ?? it.latest_charge),
    subjectId: isRefund || isDispute ? it.id : null,
    isDispute,
    orderId: marked ? (it.metadata?.orderId ?? "") : null,
  };
  return hint.paymentIntentId || hint.chargeId ? hint : null;
}

/**
 * Reads a payment from Stripe: the charge, its refunds (no longer part of the event since API 2022-11-15) and, if there
 * are any, its disputes. Null when Stripe does not know it. Throws what the client throws, and `StripeAnswerError`.
 */
export async function readPayment(stripe: Stripe, hint: PaymentHint): Promise<Payment | null> {
  const charge = await readCharge(stripe, hint);
  if (!charge) return null;
  const [refunds, disputes] = await Promise.all([
    all(stripe.refunds.list({ charge: charge.id, limit: 100 }, PATIENCE)),
    charge.disputed || hint.isDispute ? all(stripe.disputes.list({ charge: charge.id, limit: 100 }, PATIENCE)) : [],
  ]);
  const counted = refunds.filter((refund) => refund.status !== "failed" && refund.status !== "canceled");
  const states = disputes.map((dispute) => ({ dispute, state: disputeState(dispute.status) }));
  const decisive = (["lost", "open", "won"] as const)
    .map((state) => states.find((it) => it.state === state))
    .find((it) => it !== undefined);
  return {
    chargeId: charge.id,
    paymentIntentId: idOf(charge.payment_intent) ?? hint.paymentIntentId,
    createdAt: new Date(charge.created * 1000),
    currency: charge.currency.toUpperCase(),
    receiptUrl: charge.receipt_url,
    refundedCents: counted.reduce((sum, refund) => sum + refund.amount, 0),
    refundIds: counted.map((refund) => refund.id),
    dispute: decisive?.state ?? null,
    disputeId: decisive?.dispute.id ?? null,
    lostCents: states.filter((it) => it.state === "lost").reduce((sum, it) => sum + it.dispute.amount, 0),
  };
}

/** The session of a payment, if it is one of ours; "foreign" for somebody else's or none. */
export async function sessionOfPayment(stripe: Stripe, hint: PaymentHint): Promise<PaidSession | "foreign"> {
  const paymentIntentId = hint.paymentIntentId ?? idOf((await readCharge(stripe, hint))?.payment_intent ?? null);
  if (!paymentIntentId) return "foreign";
  const list = stripe.checkout.sessions.list({ payment_intent: paymentIntentId, limit: 1 }, PATIENCE);
  const [found] = await known(all(list)).then((sessions) => sessions ?? []);
  const session = readSession(found);
  return session === "garbled" ? "foreign" : session;
}

/** A session as Stripe has it now. */
export interface SessionReading {
  session: PaidSession;
  status: string | null;
  /** The `created` of the payment's latest charge. */
  paidAt: Date | null;
  /** A delayed payment that has come to nothing: complete, unpaid, and nothing under way. */
  paymentFailed: boolean;
}

/** Reads a session with its payment. Null: Stripe does not know it. */
export async function readSessionNow(
  stripe: Stripe,
  sessionId: string,
): Promise<SessionReading | "foreign" | "garbled" | null> {
  const expand = ["payment_intent.latest_charge"];
  const found = await known(stripe.checkout.sessions.retrieve(sessionId, { expand }, PATIENCE));
  if (!found) return null;
  expectObject(found, "checkout.session");
  const session = readSession(found);
  if (session === "foreign" || session === "garbled") return session;
  const intent = typeof found.payment_intent === "object" ? found.payment_intent : null;
  const charge = typeof intent?.latest_charge === "object" ? intent.latest_charge : null;
  const ended = intent?.status === "requires_payment_method" || intent?.status === "canceled";
  return {
    session,
    status: found.status,
    paidAt: charge ? new Date(charge.created * 1000) : null,
    paymentFailed: found.payment_status === "unpaid" && ended,
  };
}

/** Thrown for an answer that is not what was asked for: the client resolves a 404 without an `error` as if it were. */
export class StripeAnswerError extends Error {
  override readonly name = "StripeAnswerError";
}

/** Whether an error came from talking to Stripe: unreachable, slow, 5xx, refused key, nonsense. */
export function isStripeTrouble(error: unknown): boolean {
  if (error instanceof StripeAnswerError) return true;
  const type = (error as { type?: unknown } | null)?.type;
  return typeof type === "string" && type.startsWith("Stripe");
}

/** Fetches a whole list. */
export async function all<T extends { object: string }>(list: Stripe.ApiListPromise<T>): Promise<T[]> {
  const first = await list;
  expectObject(first, "list");
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

async function readCharge(stripe: Stripe, hint: PaymentHint): Promise<Stripe.Charge | null> {
  if (hint.chargeId) {
    const charge = await known(stripe.charges.retrieve(hint.chargeId, {}, PATIENCE));
    if (charge) expectObject(charge, "charge");
    return charge;
  }
  if (!hint.paymentIntentId) return null;
  const list = stripe.charges.list({ payment_intent: hint.paymentIntentId, limit: 100 }, PATIENCE);
  const charges = (await known(all(list))) ?? [];
  return charges.find((charge) => charge.paid) ?? charges[0] ?? null;
}

/** Statuses of later API versions keep the credits frozen until somebody has looked; so do appeals. */
function disputeState(status: string): DisputeState | null {
  if (status.startsWith("warning_")) return null;
  return status === "won" || status === "lost" ? status : "open";
}

async function known<T>(answer: Promise<T>): Promise<T | null> {
  return answer.catch((error: { code?: unknown; statusCode?: unknown }) => {
    if (error.code === "resource_missing" && error.statusCode === 404) return null;
    throw error;
  });
}

/** Throws `StripeAnswerError` unless the answer is such an object. */
export function expectObject(answer: { object?: unknown }, object: string): void {
  if (answer.object !== object) throw new StripeAnswerError(`Stripe answered without a ${object}.`);
}

/** The id of a reference, expanded or not. */
export function idOf(value: string | { id: string } | null): string | null {
  return typeof value === "object" ? (value?.id ?? null) : value;
}
