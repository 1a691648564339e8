import { randomBytes } from "node:crypto";
import Stripe from "stripe";
import { receiveEvent } from "~/billing/stripe-events.server";
import { readEvent, type VerifiedEvent } from "~/stripe/signature.server";
import { type LocalStripe, startLocalStripe } from "../../sandbox/stripe";
import { createTestDatabase, type TestDatabase } from "../../support/database";
import { TEST_SECRET_KEY } from "../../support/server";
import { TYPES } from "./books";
import { installClock } from "./clock";
import type { Fact, Message, Model, Sku } from "./model";

/** Where buyers return to. */
export const ORIGIN = "https://billing.example.test";
/** Far more than what one sequence has in flight. */
const POOL = 6;

/** The real system of one sequence: PostgreSQL, the app's functions, and a local Stripe that delivers nothing by itself. */
export class World {
  /** Tenants and their owners, fresh for each sequence. */
  readonly tenants: Array<{ tenantId: string; userId: string }> = [];
  readonly #events = new Map<string, VerifiedEvent>();
  #seen = 0;
  #prices = 0;

  private constructor(
    readonly db: TestDatabase,
    readonly local: LocalStripe,
    readonly stripe: Stripe,
    readonly time: { now: number },
    readonly skus: readonly Sku[],
  ) {}

  /** A database whose clock the test sets; sequences use it one after the other. */
  static async database(): Promise<TestDatabase> {
    const db = await createTestDatabase(POOL);
    await installClock(db.owner);
    return db;
  }

  /** Begins a sequence: two tenants, their SKUs, a Stripe of their own. */
  static async begin(db: TestDatabase, now: number, skus: readonly Sku[]): Promise<World> {
    const time = { now };
    const prices = skus.map((sku) => ({
      id: `price_${sku.id}`,
      productName: sku.id,
      unitAmount: sku.cents,
      currency: "chf",
    }));
    const local = await startLocalStripe({ secretKey: TEST_SECRET_KEY, prices, now: () => time.now });
    const address = { host: "127.0.0.1", port: local.port, protocol: "http" } as const;
    const stripe = new Stripe(TEST_SECRET_KEY, { ...address, maxNetworkRetries: 0, telemetry: false });
    const world = new World(db, local, stripe, time, skus);
    const run = randomBytes(6).toString("hex");
    for (const n of [0, 1]) world.tenants.push({ tenantId: `t${n}_${run}`, userId: `u${n}_${run}` });
    const { owner } = db;
    const tenants = world.tenants.map(({ tenantId: id }) => ({ id, slug: id, name: id }));
    const users = world.tenants.map(({ tenantId, userId }) => ({
      id: userId,
      tenant_id: tenantId,
      email: `${userId}@example.test`,
      role: "OWNER",
    }));
    const rows = skus.map((sku) => ({
      id: sku.id,
      name: sku.id,
      ...skuColumns(sku),
      stripe_price_id: `price_${sku.id}`,
    }));
    // Sent together on one connection, done in this order.
    await owner.begin((tx) => [
      tx`update clock.at set now = ${new Date(now)}`,
      tx`insert into tenant ${tx(tenants)}`,
      tx`insert into app_user ${tx(users)}`,
      tx`insert into billing_sku ${tx(rows)}`,
    ]);
    return world;
  }

  /** Ends a sequence and leaves the database as it was found, so that every sequence meets the same. */
  async end(): Promise<void> {
    await this.local.close();
    const tables = `tenant_credit_ledger tenant_credit_day order_credit tenant_credit_balance stripe_event billing_order ledger_checkpoint
      reconciliation_report`;
    const ids = (list: string[]) => list.map((id) => `'${id}'`).join();
    const tenants = ids(this.tenants.map(({ tenantId }) => tenantId));
    // The guards of the ledger do not watch a session that replays.
    const { owner } = this.db;
    await owner.begin((tx) =>
      tx.unsafe(`set local session_replication_role = replica;
      ${tables.replaceAll(/\s*(\S+)\s*/g, "delete from $1; ")}
      delete from app_user where tenant_id in (${tenants}); delete from tenant where id in (${tenants});
      delete from billing_sku where id in (${ids(this.skus.map(({ id }) => id))})`),
    );
  }

