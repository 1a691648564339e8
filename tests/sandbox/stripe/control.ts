import type Stripe from "stripe";
import type { ApiRequest } from "./api";
import type { Deliveries, Delivery, Webhook } from "./deliveries";
import {
  closeInquiry,
  type DisputeOptions,
  escalateDispute,
  loseDispute,
  openDispute,
  setDisputeStatus,
  winDispute,
} from "./disputes";
import { retrieveEvent } from "./events";
import type { Faults } from "./faults";
import type { Local } from "./local";
import { decline, fail, type Outcome, pay, payLater, settle } from "./payments";
import { changePrice, type PriceChange, type PriceSeed, seedPrice } from "./prices";
import { failRefund, type RefundOptions, refundSession, settleRefund } from "./refunds";
import { expireDueSessions, expireSession } from "./sessions";

type Session = Stripe.Checkout.Session;

/**
 * The hand that steers the local Stripe from a test or the demo. The outcomes resolve as soon as the state is
 * changed and the events are on their way; `idle` waits for the deliveries. They reject with ApiError 404 for an
 * unknown id and StateError where the session is not in the right state.
 */
export interface Control {
  pay(sessionId: string): Promise<Session>;
  payLater(sessionId: string): Promise<Session>;
  settle(sessionId: string): Promise<Session>;
  fail(sessionId: string): Promise<Session>;
  decline(sessionId: string): Promise<Session>;
  expire(sessionId: string): Promise<Session>;
  /** Refunds a paid session as a person does in the dashboard: all that is left, or `amount` in minor units. */
  refund(sessionId: string, options?: RefundOptions): Promise<Stripe.Refund>;
  /** A waiting refund succeeds. */
  settleRefund(refundId: string): Promise<Stripe.Refund>;
  /** A refund fails, whether it waits or succeeded days ago. */
  failRefund(refundId: string): Promise<Stripe.Refund>;
  /** The buyer disputes a paid session: a chargeback that withdraws the money, or first only an inquiry. */
  dispute(sessionId: string, options?: DisputeOptions): Promise<Stripe.Dispute>;
  /** An inquiry becomes a chargeback and the money is withdrawn. */
  escalateDispute(disputeId: string): Promise<Stripe.Dispute>;
  /** An inquiry ends as `warning_closed`. */
  closeInquiry(disputeId: string): Promise<Stripe.Dispute>;
  /** A chargeback is won and the money comes back. */
  winDispute(disputeId: string): Promise<Stripe.Dispute>;
  loseDispute(disputeId: string): Promise<Stripe.Dispute>;
  /** Sets any status, also one that this API version does not know, and emits `charge.dispute.updated`. */
  setDisputeStatus(disputeId: string, status: string): Promise<Stripe.Dispute>;
  /** Where events go from now on; only http on loopback. Resumes what an earlier process left undelivered. */
  setWebhook(webhook: Webhook): void;
  faults(): Faults;
  /** Changes the named faults, leaves the others; answers all of them. */
  setFaults(change: Partial<Faults>): Faults;
  /** Sends an event once more, whatever the faults say. Resolves after the first attempt. */
  redeliver(eventId: string): Promise<void>;
  /** All events, oldest first, or those from the n-th on. */
  events(from?: number): Stripe.Event[];
  /** All delivery attempts, oldest first. */
  deliveries(): Delivery[];
  /** All API calls, oldest first, of this process. */
  requests(): ApiRequest[];
  /** Resolves once no delivery is in flight and no retry is waiting. */
  idle(): Promise<void>;
  /** Adds a price without an event; amounts in minor units. */
  createPrice(seed: PriceSeed): Promise<Stripe.Price>;
  /** Changes a price or its product and emits `price.updated`. */
  updatePrice(id: string, change: PriceChange): Promise<Stripe.Price>;
}

interface Parts {
  local: Local;
  deliveries: Deliveries;
  requests: ApiRequest[];
  faults: Faults;
}

/** The controls over one running local Stripe. */
export function makeControl({ local, deliveries, requests, faults }: Parts): Control {
  const outcome = (act: (local: Local, id: string) => Outcome) => async (id: string) => {
    expireDueSessions(local);
    return act(local, id).session;
  };
  return {
    pay: outcome(pay),
    payLater: outcome(payLater),
    settle: outcome(settle),
    fail: outcome(fail),
    decline: outcome(decline),
    expire: async (id) => expireSession(local, id),
    refund: async (id, options) => structuredClone(refundSession(local, id, options)),
    settleRefund: async (id) => structuredClone(settleRefund(local, id)),
    failRefund: async (id) => structuredClone(failRefund(local, id)),
    dispute: async (id, options) => structuredClone(openDispute(local, id, options)),
    escalateDispute: async (id) => structuredClone(escalateDispute(local, id)),
    closeInquiry: async (id) => structuredClone(closeInquiry(local, id)),
    winDispute: async (id) => structuredClone(winDispute(local, id)),
    loseDispute: async (id) => structuredClone(loseDispute(local, id)),
    setDisputeStatus: async (id, status) => structuredClone(setDisputeStatus(local, id, status)),
    setWebhook: (webhook) => deliveries.setWebhook(webhook),
    faults: () => ({ ...faults }),
    setFaults: (change) => ({ ...Object.assign(faults, change) }),
    redeliver: async (id) => deliveries.redeliver(retrieveEvent(local, id)),
    events: (from = 0) => structuredClone([...local.state.events.values()].slice(from)),
    deliveries: () => structuredClone(deliveries.log),
    requests: () => structuredClone(requests),
    idle: () => deliveries.idle(),
    createPrice: async (seed) => {
      const price = seedPrice(local, seed);
      local.state.save();
      return price;
    },
    updatePrice: async (id, change) => changePrice(local, id, change),
  };
}
