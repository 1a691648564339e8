import type Stripe from "stripe";
import { placeOrder } from "~/billing/checkout.server";
import { type ReconciliationReport, reconcile } from "~/billing/reconciliation.server";
import { type EventOutcome, receiveEvent } from "~/billing/stripe-events.server";
import { createStripeClient } from "~/stripe/gateway.server";
import { DEMO_SKUS } from "../../db/seed";
import { type LocalStripe, startLocalStripe } from "../sandbox/stripe";
import { createTestDatabase, type TestDatabase } from "./database";
import { verified } from "./events";
import { TEST_SECRET_KEY } from "./server";

/** The domain over a database of its own and the local Stripe, without a server: nothing is delivered unless a test does it. */
export interface Shop {
  db: TestDatabase;
  stripe: LocalStripe;
  client: Stripe;
  /** Places orders with sessions open at Stripe. */
  order(count?: number, change?: { skuId?: string; tenantId?: string }): Promise<Bought[]>;
  /** Places orders and pays them at Stripe. */
  buy(count?: number, change?: { skuId?: string; tenantId?: string }): Promise<Bought[]>;
  /** Delivers every event that was not delivered yet. `change`: what the copies that arrive have different. */
  deliver(change?: { created?: number }): Promise<EventOutcome[]>;
  reconcile(scope?: { full?: boolean; now?: Date }): Promise<ReconciliationReport>;
  close(): Promise<void>;
}

export interface Bought {
  id: string;
  sessionId: string;
}

const OWNERS: Record<string, string> = { lr_tenant_alpen: "owner@alpen.example", lr_tenant_jura: "owner@jura.example" };

export async function openShop(): Promise<Shop> {
  const db = await createTestDatabase();
  const prices = DEMO_SKUS.map((sku) => ({
    id: sku.priceId,
    productName: sku.name,
    unitAmount: sku.cents,
    currency: "chf",
  }));
  const stripe = await startLocalStripe({ secretKey: TEST_SECRET_KEY, prices });
  const client = createStripeClient(TEST_SECRET_KEY, stripe.url);
  const delivered = new Set<string>();
  const order: Shop["order"] = async (count = 1, change = {}) => {
    const { skuId = "lr_sku_30d_3", tenantId = "lr_tenant_alpen" } = change;
    const [user] = await db.owner<{ id: string }[]>`
      select id from app_user where tenant_id = ${tenantId} and email = ${OWNERS[tenantId] ?? ""}`;
    const buyer = { tenantId, userId: user?.id ?? "" };
    const orders: Bought[] = [];
    for (let i = 0; i < count; i++) {
      const request = { skuId, requestKey: null, whileOpen: false };
      const { orderId, checkoutUrl } = await placeOrder(db.app, client, buyer, request, "http://localhost:3000");
      orders.push({ id: orderId, sessionId: new URL(checkoutUrl).pathname.split("/").at(-1) ?? "" });
    }
    return orders;
  };
  return {
    db,
    stripe,
    client,
    order,
    async buy(count, change) {
      const orders = await order(count, change);
      for (const { sessionId } of orders) await stripe.control.pay(sessionId);
      return orders;
    },
    async deliver(change = {}) {
      const outcomes: EventOutcome[] = [];
      for (const event of stripe.control.events().filter((it) => !delivered.has(it.id))) {
        delivered.add(event.id);
        outcomes.push(await receiveEvent(db.app, client, verified({ ...event, ...change }), false));
      }
      return outcomes;
    },
    reconcile: (scope = {}) => reconcile(db.app, client, false, { full: true, now: new Date(), ...scope }),
    async close() {
      await stripe.close();
      await db.drop();
    },
  };
}

/** Everything that the books consist of, row by row, for comparing before and after. */
export async function dumpBooks({ db }: { db: TestDatabase }, ...tables: string[]): Promise<string[]> {
  const all = ["billing_order", "tenant_credit_balance", "tenant_credit_ledger", "order_credit", ...tables];
  const dumps = await Promise.all(
    all.map(
      (table) => db.owner<{ row: string }[]>`select to_jsonb(t)::text as row from ${db.owner(table)} t order by 1`,
    ),
  );
  return dumps.flatMap((rows, i) => rows.map(({ row }) => `${all[i]} ${row}`));
}
