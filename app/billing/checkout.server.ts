import type Stripe from "stripe";
import type { Sql } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { APP_MARK } from "~/stripe/session.server";
import { tellStripe } from "./accounting.server";
import { withDeadline } from "./deadline";
import type { Order } from "./order.server";

/** Less than the 10 s within which a buyer gets an answer, whatever Stripe does. */
const DEADLINE_MS = 9_000;

/**
 * One click on "Kaufen". `requestKey` makes a repeated click the same order; null is a purchase of its own.
 * `whileOpen`: a repeated click counts only while its order can still be paid; after that it is a new order.
 */
export interface CheckoutRequest {
  skuId: string;
  requestKey: string | null;
  whileOpen: boolean;
}

export interface Buyer {
  tenantId: string;
  userId: string;
}

/** Where the buyer goes to pay. */
export interface Checkout {
  orderId: string;
  checkoutUrl: string;
}

/**
 * Places an order and opens its Checkout session at Stripe. The order, with the SKU's price and grants as its snapshot, is
 * committed before Stripe is called, and no transaction is open during the call. Repeated with the same key it
 * gives the same order and URL, also after a failure on the way.
 * Throws NOT_FOUND (no such SKU on sale), IDEMPOTENCY_CONFLICT (key used for another SKU), SKU_NOT_SALEABLE (the price at
 * Stripe is off or differs; the order is FAILED), STRIPE_UNAVAILABLE (likewise).
 * @param appOrigin the origin of the return URLs; never taken from a request
 */
export async function placeOrder(
  sql: Sql,
  stripe: Stripe,
  buyer: Buyer,
  request: CheckoutRequest,
  appOrigin: string,
): Promise<Checkout> {
  const order = await openOrder(sql, buyer, request);
  if (order.checkoutUrl) return { orderId: order.id, checkoutUrl: order.checkoutUrl };
  try {
    const session = await withDeadline(openSession(sql, stripe, order, appOrigin), DEADLINE_MS, tooLate);
    return { orderId: order.id, checkoutUrl: await bindSession(sql, order, session) };
  } catch (error) {
    const refusal = asRefusal(error);
    if (!refusal) throw error;
    await sql`
      update billing_order
      set status = 'FAILED', failure_reason = ${reasonOf(refusal)}, updated_at = now()
      where id = ${order.id} and tenant_id = ${order.tenantId} and status = 'PENDING'
        and stripe_checkout_session_id is null`;
    throw refusal;
  }
}

/** The order of this click: a new one, or the one that an earlier click with the same key made. */
async function openOrder(sql: Sql, buyer: Buyer, request: CheckoutRequest): Promise<Order> {
  const { skuId, requestKey } = request;
  const [placed] = await sql<Order[]>`
    insert into billing_order (tenant_id, sku_id, user_id, currency, amount_cents, stripe_price_id, grant_license_30d,
      grant_license_365d, grant_device_slots, credit_expires_in_days, request_key)
    select ${buyer.tenantId}, id, ${buyer.userId}, currency, amount_cents, stripe_price_id, grant_license_30d,
      grant_license_365d, grant_device_slots, credit_expires_in_days, ${requestKey}
    from billing_sku where id = ${skuId} and active
    on conflict (tenant_id, request_key) do nothing
    returning *`;
  if (placed) return placed;
  if (requestKey === null) throw new DomainError("NOT_FOUND");

  // An attempt whose parameters have grown too old for Stripe gets new ones, under a new key.
  await sql`
    update billing_order
    set checkout_attempt = checkout_attempt + 1, checkout_expires_at = now() + interval '60 minutes', updated_at = now()
    where tenant_id = ${buyer.tenantId} and request_key = ${requestKey} and checkout_url is null
      and checkout_expires_at < now() + interval '31 minutes'`;
  const [earlier] = await sql<(Order & { open: boolean })[]>`
    select *, (status = 'PENDING' and checkout_expires_at > now()) or (status = 'FAILED' and checkout_url is null) as open
    from billing_order where tenant_id = ${buyer.tenantId} and request_key = ${requestKey}`;
  if (!earlier) throw new DomainError("NOT_FOUND");
  if (earlier.skuId !== skuId) throw new DomainError("IDEMPOTENCY_CONFLICT");
  if (request.whileOpen && !earlier.open) return openOrder(sql, buyer, { ...request, requestKey: null });
  return earlier;
}

/**
 * Creates the session. Every parameter comes from the stored order, so that a retry with the same idempotency key is
 * identical and Stripe answers with the same session. A session of another amount or currency means that the price
 * at Stripe was changed: it is closed there, so that nobody can pay it.
 */
