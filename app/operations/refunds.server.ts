import type Stripe from "stripe";
import { type Actor, recordChange } from "~/billing/audit.server";
import { readGrants, settle } from "~/billing/clawback.server";
import type { CreditType } from "~/billing/credit-types";
import { lockOrder, type Order } from "~/billing/order.server";
import { followPayment } from "~/billing/refund.server";
import { type Db, type Sql, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { isStripeTrouble } from "~/stripe/payment.server";
import { createRefund } from "~/stripe/refund.server";

/** A refund that staff have asked for. Amounts in cents. OPEN: whether Stripe made it is not known. */
export interface RefundRequest {
  id: string;
  orderId: string;
  tenantId: string;
  amountCents: number;
  reason: string;
  status: "OPEN" | "SENT" | "REFUSED";
  stripeRefundId: string | null;
  failure: string | null;
  requestedBy: string;
  requestedAt: Date;
}

/** What a refund would do to the credits of one type. */
export interface RefundEffect {
  type: CreditType;
  granted: number;
  /** Goes back now. */
  back: number;
  /** Should go back, but was spent. */
  spent: number;
  /** Should go back, but has lapsed. */
  lapsed: number;
}

/** The refunds asked for on an order, newest first. */
export function listRefunds(db: Db, orderId: string): Promise<Array<RefundRequest & { requestedByName: string }>> {
  return db`
    select r.*, coalesce(nullif(u.name, ''), u.email) as requested_by_name
    from refund_request r join app_user u on u.id = r.requested_by
    where r.order_id = ${orderId} order by r.requested_at desc, r.id limit 100`;
}

/**
 * How much of an order can still be paid back, in cents: what was paid, less what was refunded, lost in a dispute, or is on its way.
 * 0 for an order without credits granted.
 */
export async function refundableCents(db: Db, orderId: string): Promise<number> {
  const [row] = await db<{ rest: number }[]>`
    select case when o.credits_granted_at is null then 0
      else greatest(0, coalesce(o.paid_cents, 0) - o.refunded_cents - o.lost_cents - coalesce((
        select sum(amount_cents) from refund_request r where r.order_id = o.id and r.status = 'OPEN'), 0)) end::int as rest
    from billing_order o where o.id = ${orderId}`;
  if (!row) throw new DomainError("NOT_FOUND");
  return row.rest;
}

/**
 * What paying back so many cents more would do to the credits, by the rule that will do it (docs/payments.md, "Refunds and disputes").
 * Nothing is locked or written: it is what is true now.
 */
export async function previewRefund(db: Db, orderId: string, amountCents: number): Promise<RefundEffect[]> {
  const [order] = await db<Order[]>`select * from billing_order where id = ${orderId}`;
  if (!order) throw new DomainError("NOT_FOUND");
  const grants = await readGrants(db, order);
  return grants.map((grant) => {
    const next = settle(grant, {
      paidCents: order.paidCents ?? 0,
      refundedCents: order.refundedCents + amountCents,
      dispute: order.disputeStatus,
      wasOpen: order.disputeStatus === "open",
      refundId: null,
      disputeId: null,
      at: order.paidAt ?? order.paymentReadAt ?? new Date(0),
    });
    const missing = Math.max(0, next.uncollected - grant.uncollected);
    const spent = Math.max(0, next.uncollected - grant.lapsed) - Math.max(0, grant.uncollected - grant.lapsed);
    return { type: grant.type, granted: grant.granted, back: next.refund, spent, lapsed: missing - spent };
  });
}

/** What staff ask for: how much, of which order, and why. The same `requestKey` again is the same refund. */
export interface RefundWish {
  orderId: string;
  amountCents: number;
  reason: string;
  requestKey: string;
}

/**
 * Pays back: writes down who wants what before Stripe is asked, so that nothing is lost and two people together never pay back more than was
 * paid; then asks Stripe, with no transaction open; then follows the payment, so that the credits go back at once.
 * Throws NOT_FOUND, INVALID_STATE (nothing was paid, or Stripe says no), INVALID_BODY for more than is left, STRIPE_UNAVAILABLE when it is
 * unknown whether Stripe has paid: then `resendRefund` finds out.
 */
export async function requestRefund(sql: Sql, stripe: Stripe, actor: Actor, wish: RefundWish): Promise<RefundRequest> {
  return send(sql, stripe, actor, await reserve(sql, actor, wish));
}

/** Asks Stripe again about a refund whose answer was lost, with the same key: it is never paid twice. Throws as `requestRefund`. */
export async function resendRefund(
  sql: Sql,
  stripe: Stripe,
  actor: Actor,
  orderId: string,
  refundRequestId: string,
): Promise<RefundRequest> {
  const [request] = await sql<RefundRequest[]>`
    select * from refund_request where id = ${refundRequestId} and order_id = ${orderId}`;
  if (!request) throw new DomainError("NOT_FOUND");
  return send(sql, stripe, actor, request);
}

function reserve(sql: Sql, actor: Actor, wish: RefundWish): Promise<RefundRequest> {
  const { orderId, amountCents, reason, requestKey } = wish;
  return transaction(sql, async (tx) => {
    const [order] = await lockOrder(tx, orderId);
    if (!order) throw new DomainError("NOT_FOUND");
    const [earlier] = await tx<RefundRequest[]>`
      select * from refund_request where request_key = ${requestKey} and order_id = ${orderId}`;
    if (earlier) return earlier;
    if (!order.creditsGrantedAt) throw new DomainError("INVALID_STATE");
    const rest = await refundableCents(tx, orderId);
    if (amountCents > rest) throw new DomainError("INVALID_BODY", { fields: { betrag: mostSentence(order, rest) } });
    const [request] = await tx<RefundRequest[]>`
      insert into refund_request (order_id, tenant_id, amount_cents, reason, requested_by, request_key)
      values (${orderId}, ${order.tenantId}, ${amountCents}, ${reason}, ${actor.userId}, ${requestKey}) returning *`;
    if (!request) throw new Error("An insert gives one row.");
    await recordChange(tx, actor, {
      action: "REFUND_REQUESTED",
      subject: { type: "ORDER", id: orderId },
      tenantId: order.tenantId,
      before: null,
      after: { amountCents, currency: order.currency },
      reason,
    });
    return request;
  });
}

function mostSentence(order: Order, rest: number): string {
  if (rest === 0) return "Es ist nichts mehr da, das rückerstattet werden kann.";
  return `Höchstens ${order.currency} ${(rest / 100).toFixed(2)} können noch rückerstattet werden.`;
}

async function send(sql: Sql, stripe: Stripe, actor: Actor, request: RefundRequest): Promise<RefundRequest> {
  if (request.status === "REFUSED") throw refusal(request.failure);
  if (request.status === "SENT") return request;
  const { id, orderId, amountCents } = request;
  const [order] = await sql<Order[]>`select * from billing_order where id = ${orderId}`;
  if (!order) throw new DomainError("NOT_FOUND");
  const { stripePaymentIntentId: paymentIntentId, stripeChargeId: chargeId } = order;
  let answer: Awaited<ReturnType<typeof createRefund>>;
  try {
    answer = await createRefund(stripe, { id, orderId, amountCents, paymentIntentId, chargeId });
  } catch (error) {
    if (isStripeTrouble(error)) throw new DomainError("STRIPE_UNAVAILABLE", {}, { cause: error });
    throw error;
  }
  const settled = await settleRequest(sql, actor, request, answer);
  if (settled.status === "REFUSED") throw refusal(settled.failure);
  // The webhook says the same in a moment. If Stripe is slow now, it will.
  await followPayment(sql, stripe, {
    ...{ paymentIntentId, chargeId, orderId },
    subjectId: settled.stripeRefundId,
    isDispute: false,
  }).catch((error: unknown) => {
    if (!isStripeTrouble(error)) throw error;
  });
  return settled;
}

function settleRequest(
  sql: Sql,
  actor: Actor,
  request: RefundRequest,
  answer: { refundId: string } | { refused: string },
): Promise<RefundRequest> {
  const refundId = "refundId" in answer ? answer.refundId : null;
  const failure = "refused" in answer ? answer.refused : null;
  return transaction(sql, async (tx) => {
    const [settled] = await tx<RefundRequest[]>`
      update refund_request
      set status = ${refundId ? "SENT" : "REFUSED"}, stripe_refund_id = ${refundId}, failure = ${failure}, settled_at = now()
      where id = ${request.id} and status = 'OPEN' returning *`;
    // Somebody who sent it at the same moment was first; the answer was the same.
    if (!settled) return { ...request, status: refundId ? "SENT" : "REFUSED", stripeRefundId: refundId, failure };
    await recordChange(tx, actor, {
      action: refundId ? "REFUND_SENT" : "REFUND_REFUSED",
      subject: { type: "ORDER", id: request.orderId },
      tenantId: request.tenantId,
      before: null,
      after: refundId ? { amountCents: request.amountCents, stripeRefundId: refundId } : { failure },
      reason: request.reason,
    });
    return settled;
  });
}

function refusal(failure: string | null): DomainError {
  return new DomainError("INVALID_STATE", { fields: { betrag: `Stripe lehnt ab: ${failure ?? "ohne Grund"}` } });
}