  tenant(n: number): { tenantId: string; userId: string } {
    const tenant = this.tenants[n];
    if (!tenant) throw new Error(`There is no tenant ${n}.`);
    return tenant;
  }

  /** Puts what Stripe has to say since the last call on its way. */
  harvest(model: Model): void {
    const { orders, messages } = model.state;
    const fresh = this.local.control.events(this.#seen);
    this.#seen += fresh.length;
    for (const event of fresh) {
      const about = orderIdOf(event.data.object);
      const n = orders.findIndex(({ id, payment }) => id === about || payment.intentId === about);
      if (n >= 0) messages.push(this.keep(event, factOf(event, n)));
    }
  }

  /** Remembers an event, so that it can be delivered. */
  keep(event: Stripe.Event, fact: Fact): Message {
    this.#events.set(event.id, readEvent(JSON.stringify(event)));
    return { id: event.id, type: event.type, fact, state: "under way" };
  }

  /** The same fact under another id, as Stripe may send it. */
  copy({ id, type, fact }: Message): Message {
    const event = { ...JSON.parse(this.event(id).payload), id: newEventId() };
    return { ...this.keep(event, fact), type };
  }

  /** An event that the local Stripe would not send at this moment. */
  forge(type: "checkout.session.expired", object: Stripe.Checkout.Session, created: number): Stripe.Event {
    const frame = { object: "event", api_version: Stripe.API_VERSION, livemode: false, pending_webhooks: 1 } as const;
    const request = { id: null, idempotency_key: null };
    return { ...frame, id: newEventId(), created, request, type, data: { object } };
  }

  event(id: string): VerifiedEvent {
    const event = this.#events.get(id);
    if (!event) throw new Error(`There is no event ${id}.`);
    return event;
  }

  deliver(message: Message): ReturnType<typeof receiveEvent> {
    return receiveEvent(this.db.app, this.stripe, this.event(message.id), false);
  }

  /** Another price at Stripe for a SKU whose amount has changed, as an operator would make it. */
  async newPrice(sku: Sku): Promise<string> {
    this.#prices += 1;
    const id = `price_${sku.id}_${this.#prices}`;
    await this.local.control.createPrice({ id, productName: sku.id, unitAmount: sku.cents, currency: "chf" });
    return id;
  }
}

function newEventId(): string {
  return `evt_${randomBytes(12).toString("hex")}`;
}

/** The columns of a SKU that a sequence may change. */
export function skuColumns(sku: Sku) {
  const [license30d, license365d, slots] = TYPES.map((type) => sku.grants[type]);
  return {
    active: sku.active,
    amount_cents: sku.cents,
    grant_license_30d: license30d ?? 0,
    grant_license_365d: license365d ?? 0,
    grant_device_slots: slots ?? 0,
    credit_expires_in_days: sku.days,
  };
}

/** The order's id, or else the payment intent. */
function orderIdOf(object: object): string | null {
  const it = object as { metadata?: { orderId?: string }; payment_intent?: string };
  return it.metadata?.orderId ?? it.payment_intent ?? null;
}

function factOf(event: Stripe.Event, order: number): Fact {
  const about = { order, at: event.created * 1000 };
  const news = /^checkout\.session\.(completed|async_payment_succeeded|async_payment_failed|expired)$/.exec(event.type);
  if (news) {
    const paid = (event.data.object as { payment_status?: string }).payment_status === "paid";
    return { ...about, says: news[1] as "completed", paid };
  }
  const isPayment = /^(refund\.(created|updated|failed)|charge\.(refunded|refund\.updated|dispute\.))/.test(event.type);
  return { ...about, says: isPayment ? "look at the payment" : "other" };
}
