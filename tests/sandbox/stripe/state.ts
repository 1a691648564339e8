import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type Stripe from "stripe";

/** A price as it is kept; `unit_amount_decimal` is a class instance in the client and derived when rendered. */
export type StoredPrice = Omit<Stripe.Price, "unit_amount_decimal" | "product"> & { product: string };

/** One position of a session, with the amount frozen at creation (minor units). */
export interface StoredLine {
  id: string;
  priceId: string;
  quantity: number;
  unitAmount: number;
  description: string;
}

/** A session and what only its payment needs. Cross references are ids, never expanded objects. */
export interface StoredCheckout {
  session: Stripe.Checkout.Session & { customer: string | null; payment_intent: string | null };
  lines: StoredLine[];
  paymentMetadata: Record<string, string>;
  paymentDescription: string | null;
}

export type StoredIntent = Stripe.PaymentIntent & { latest_charge: string | null; customer: string | null };
export type StoredCharge = Stripe.Charge & { payment_intent: string | null; customer: string | null };
export type StoredRefund = Stripe.Refund & { charge: string; payment_intent: string | null };
export type StoredDispute = Stripe.Dispute & { charge: string; payment_intent: string | null };

/** The first answer under an Idempotency-Key. `created` in ms. */
export interface StoredAnswer {
  method: string;
  path: string;
  params: string;
  status: number;
  body: string;
  created: number;
}

/** Everything the local Stripe knows, in insertion order. */
export class State {
  readonly products = new Map<string, Stripe.Product>();
  readonly prices = new Map<string, StoredPrice>();
  readonly customers = new Map<string, Stripe.Customer>();
  readonly taxIds = new Map<string, Stripe.TaxId>();
  readonly checkouts = new Map<string, StoredCheckout>();
  readonly intents = new Map<string, StoredIntent>();
  readonly charges = new Map<string, StoredCharge>();
  readonly refunds = new Map<string, StoredRefund>();
  readonly disputes = new Map<string, StoredDispute>();
  readonly events = new Map<string, Stripe.Event>();
  readonly answers = new Map<string, StoredAnswer>();
  /** Ids of events whose delivery has neither succeeded nor been given up; resumed after a restart. */
  readonly undelivered = new Set<string>();

  readonly #file: string | undefined;
  #saveDue: NodeJS.Immediate | undefined;

  /** Loads the snapshot when the file exists. Throws when it is not readable JSON. */
  constructor(file?: string) {
    this.#file = file;
    if (file === undefined || !existsSync(file)) return;
    const snapshot: Snapshot = JSON.parse(readFileSync(file, "utf8"));
    fill(this.products, snapshot.products);
    fill(this.prices, snapshot.prices);
    fill(this.customers, snapshot.customers);
    fill(this.taxIds, snapshot.taxIds ?? []);
    fill(this.checkouts, snapshot.checkouts);
    fill(this.intents, snapshot.intents);
    fill(this.charges, snapshot.charges);
    fill(this.refunds, snapshot.refunds ?? []);
    fill(this.disputes, snapshot.disputes ?? []);
    fill(this.events, snapshot.events);
    fill(this.answers, snapshot.answers);
    for (const id of snapshot.undelivered) this.undelivered.add(id);
  }

  /** Schedules one snapshot for all changes of this turn of the event loop. Without a file it does nothing. */
  save(): void {
    if (this.#file === undefined || this.#saveDue !== undefined) return;
    this.#saveDue = setImmediate(() => this.flush());
  }

  /** Writes the snapshot now, by rename, so that a crash leaves the old or the new one. */
  flush(): void {
    clearImmediate(this.#saveDue);
    this.#saveDue = undefined;
    if (this.#file === undefined) return;
    mkdirSync(dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${process.pid}.tmp`;
    writeFileSync(draft, JSON.stringify(this.#snapshot()));
    renameSync(draft, this.#file);
  }

  #snapshot(): Snapshot {
    return {
      products: [...this.products],
      prices: [...this.prices],
      customers: [...this.customers],
      taxIds: [...this.taxIds],
      checkouts: [...this.checkouts],
      intents: [...this.intents],
      charges: [...this.charges],
      refunds: [...this.refunds],
      disputes: [...this.disputes],
      events: [...this.events],
      answers: [...this.answers],
      undelivered: [...this.undelivered],
    };
  }
}

interface Snapshot {
  products: Array<[string, Stripe.Product]>;
  prices: Array<[string, StoredPrice]>;
  customers: Array<[string, Stripe.Customer]>;
  /** Absent in a file written before the local Stripe had them. */
  taxIds?: Array<[string, Stripe.TaxId]>;
  checkouts: Array<[string, StoredCheckout]>;
  intents: Array<[string, StoredIntent]>;
  charges: Array<[string, StoredCharge]>;
  /** Absent, like the disputes, in a file written before the local Stripe had them. */
  refunds?: Array<[string, StoredRefund]>;
  disputes?: Array<[string, StoredDispute]>;
  events: Array<[string, Stripe.Event]>;
  answers: Array<[string, StoredAnswer]>;
  undelivered: string[];
}

function fill<Value>(map: Map<string, Value>, entries: Array<[string, Value]>): void {
  for (const [id, value] of entries) map.set(id, value);
}

/** A fresh id in Stripe's form, such as `cus_` and 24 characters. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(12).toString("hex")}`;
}
