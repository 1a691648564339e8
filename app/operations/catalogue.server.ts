import type Stripe from "stripe";
import { type Actor, type AuditState, recordChange } from "~/billing/audit.server";
import type { Sku } from "~/billing/catalog.server";
import { type Db, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { isStripeTrouble } from "~/stripe/payment.server";
import { type PriceReading, readPrice } from "~/stripe/price.server";

/** What the shop sells in: one currency, so that books and savings compare. */
const CURRENCY = "CHF";

/** What is wrong with the price behind a SKU. */
export type PriceFault = "MISSING" | "INACTIVE" | "RECURRING" | "CURRENCY" | "AMOUNT";

/** A SKU as staff see it. `due`: its price at Stripe has changed since it was last compared. */
export interface CatalogueSku extends Sku {
  priceFault: PriceFault | null;
  priceCheckedAt: Date | null;
  stripeChangedAt: Date | null;
  due: boolean;
}

/** All SKUs: those on sale in the order of the shop, then the others. A catalogue is small. */
export function listSkus(db: Db): Promise<CatalogueSku[]> {
  return db<CatalogueSku[]>`
    select s.*, ${due(db)} as due from billing_sku s order by active desc, sort_order, id limit 500`;
}

/** One SKU, on sale or not. Throws NOT_FOUND. */
export async function readSku(db: Db, id: string): Promise<CatalogueSku> {
  const [sku] = await db<CatalogueSku[]>`select s.*, ${due(db)} as due from billing_sku s where id = ${id}`;
  if (!sku) throw new DomainError("NOT_FOUND");
  return sku;
}

// Stripe tells times in whole seconds: a change in the second of the comparison may have come after it.
const due = (db: Db) =>
  db`coalesce(s.price_fault is not null
    or s.stripe_changed_at + interval '1 second' > coalesce(s.price_checked_at, s.created_at), false)`;
const checkedNow = (db: Db) => db`greatest(now(), stripe_changed_at + interval '1 second')`;

/** The active SKUs whose price at Stripe does not fit, for the notice that says so. */
export function listPriceFaults(
  db: Db,
): Promise<Array<{ id: string; name: string; fault: PriceFault; checkedAt: Date }>> {
  return db`
    select id, name, price_fault as fault, price_checked_at as checked_at from billing_sku
    where active and price_fault is not null order by sort_order, id limit 100`;
}

/** What staff say about a SKU. Amount and currency come from Stripe. */
export interface SkuTerms {
  name: string;
  description: string | null;
  stripePriceId: string;
  grantLicense30d: number;
  grantLicense365d: number;
  grantDeviceSlots: number;
  creditExpiresInDays: number;
  active: boolean;
}

/** A SKU's terms with what Stripe takes for it. */
export interface PricedTerms extends SkuTerms {
  currency: string;
  amountCents: number;
}

const FAULT_WORDS: Record<PriceFault, string> = {
  MISSING: "Dieser Stripe-Preis existiert nicht.",
  INACTIVE: "Dieser Stripe-Preis ist ausgeschaltet.",
  RECURRING: "Dieser Stripe-Preis ist ein Abo-Preis. Nur Einmalzahlung ist möglich.",
  CURRENCY: `Dieser Stripe-Preis ist nicht in ${CURRENCY}.`,
  AMOUNT: "Der Betrag weicht von Stripe ab. Speichern Sie das Paket, damit der von Stripe gilt.",
};

/**
 * Reads the amount of the terms' price from Stripe; no transaction is open. Throws INVALID_BODY for a price that is absent, recurring, switched
 * off, without a fixed amount, or in another currency, and STRIPE_UNAVAILABLE.
 */
export async function priceTerms(stripe: Stripe, terms: SkuTerms): Promise<PricedTerms> {
  const price = await askStripe(stripe, terms.stripePriceId);
  const fault = faultOf(price);
  if (fault) throw priceRefused(FAULT_WORDS[fault]);
  if (!price?.amountCents) throw priceRefused("Dieser Stripe-Preis hat keinen festen Betrag über 0.");
  return { ...terms, currency: price.currency, amountCents: price.amountCents };
}

function priceRefused(text: string): DomainError {
  return new DomainError("INVALID_BODY", { fields: { preis: text } });
}

/** What rules a price out, whatever it costs. */
function faultOf(price: PriceReading | null): Exclude<PriceFault, "AMOUNT"> | null {
  if (!price) return "MISSING";
  if (price.recurring) return "RECURRING";
  if (!price.active) return "INACTIVE";
  return price.currency === CURRENCY ? null : "CURRENCY";
}

async function askStripe(stripe: Stripe, priceId: string): Promise<PriceReading | null> {
  try {
    return await readPrice(stripe, priceId);
  } catch (error) {
    if (isStripeTrouble(error)) throw new DomainError("STRIPE_UNAVAILABLE", {}, { cause: error });
    throw error;
  }
}

/** The part of a SKU that the audit trail keeps. */
function stateOf(it: PricedTerms): AuditState {
  const { name, description, stripePriceId, currency, amountCents, active, creditExpiresInDays } = it;
  const { grantLicense30d, grantLicense365d, grantDeviceSlots } = it;
  const grants = { grantLicense30d, grantLicense365d, grantDeviceSlots };
  return { name, description, stripePriceId, currency, amountCents, ...grants, creditExpiresInDays, active };
}

/**
 * Adds a SKU at the end of the shop. The same `requestKey` again is the same SKU. @returns its id. Throws as `priceTerms`.
 */
export async function createSku(
  sql: Sql,
  stripe: Stripe,
  actor: Actor,
  terms: SkuTerms,
  requestKey: string,
): Promise<string> {
  const priced = await priceTerms(stripe, terms);
  const id = `sku_${requestKey}`;
  return transaction(sql, async (tx) => {
    await lockCatalogue(tx);
    const [made] = await tx<{ id: string }[]>`
      insert into billing_sku (id, active, name, description, stripe_price_id, currency, amount_cents, grant_license_30d,
        grant_license_365d, grant_device_slots, credit_expires_in_days, sort_order)
      values (${id}, ${priced.active}, ${priced.name}, ${priced.description}, ${priced.stripePriceId}, ${priced.currency},
        ${priced.amountCents}, ${priced.grantLicense30d}, ${priced.grantLicense365d}, ${priced.grantDeviceSlots},
        ${priced.creditExpiresInDays}, (select coalesce(max(sort_order), 0) + 10 from billing_sku))
      on conflict (id) do nothing returning id`;
    if (!made) return id;
    await tx`update billing_sku set price_checked_at = now() where id = ${id}`;
    await record(tx, actor, "SKU_CREATED", id, null, stateOf(priced));
    return id;
  });
}

/**
 * Changes a SKU for future orders; placed ones keep their terms. `version`: its `updatedAt` as the person saw it, in milliseconds.
 * Throws NOT_FOUND, INVALID_STATE when somebody has changed it meanwhile, and as `priceTerms`.
 */
export async function saveSku(
  sql: Sql,
  stripe: Stripe,
  actor: Actor,
  id: string,
  version: number,
  terms: SkuTerms,
): Promise<void> {
  const priced = await priceTerms(stripe, terms);
  await change(sql, actor, id, "SKU_CHANGED", async (tx, before) => {
    if (before.updatedAt.getTime() !== version) throw new DomainError("INVALID_STATE");
    await tx`
      update billing_sku
      set name = ${priced.name}, description = ${priced.description}, stripe_price_id = ${priced.stripePriceId},
        currency = ${priced.currency}, amount_cents = ${priced.amountCents}, grant_license_30d = ${priced.grantLicense30d},
        grant_license_365d = ${priced.grantLicense365d}, grant_device_slots = ${priced.grantDeviceSlots},
        credit_expires_in_days = ${priced.creditExpiresInDays}, active = ${priced.active}, price_fault = null,
        price_checked_at = ${checkedNow(tx)}, updated_at = now()
      where id = ${id}`;
    return stateOf(priced);
  });
}

/** Takes a SKU from the shop; already so changes nothing. Who is at Stripe with it still gets it. Throws NOT_FOUND. */
export function retireSku(sql: Sql, actor: Actor, id: string): Promise<void> {
  return setActive(sql, actor, id, false);
}

/** Puts a SKU on sale, if Stripe still takes for it what it says. Throws NOT_FOUND, STRIPE_UNAVAILABLE, and INVALID_BODY for a price that does not fit. */
export async function releaseSku(sql: Sql, stripe: Stripe, actor: Actor, id: string): Promise<void> {
  const sku = await readSku(sql, id);
  const fault = await comparePrice(stripe, sku);
  await keepFault(sql, sku, sku, fault);
  if (fault) throw priceRefused(FAULT_WORDS[fault]);
  await setActive(sql, actor, id, true);
}

function setActive(sql: Sql, actor: Actor, id: string, active: boolean): Promise<void> {
  return change(sql, actor, id, active ? "SKU_RELEASED" : "SKU_RETIRED", async (tx, before) => {
    if (before.active === active) return null;
    await tx`update billing_sku set active = ${active}, updated_at = now() where id = ${id}`;
    return { ...stateOf(before), active };
  });
}

/** Moves a SKU on sale one place towards the beginning or the end of the shop; at the end nothing happens. Throws NOT_FOUND. */
export function moveSku(sql: Sql, actor: Actor, id: string, to: "up" | "down"): Promise<void> {
  return transaction(sql, async (tx) => {
    await lockCatalogue(tx);
    const shop = await tx<{ id: string; sortOrder: number }[]>`
      select id, sort_order from billing_sku where active order by sort_order, id`;
    const at = shop.findIndex((it) => it.id === id);
    if (at < 0) throw new DomainError("NOT_FOUND");
    const other = at + (to === "up" ? -1 : 1);
    const [sku, neighbour] = [shop[at], shop[other]];
    if (!sku || !neighbour) return;
    shop[at] = neighbour;
    shop[other] = sku;
    // Equal places would leave it to chance who is first: all get their own, in steps that leave room.
    const isTidy = new Set(shop.map((it) => it.sortOrder)).size === shop.length;
    const places = isTidy ? shop.map((it) => it.sortOrder).sort((a, b) => a - b) : shop.map((_, n) => (n + 1) * 10);
    for (const [n, { id: moved, sortOrder }] of shop.entries()) {
      const place = places[n] ?? 0;
      if (place !== sortOrder) await tx`update billing_sku set sort_order = ${place} where id = ${moved}`;
    }
    await record(tx, actor, "SKU_MOVED", id, { sortOrder: sku.sortOrder }, { sortOrder: places[other] ?? 0 });
  });
}

/** Compares a SKU with Stripe's price and keeps what is wrong with it. Throws NOT_FOUND, STRIPE_UNAVAILABLE. */
export async function compareSku(sql: Sql, stripe: Stripe, actor: Actor, id: string): Promise<PriceFault | null> {
  const sku = await readSku(sql, id);
  const fault = await comparePrice(stripe, sku);
  await change(sql, actor, id, "SKU_COMPARED", async (tx, before) => {
    await keepFault(tx, before, sku, fault);
    return { ...stateOf(before), priceFault: fault };
  });
  return fault;
}

/** Compares every SKU on sale with Stripe, as a server does when it starts. Throws STRIPE_UNAVAILABLE. @returns how many do not fit */
export async function comparePrices(sql: Sql, stripe: Stripe): Promise<number> {
  let faults = 0;
  for (const sku of (await listSkus(sql)).filter((it) => it.active)) {
    const fault = await comparePrice(stripe, sku);
    if (fault) faults += 1;
    await keepFault(sql, sku, sku, fault);
  }
  return faults;
}

async function comparePrice(stripe: Stripe, sku: CatalogueSku): Promise<PriceFault | null> {
  const price = await askStripe(stripe, sku.stripePriceId);
  const fault = faultOf(price);
  if (fault) return fault;
  return price?.amountCents === sku.amountCents && price.currency === sku.currency ? null : "AMOUNT";
}

/** Not for a SKU that has got another price meanwhile. */
async function keepFault(db: Db, now: Sku, compared: Sku, fault: PriceFault | null): Promise<void> {
  if (now.stripePriceId !== compared.stripePriceId) return;
  await db`
    update billing_sku set price_fault = ${fault}, price_checked_at = ${checkedNow(db)}
    where id = ${compared.id} and stripe_price_id = ${compared.stripePriceId}`;
}

/** Locks the SKU, lets `work` change it, and keeps what it gives as the state after; null: nothing has changed. */
function change(
  sql: Sql,
  actor: Actor,
  id: string,
  action: "SKU_CHANGED" | "SKU_RELEASED" | "SKU_RETIRED" | "SKU_COMPARED",
  work: (tx: Tx, before: CatalogueSku) => Promise<AuditState | null>,
): Promise<void> {
  return transaction(sql, async (tx) => {
    await lockCatalogue(tx);
    const before = await readSku(tx, id);
    const after = await work(tx, before);
    const { priceFault } = before;
    if (after)
      await record(
        tx,
        actor,
        action,
        id,
        { ...stateOf(before), ...("priceFault" in after ? { priceFault } : {}) },
        after,
      );
  });
}

/** One change of the catalogue at a time: its order belongs to all SKUs. Orders and shop do not wait for it. */
async function lockCatalogue(tx: Tx): Promise<void> {
  await tx`select id from billing_sku order by id for no key update`;
}

function record(
  tx: Tx,
  actor: Actor,
  action: "SKU_CREATED" | "SKU_CHANGED" | "SKU_RELEASED" | "SKU_RETIRED" | "SKU_MOVED" | "SKU_COMPARED",
  id: string,
  before: AuditState | null,
  after: AuditState,
): Promise<void> {
  return recordChange(tx, actor, { action, subject: { type: "SKU", id }, tenantId: null, before, after, reason: null });
}
