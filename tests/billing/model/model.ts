import { type CreditType, endOfCredit, follow, type Lot, lapse, nextLot, type Share, TYPES, targetOf } from "./books";
import { disputeOf, type Payment, refunded } from "./truth";

type News = "completed" | "async_payment_succeeded" | "async_payment_failed" | "expired";

/** What an event says, as far as an order is concerned. `at` in ms. "other": nothing that moves an order. */
export type Fact = { order: number; at: number } & (
  | { says: News; paid: boolean }
  | { says: "look at the payment" }
  | { says: "other" }
);

/** An event on its way, and what the system has made of it so far. */
export interface Message {
  id: string;
  type: string;
  fact: Fact;
  state: "under way" | "refused" | "done";
  /** When it first arrived. */
  since?: number;
}

export interface Sku {
  id: string;
  active: boolean;
  cents: number;
  grants: Record<CreditType, number>;
  days: number;
}

/** An order as it must be, and its payment as it is at Stripe. Times in ms. */
export interface OrderModel extends Omit<Sku, "id" | "active"> {
  id: string;
  tenant: number;
  sku: string;
  key: string;
  placedAt: number;
  status: "PENDING" | "PROCESSING" | "PAID" | "PARTIALLY_REFUNDED" | "REFUNDED" | "EXPIRED" | "FAILED" | "DISPUTED";
  /** Whether the session is known to the order. */
  bound: boolean;
  /** Whether the buyer was ever shown the page to pay at. */
  shown: boolean;
  payment: Payment;
  grant: { paidAt: number; shares: Array<[CreditType, Share]> } | null;
  seen: { refunded: number; dispute: ReturnType<typeof disputeOf> };
  /** Of `SHORTFALL` in the review: how many credits at least and at most, and of what. */
  shortfall: Array<{ type: CreditType; least: number; most: number }>;
}

/** Everything of one sequence as plain data, so that it can be copied. */
export interface State {
  began: number;
  now: number;
  skus: Sku[];
  orders: OrderModel[];
  lots: Lot[];
  messages: Message[];
  /** What has been spent, per tenant and type. */
  spent: Record<string, number>;
}

/** What has to wait for its payment is tried again for four days. */
const PATIENCE_MS = 4 * 86_400_000;

/** What an order is called in a report. */
export function nameOf(model: Model, order: OrderModel): string {
  return `order ${model.state.orders.indexOf(order)}`;
}

/** The specification (CONTRACT sections 4 to 6, PAYMENTS sections 4 to 8) over plain data, without a look at the code. */
export class Model {
  constructor(public state: State) {}

  orderAt(n: number): OrderModel {
    const order = this.state.orders[n];
    if (!order) throw new Error(`The model has no order ${n}.`);
    return order;
  }

  /** A delivery or, with `again`, a replay. @returns what must become of it */
  receive(message: Message, again = false): "processed" | "done" | "retry" | "ignored" | "set aside" {
    if (message.state === "done" && !again) return "done";
    message.since ??= this.state.now;
    const outcome = this.#obey(message.fact);
    if (message.state !== "done") message.state = outcome === "retry" ? "refused" : "done";
    const isOld = this.state.now - message.since >= PATIENCE_MS;
    return outcome === "retry" && isOld ? "set aside" : outcome;
  }

