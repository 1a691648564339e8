import { randomBytes } from "node:crypto";
import Stripe from "stripe";
import type { Order } from "~/billing/order.server";
import { verifyEvent } from "~/stripe/signature.server";
import { TEST_WEBHOOK_SECRET } from "./server";

/** What a test may want different in the session of an event. */
export type SessionChange = Record<string, unknown>;

type OrderFacts = Pick<Order, "id" | "tenantId" | "skuId" | "currency" | "amountCents">;

/** A `checkout.session.*` event for an order of ours, the way Stripe would send it. */
export function sessionEvent(
  order: OrderFacts & { sessionId: string },
  type: string,
  change: SessionChange = {},
  created?: number,
) {
  return {
    id: `evt_${randomBytes(12).toString("hex")}`,
    object: "event",
    api_version: "2026-10-29.dahlia",
    created: created ?? Math.floor(Date.now() / 1000),
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: `checkout.session.${type}`,
    data: {
      object: {
        id: order.sessionId,
        object: "checkout.session",
        mode: "payment",
        status: type === "expired" ? "expired" : "complete",
        payment_status: type === "expired" || type === "async_payment_failed" ? "unpaid" : "paid",
        currency: order.currency.toLowerCase(),
        amount_subtotal: order.amountCents,
        amount_total: order.amountCents,
        total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
        client_reference_id: order.id,
        metadata: { app: "leadradar-billing", orderId: order.id, tenantId: order.tenantId, skuId: order.skuId },
        payment_intent: `pi_${order.sessionId}`,
        livemode: false,
        ...change,
      },
    },
  };
}

/** The exact bytes and the signature header of a delivery. */
export function signed(payload: string | Buffer, options: { secret?: string; timestamp?: number } = {}) {
  const header = new Stripe("sk_test_unused").webhooks.generateTestHeaderString({
    payload: payload.toString(),
    secret: options.secret ?? TEST_WEBHOOK_SECRET,
    timestamp: options.timestamp ?? Math.floor(Date.now() / 1000),
  });
  return { body: payload, header };
}

/** Posts an event to the webhook of a running server. */
export function deliver(
  origin: string,
  event: unknown,
  options: { secret?: string; timestamp?: number } = {},
): Promise<Response> {
  const { body, header } = signed(typeof event === "string" ? event : JSON.stringify(event), options);
  return fetch(`${origin}/api/webhooks/stripe`, {
    method: "POST",
    headers: { "content-type": "application/json", "stripe-signature": header },
    body: body.toString(),
  });
}

/** The event as the webhook hands it on after checking the signature. */
export function verified(event: unknown) {
  const { body, header } = signed(JSON.stringify(event));
  return verifyEvent(Buffer.from(body), header, [TEST_WEBHOOK_SECRET], new Date());
}
