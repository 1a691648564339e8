import type Stripe from "stripe";
import { type Actor, recordChange } from "~/billing/audit.server";
import { readGrants, settle } from "~/billing/clawback.server";
import type { CreditType } from "~/billing/credit-types";
import { lockOrder, type Order } from "~/billing/order.server";
import { followPayment } from "~/billing/refund.server";
import { type Db, type Sql, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { isStripeTrouble } from "~/stripe/payment.server";
import { createRefund, findRefund } from "~/stripe/refund.server";

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

/**
 * What has become of a request. `trouble`: what went wrong beside it and belongs into the log: Stripe's answer that is missing (then it is
 * OPEN), or, once it is SENT, why the credits did not follow at once; then the webhook or the reconciliation sees to them.
 */
export interface RefundOutcome extends RefundRequest {
  trouble: unknown;
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
  /** Stays, frozen by an open dispute. */
  held: number;
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
    return {
      type: grant.type,
      granted: grant.granted,
      back: next.refund,
      spent,
      lapsed: missing - spent,
      held: next.held,
    };
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
 * Once it is written down nothing is thrown: the request says what became of it. OPEN: it is unknown whether Stripe has paid, and `resendRefund`
 * finds out. Throws NOT_FOUND, INVALID_STATE (nothing was paid, or the key is another refund's), INVALID_BODY for more than is left.
 */
export async function requestRefund(sql: Sql, stripe: Stripe, actor: Actor, wish: RefundWish): Promise<RefundOutcome> {
  const { request, isNew } = await reserve(sql, actor, wish);
  return send(sql, stripe, actor, request, isNew);
}

/** Asks Stripe again about a refund whose answer was lost, however long ago: it is never paid twice. Throws NOT_FOUND. */
export async function resendRefund(
  sql: Sql,
  stripe: Stripe,
  actor: Actor,
  orderId: string,
  refundRequestId: string,
): Promise<RefundOutcome> {
  const [request] = await sql<RefundRequest[]>`
    select * from refund_request where id = ${refundRequestId} and order_id = ${orderId}`;
  if (!request) throw new DomainError("NOT_FOUND");
  return send(sql, stripe, actor, request, false);
}

/** Writes the request down, or finds the one that the same click has made. */
function reserve(sql: Sql, actor: Actor, wish: RefundWish): Promise<{ request: RefundRequest; isNew: boolean }> {
  const { orderId, amountCents, reason, requestKey } = wish;
  return transaction(sql, async (tx) => {
    const [order] = await lockOrder(tx, orderId);
    if (!order) throw new DomainError("NOT_FOUND");
    const [earlier] = await tx<RefundRequest[]>`
      select * from refund_request where request_key = ${requestKey}`;
    if (earlier) {
      // A page from before, sent with other figures, must not pass for the refund that was made.
      const isSame = earlier.orderId === orderId && earlier.amountCents === amountCents;
      if (!isSame) throw new DomainError("INVALID_STATE");
      return { request: earlier, isNew: false };
    }
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
    return { request, isNew: true };
  });
}

function mostSentence(order: Order, rest: number): string {
  if (rest === 0) return "Es ist nichts mehr da, das rückerstattet werden kann.";
  const amount = (rest / 100).toFixed(2).replace(/\B(?=(\d{3})+\.)/g, "’");
  return `Höchstens ${order.currency} ${amount}.`;
}

async function send(
  sql: Sql,
  stripe: Stripe,
  actor: Actor,
  request: RefundRequest,
  isNew: boolean,
): Promise<RefundOutcome> {
  if (request.status !== "OPEN") return { ...request, trouble: null };
  const { id, orderId, amountCents } = request;
  const [order] = await sql<Order[]>`select * from billing_order where id = ${orderId}`;
  if (!order) throw new DomainError("NOT_FOUND");
  const { stripePaymentIntentId: paymentIntentId, stripeChargeId: chargeId } = order;
  const wanted = { id, orderId, amountCents, paymentIntentId, chargeId };
  let settled: RefundRequest;
  try {
    const made = isNew ? null : await findRefund(stripe, wanted);
    settled = await settleRequest(sql, actor, request, made ? { refundId: made } : await createRefund(stripe, wanted));
  } catch (error) {
    if (!isStripeTrouble(error)) throw error;
    // The same request may have been sent by somebody else meanwhile, with an answer.
    return { ...(await readRequest(sql, id)), trouble: error };
  }
  if (settled.status !== "SENT") return { ...settled, trouble: null };
  const hint = { paymentIntentId, chargeId, orderId, subjectId: settled.stripeRefundId, isDispute: false };
  // The money is on its way whatever happens here; the webhook says the same in a moment.
  const trouble = await followPayment(sql, stripe, hint).then(
    () => null,
    (error: unknown) => error,
  );
  return { ...settled, trouble };
}

async function readRequest(db: Db, id: string): Promise<RefundRequest> {
  const [request] = await db<RefundRequest[]>`select * from refund_request where id = ${id}`;
  if (!request) throw new DomainError("NOT_FOUND");
  return request;
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
    // Somebody who sent it at the same moment was first.
    if (!settled) return readRequest(tx, request.id);
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
