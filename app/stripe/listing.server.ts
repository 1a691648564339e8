import type Stripe from "stripe";
import { expectObject, idOf } from "./payment.server";
import { APP_MARK, type PaidSession, readSession } from "./session.server";
import { readEvent, type VerifiedEvent } from "./signature.server";

/** Reading in bulk is patient: nobody waits for the answer. */
const PATIENCE = { timeout: 20_000, maxNetworkRetries: 2 } as const;
const PAGE = 100;
/** Whoever asks whether Stripe is there waits for it. */
const IMPATIENCE = { timeout: 3_000, maxNetworkRetries: 0 } as const;

const from = (since: Date) => ({ gte: Math.floor(since.getTime() / 1000) });

/** Events of these types since a time, newest first, a page at a time, as if they had been delivered. */
export async function* listEvents(
  stripe: Stripe,
  types: readonly string[],
  since: Date,
): AsyncGenerator<VerifiedEvent[]> {
  const list = (after?: string) =>
    stripe.events.list({ types: [...types], created: from(since), limit: PAGE, ...next(after) }, PATIENCE);
  for await (const page of pages(list)) yield page.map((event) => readEvent(JSON.stringify(event)));
}

/** Our completed sessions since a time. */
export async function* listSessions(stripe: Stripe, since: Date): AsyncGenerator<PaidSession[]> {
  const list = (after?: string) =>
    stripe.checkout.sessions.list({ created: from(since), status: "complete", limit: PAGE, ...next(after) }, PATIENCE);
  for await (const page of pages(list)) {
    yield page.map(readSession).filter((session): session is PaidSession => typeof session === "object");
  }
}

/** A charge as the list has it: refunds as a sum, disputes only as a sign. */
export interface ListedCharge {
  id: string;
  paymentIntentId: string | null;
  orderId: string | null;
  amountCents: number;
  refundedCents: number;
  disputed: boolean;
  currency: string;
  createdAt: Date;
  receiptUrl: string | null;
}

/** Successful charges since a time, ours or not. */
export async function* listCharges(stripe: Stripe, since: Date): AsyncGenerator<ListedCharge[]> {
  const list = (after?: string) => stripe.charges.list({ created: from(since), limit: PAGE, ...next(after) }, PATIENCE);
  for await (const page of pages(list)) yield page.filter((charge) => charge.paid).map(readCharge);
}

function readCharge(charge: Stripe.Charge): ListedCharge {
  return {
    id: charge.id,
    paymentIntentId: idOf(charge.payment_intent),
    orderId: charge.metadata?.app === APP_MARK ? (charge.metadata.orderId ?? "") : null,
    amountCents: charge.amount,
    refundedCents: charge.amount_refunded,
    disputed: charge.disputed,
    currency: charge.currency.toUpperCase(),
    createdAt: new Date(charge.created * 1000),
    receiptUrl: charge.receipt_url,
  };
}

async function* pages<T extends { id: string }>(
  list: (after?: string) => Promise<Stripe.ApiList<T>>,
): AsyncGenerator<T[]> {
  let after: string | undefined;
  do {
    const page = await list(after);
    expectObject(page, "list");
    yield page.data;
    after = page.has_more ? page.data.at(-1)?.id : undefined;
  } while (after);
}

const next = (after?: string) => (after ? { starting_after: after } : {});

/** Whether Stripe answers, with our key, within 3 s. Never throws. */
export async function answers(stripe: Stripe): Promise<boolean> {
  return stripe.events.list({ limit: 1 }, IMPATIENCE).then(
    (list) => (list as { object?: unknown }).object === "list",
    () => false,
  );
}