async function openSession(
  sql: Sql,
  stripe: Stripe,
  order: Order,
  appOrigin: string,
): Promise<Stripe.Checkout.Session> {
  const customer = await customerOf(sql, stripe, order.tenantId);
  const metadata = {
    app: APP_MARK,
    orderId: order.id,
    tenantId: order.tenantId,
    skuId: order.skuId,
    userId: order.userId ?? "",
  };
  const session = await stripe.checkout.sessions.create(
    {
      mode: "payment",
      line_items: [{ price: order.stripePriceId, quantity: 1 }],
      customer,
      client_reference_id: order.id,
      metadata,
      payment_intent_data: { metadata },
      locale: "de",
      adaptive_pricing: { enabled: false },
      expires_at: Math.floor(order.checkoutExpiresAt.getTime() / 1000),
      success_url: `${appOrigin}/admin/billing?checkout=success&session_id={CHECKOUT_SESSION_ID}`,
      cancel_url: `${appOrigin}/admin/billing?checkout=cancel&order=${encodeURIComponent(order.id)}`,
    },
    { idempotencyKey: order.checkoutAttempt === 1 ? order.id : `${order.id}:${order.checkoutAttempt}` },
  );
  // stripe-node resolves a 404 without an error body as if it had succeeded.
  if (session.object !== "checkout.session" || !session.url) throw new DomainError("STRIPE_UNAVAILABLE");
  if (session.amount_subtotal !== order.amountCents || session.currency?.toUpperCase() !== order.currency) {
    await stripe.checkout.sessions.expire(session.id).catch(() => {});
    const cause = `price differs: ${session.amount_subtotal} ${session.currency}`;
    throw new DomainError("SKU_NOT_SALEABLE", {}, { cause });
  }
  return session;
}

/**
 * The tenant's one Stripe customer, made at its first purchase, and told what "Firma & Belege" says if it does not know.
 * It is created with what never changes, since a repeated call with its key must be the same.
 */
async function customerOf(sql: Sql, stripe: Stripe, tenantId: string): Promise<string> {
  const [tenant] = await sql<{ name: string; stripeCustomerId: string | null; stripeDue: boolean | null }[]>`
    select t.name, t.stripe_customer_id, a.stripe_due
    from tenant t left join tenant_accounting a on a.tenant_id = t.id where t.id = ${tenantId}`;
  if (!tenant) throw new DomainError("NOT_FOUND");
  const customerId = tenant.stripeCustomerId ?? (await createCustomer(sql, stripe, tenantId, tenant.name));
  // A tax id that Stripe refuses is no reason not to sell.
  if (tenant.stripeDue) await tellStripe(sql, stripe, tenantId, customerId);
  return customerId;
}

async function createCustomer(sql: Sql, stripe: Stripe, tenantId: string, name: string): Promise<string> {
  const customer = await stripe.customers.create(
    { name, metadata: { app: APP_MARK, tenantId } },
    { idempotencyKey: `leadradar-customer-${tenantId}` },
  );
  if (customer.object !== "customer") throw new DomainError("STRIPE_UNAVAILABLE");
  const [kept] = await sql<{ stripeCustomerId: string }[]>`
    update tenant set stripe_customer_id = coalesce(stripe_customer_id, ${customer.id})
    where id = ${tenantId} returning stripe_customer_id`;
  return kept?.stripeCustomerId ?? customer.id;
}

/** Keeps the session with its order and returns the URL to pay at. */
async function bindSession(sql: Sql, order: Order, session: Stripe.Checkout.Session): Promise<string> {
  const [bound] = await sql<{ checkoutUrl: string }[]>`
    update billing_order
    set stripe_checkout_session_id = ${session.id}, checkout_url = ${session.url}, failure_reason = null,
      status = case when status = 'FAILED' and stripe_checkout_session_id is null then 'PENDING' else status end,
      updated_at = now()
    where id = ${order.id} and tenant_id = ${order.tenantId}
      and coalesce(stripe_checkout_session_id, ${session.id}) = ${session.id}
    returning checkout_url`;
  if (!bound) throw new DomainError("INVALID_STATE");
  return bound.checkoutUrl;
}

/** What an error means for the buyer; null when it is not about Stripe (the database, a bug), and passes on as it is. */
function asRefusal(error: unknown): DomainError | null {
  if (error instanceof DomainError) return error;
  const { type, param, message } = error as { type?: unknown; param?: unknown; message?: unknown };
  if (typeof type !== "string" || !type.startsWith("Stripe")) return null;
  const aboutPrice = String(param ?? "").startsWith("line_items") || /\bprice\b/i.test(String(message));
  const code = type === "StripeInvalidRequestError" && aboutPrice ? "SKU_NOT_SALEABLE" : "STRIPE_UNAVAILABLE";
  return new DomainError(code, {}, { cause: error });
}

function tooLate(): DomainError {
  return new DomainError("STRIPE_UNAVAILABLE", {}, { cause: "no answer in time" });
}

function reasonOf(refusal: DomainError): string {
  const { cause } = refusal;
  const detail = cause instanceof Error ? cause.message : String(cause ?? "");
  return `${refusal.code}: ${detail}`.slice(0, 500);
}