  #obey(fact: Fact): "processed" | "retry" | "ignored" {
    const order = this.orderAt(fact.order);
    if (fact.says === "other") return "ignored";
    if (fact.says !== "look at the payment") {
      this.hear(order, fact.says, fact.paid, fact.at);
      return "processed";
    }
    if (!order.grant) return "retry";
    this.look(order);
    return "processed";
  }

  /** News about the session: money wins over everything, and nothing takes a grant back. */
  hear(order: OrderModel, news: News, paid: boolean, at: number): void {
    const isOpen = order.status === "PENDING" || order.status === "PROCESSING";
    const before = order.status;
    if (paid && !order.grant) this.#fulfil(order, at);
    else if (news === "completed" && !paid && order.status === "PENDING") order.status = "PROCESSING";
    else if (news === "async_payment_failed" && isOpen) order.status = "FAILED";
    else if (news === "expired" && isOpen) order.status = "EXPIRED";
    if (order.status !== before) order.bound = true;
  }

  #fulfil(order: OrderModel, paidAt: number): void {
    const expiresAt = endOfCredit(paidAt, order.days);
    const shares = TYPES.filter((type) => order.grants[type] > 0).map((type): [CreditType, Share] => {
      const granted = order.grants[type];
      const lot = this.#lot(order.tenant, type, expiresAt);
      lot.quantity += granted;
      lot.orders += 1;
      return [type, { lot, granted, taken: 0, missing: 0, held: 0 }];
    });
    order.grant = { paidAt, shares };
    order.status = "PAID";
  }

  #lot(tenant: number, type: CreditType, expiresAt: number): Lot {
    const { lots } = this.state;
    const found = lots.find((it) => it.tenant === tenant && it.type === type && it.expiresAt === expiresAt);
    if (found) return found;
    const lot = { tenant, type, expiresAt, quantity: 0, held: 0, lapsed: 0, orders: 0 };
    lots.push(lot);
    return lot;
  }

  /** Brings a granted order to where its money is at Stripe now. */
  look(order: OrderModel): void {
    const { grant, payment } = order;
    if (!grant) throw new Error(`Order ${order.id} has nothing to take back.`);
    const [back, dispute] = [refunded(payment), disputeOf(payment)];
    const missing = () => grant.shares.map(([, share]) => share.missing).join();
    const before = missing();
    for (const [, share] of grant.shares) {
      const target = dispute === "lost" ? share.granted : targetOf(share.granted, back, order.cents);
      follow(share, target, dispute === "open", order.seen.dispute === "open");
    }
    if (missing() !== before) order.shortfall = shortfallOf(grant.shares);
    order.seen = { refunded: back, dispute };
    const part = back < order.cents ? "PARTIALLY_REFUNDED" : "REFUNDED";
    order.status = dispute === "open" || dispute === "lost" ? "DISPUTED" : back === 0 ? "PAID" : part;
  }

  /** The return page or the reconciliation reads the session at Stripe. */
  settle(order: OrderModel): void {
    const { page, money, chargedAt } = order.payment;
    const { now } = this.state;
    if (page === "expired") this.hear(order, "expired", false, now);
    if (page !== "complete") return;
    const at = order.status === "PROCESSING" ? now : chargedAt * 1000;
    this.hear(order, money === "failed" ? "async_payment_failed" : "completed", money === "paid", at);
  }

  /** Spends a credit. @returns null, or the refusals that may be given */
  consume(tenant: number, type: CreditType): string[] | null {
    const { lots, now, spent } = this.state;
    const lot = nextLot(lots, tenant, type, now);
    if (lot) {
      lot.quantity -= 1;
      spent[`${tenant} ${type}`] = (spent[`${tenant} ${type}`] ?? 0) + 1;
      return null;
    }
    const own = lots.filter((it) => it.tenant === tenant && it.type === type);
    if (own.some((it) => it.held > 0 && it.expiresAt > now)) return ["CREDITS_ON_HOLD"];
    const lapsed = own.some((it) => it.lapsed > 0 || (it.expiresAt <= now && it.quantity > 0));
    if (!lapsed) return ["NO_CREDITS"];
    // Frozen ones that have lapsed meanwhile, or some lapsed and others gone: the specification leaves it open.
    const isMixed = spent[`${tenant} ${type}`] || this.state.orders.some((it) => it.seen.refunded || it.seen.dispute);
    const onHold = own.some((it) => it.held > 0) ? ["CREDITS_ON_HOLD"] : [];
    return ["CREDITS_EXPIRED", ...(isMixed ? ["NO_CREDITS"] : []), ...onHold];
  }

  expire(): void {
    lapse(this.state.lots, this.state.now);
  }

  /** Orders at Stripe that the system has not followed yet. */
  behind(): OrderModel[] {
    return this.state.orders.filter(
      ({ payment, seen }) =>
        payment.money === "paid" && (refunded(payment) !== seen.refunded || disputeOf(payment) !== seen.dispute),
    );
  }

  /** The pages at Stripe that close by now. */
  due(): OrderModel[] {
    return this.state.orders.filter(
      ({ payment }) => payment.page === "open" && payment.closesAt * 1000 <= this.state.now,
    );
  }
}

/** Exact where the lot is this order's alone; else the lapsed ones may count for each of its orders. */
function shortfallOf(shares: Array<[CreditType, Share]>): OrderModel["shortfall"] {
  return shares
    .map(([type, { lot, missing }]) => {
      const least = Math.max(0, missing - lot.lapsed);
      return { type, least, most: lot.orders === 1 ? least : missing };
    })
    .filter(({ most }) => most > 0);
}
