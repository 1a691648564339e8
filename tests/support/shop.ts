import { randomBytes } from "node:crypto";
import type Stripe from "stripe";
import { placeOrder } from "~/billing/checkout.server";
import type { CreditType } from "~/billing/credit-types";
import { consumeCredit } from "~/billing/credits.server";
import { type EventOutcome, receiveEvent } from "~/billing/stripe-events.server";
import { transaction } from "~/db/transaction.server";
import { createStripeClient } from "~/stripe/gateway.server";
import { DEMO_SKUS } from "../../db/seed";
import { type LocalStripe, startLocalStripe } from "../sandbox/stripe";
import { createTestDatabase, type TestDatabase } from "./database";
import { verified } from "./events";
import { TEST_SECRET_KEY } from "./server";

/** The domain over a real database and the local Stripe, without a server: the test carries the events itself. */
export interface Shop {
  db: TestDatabase;
  stripe: LocalStripe;
  client: Stripe;
  /** The events since the last call, oldest first. */
  news(): Stripe.Event[];
  close(): Promise<void>;
}

export interface Buyer {
  tenantId: string;
  userId: string;
}

/** An order whose buyer is at Stripe now. */
export interface Bought extends Buyer {
  orderId: string;
  sessionId: string;
}

/** `now`: Stripe's clock in ms, for what happens a day later. */
export async function openShop({ now }: { now?: () => number } = {}): Promise<Shop> {
  const db = await createTestDatabase();
  const prices = DEMO_SKUS.map((it) => ({
    id: it.priceId,
    productName: it.name,
    unitAmount: it.cents,
    currency: "chf",
  }));
  const stripe = await startLocalStripe({ prices, secretKey: TEST_SECRET_KEY, ...(now ? { now } : {}) });
  let read = 0;
  return {
    db,
    stripe,
    client: createStripeClient(TEST_SECRET_KEY, stripe.url),
    news() {
      const fresh = stripe.control.events().slice(read);
      read += fresh.length;
      return fresh;
    },
    async close() {
      await stripe.close();
      await db.drop();
    },
  };
}

/** A tenant of its own, with an owner, so that no test meets another one's lots. */
export async function newBuyer({ db }: { db: Pick<TestDatabase, "owner"> }): Promise<Buyer> {
  const id = randomBytes(8).toString("hex");
  const buyer = { tenantId: `t_${id}`, userId: `u_${id}` };
  await db.owner`insert into tenant (id, slug, name) values (${buyer.tenantId}, ${id}, ${`Tenant ${id}`})`;
  await db.owner`
    insert into app_user (id, tenant_id, email, role) values (${buyer.userId}, ${buyer.tenantId}, ${`${id}@x.example`}, 'OWNER')`;
  return buyer;
}

/** A SKU with a price of its own at Stripe. @returns its id */
export async function newPack(
  shop: Pick<Shop, "db" | "stripe">,
  pack: { cents: number; license30d?: number; license365d?: number; slots?: number; days?: number },
): Promise<string> {
  const id = `sku_${randomBytes(6).toString("hex")}`;
  const price = `price_${id}`;
  await shop.stripe.control.createPrice({ id: price, productName: id, unitAmount: pack.cents, currency: "chf" });
  await shop.db.owner`
    insert into billing_sku (id, name, stripe_price_id, currency, amount_cents, grant_license_30d, grant_license_365d,
      grant_device_slots, credit_expires_in_days)
    values (${id}, ${id}, ${price}, 'CHF', ${pack.cents}, ${pack.license30d ?? 0}, ${pack.license365d ?? 0},
      ${pack.slots ?? 0}, ${pack.days ?? 365})`;
  return id;
}

/** Places an order and opens its session, as a click on "Kaufen" does. */
export async function order(shop: Pick<Shop, "db" | "client">, buyer: Buyer, skuId: string): Promise<Bought> {
  const request = { skuId, requestKey: null, whileOpen: false };
  const { orderId } = await placeOrder(shop.db.app, shop.client, buyer, request, "https://billing.example.ch");
  const [row] = await shop.db.owner`select stripe_checkout_session_id as id from billing_order where id = ${orderId}`;
  return { ...buyer, orderId, sessionId: String(row?.id) };
}

/** Ordered, paid and granted, all other news of the payment told as well. `at`: Stripe's time of it, in seconds. */
export async function buy(shop: Shop, buyer: Buyer, skuId: string, at?: number): Promise<Bought> {
  const bought = await order(shop, buyer, skuId);
  shop.news();
  await shop.stripe.control.pay(bought.sessionId);
  await tell(
    shop,
    shop.news().map((event) => ({ ...event, created: at ?? event.created })),
  );
  return bought;
}

/** Hands events on as the webhook does, one after the other. */
export async function tell(
  { db, client }: Pick<Shop, "db" | "client">,
  events: readonly Stripe.Event[],
): Promise<EventOutcome["result"][]> {
  const results: EventOutcome["result"][] = [];
  for (const event of events) results.push((await receiveEvent(db.app, client, verified(event), false)).result);
  return results;
}

/** The same fact under another event id, as Stripe sends it to a second endpoint or on request. */
export function again<Event extends Stripe.Event>(event: Event): Event {
  return { ...event, id: `evt_${randomBytes(12).toString("hex")}` };
}

/** What the contract says about an order, its ledger rows, and all lots of its tenant (quantity, held). */
export async function standing({ db }: { db: TestDatabase }, bought: Pick<Bought, "orderId" | "tenantId">) {
  const [row] = await db.owner<{ status: string; refunded: number; review: string | null }[]>`
    select status, refunded_cents as refunded, review_reason as review from billing_order where id = ${bought.orderId}`;
  const rows = await db.owner<{ line: string }[]>`
    select concat_ws(' ', reason, type, delta) as line from tenant_credit_ledger
    where order_id = ${bought.orderId} order by id`;
  return { ...row, rows: rows.map((it) => it.line), lots: await lotsOf({ db }, bought.tenantId) };
}

/** The lots of a tenant by type and expiry, as "TYPE quantity/held". */
export async function lotsOf({ db }: { db: TestDatabase }, tenantId: string): Promise<string[]> {
  const lots = await db.owner<{ line: string }[]>`
    select type || ' ' || quantity || '/' || held as line from tenant_credit_balance
    where tenant_id = ${tenantId} order by type, expires_at`;
  return lots.map((it) => it.line);
}

/** Lots that break "quantity is the sum of the ledger, 0 <= held <= quantity", and orders that gave back more than they got. */
export async function brokenBooks({ db }: { db: TestDatabase }): Promise<unknown[]> {
  const lots = await db.owner`
    select b.id, b.quantity, b.held, sum(l.delta)::int as ledger from tenant_credit_balance b
    left join tenant_credit_ledger l on l.balance_id = b.id group by b.id
    having b.quantity <> coalesce(sum(l.delta), 0) or b.held < 0 or b.held > b.quantity`;
  const orders = await db.owner`
    select order_id, type, sum(delta)::int as net from tenant_credit_ledger where order_id is not null
    group by order_id, type having sum(delta) < 0 or sum(delta) > sum(delta) filter (where reason = 'STRIPE_PURCHASE')`;
  return [...lots, ...orders];
}

/** Spends credits one by one. */
export async function spend({ db }: { db: TestDatabase }, buyer: Buyer, type: CreditType, quantity: number) {
  for (let i = 0; i < quantity; i++) {
    await transaction(db.app, (tx) =>
      consumeCredit(tx, { tenantId: buyer.tenantId, type, actorUserId: buyer.userId, refId: null }),
    );
  }
}
