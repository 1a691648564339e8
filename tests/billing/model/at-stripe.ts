import { nameOf, type OrderModel } from "./model";
import { choose, type Kind, type Turn } from "./step";
import { chargeBack, mayDispute, mayRefund, type Payment, refunded } from "./truth";

/** What buyers do at the page; what becomes of refunds and disputes is up to the banks. */
const BUYERS = [
  "pay",
  "pay later",
  "pay after expiry",
  "delayed payment arrives",
  "delayed payment fails",
  "expire session",
];

type Ready = (payment: Payment) => boolean;

/** A command that does something to one payment at Stripe; the system hears of it only by deliveries. */
function atStripe(
  name: string,
  weight: number,
  ready: Ready,
  act: (turn: Turn, payment: Payment, order: OrderModel) => Promise<string>,
  afar = true,
): Kind {
  return {
    name,
    weight,
    by: BUYERS.includes(name) ? "buyers" : /^(refund (succ|fail)|dispute |inquiry)/.test(name) ? "banks" : name,
    afar,
    ready: ({ state }) => state.orders.some(({ payment }) => ready(payment)),
    run: async (turn) => {
      const { state } = turn.model;
      const order = choose(
        state.orders.filter(({ payment }) => ready(payment)),
        turn.a,
      );
      const detail = await act(turn, order.payment, order);
      turn.say(`${nameOf(turn.model, order)}${detail ? `, ${detail}` : ""}`);
      return true;
    },
  };
}

const isOpen: Ready = ({ page }) => page === "open";
const isUnderWay: Ready = ({ money }) => money === "under way";
const seconds = (turn: Turn) => Math.floor(turn.model.state.now / 1000);

/** The card is charged. */
export async function pay(turn: Turn, payment: Payment): Promise<string> {
  const session = await turn.world.local.control.pay(payment.sessionId);
  const charged = { page: "complete", money: "paid", chargedAt: seconds(turn) } as const;
  Object.assign(payment, charged, { intentId: session.payment_intent });
  return "";
}

async function payLater(turn: Turn, payment: Payment): Promise<string> {
  const session = await turn.world.local.control.payLater(payment.sessionId);
  const charged = { page: "complete", money: "under way", chargedAt: seconds(turn) } as const;
  Object.assign(payment, charged, { intentId: session.payment_intent });
  return "";
}

/** Stripe says that the page has closed while the buyer's payment goes through all the same. */
async function payAfterExpiry(turn: Turn, payment: Payment, order: OrderModel): Promise<string> {
  const { model, world } = turn;
  const object = await world.stripe.checkout.sessions.retrieve(payment.sessionId);
  const expired = { ...object, status: "expired", url: null } as typeof object;
  const event = world.forge("checkout.session.expired", expired, seconds(turn));
  const at = seconds(turn) * 1000;
  const fact = { order: model.state.orders.indexOf(order), at, says: "expired", paid: false } as const;
  const message = world.keep(event, fact);
  await world.deliver(message);
  model.receive(message);
  model.state.messages.push(message);
  await pay(turn, payment);
  return `then ${order.status}`;
}

async function refund({ world, b }: Turn, payment: Payment, cents: number): Promise<string> {
  const pending = b % 3 === 0;
  const { id } = await world.local.control.refund(payment.sessionId, { amount: cents, pending });
  payment.refunds.push({ id, cents, state: pending ? "pending" : "succeeded" });
  return `${cents} of ${payment.cents}${pending ? ", pending" : ""}`;
}

/** Odd cents, whole shares and everything but a cent, so that rounding shows. */
function part(payment: Payment, b: number): number {
  const left = payment.cents - refunded(payment);
  const wishes = [1, Math.floor(left / 3), Math.floor(left / 2), Math.ceil(left / 3), left - 1];
  return Math.max(1, choose(wishes, b));
}

async function openDispute({ world, b }: Turn, payment: Payment): Promise<string> {
  const inquiry = b % 3 === 0;
  const { id } = await world.local.control.dispute(payment.sessionId, { inquiry });
  payment.disputes.push({ id, state: inquiry ? "inquiry" : "open" });
  if (!inquiry) chargeBack(payment);
  return inquiry ? "inquiry" : "";
}

/** A command that ends or moves what is in one state. */
function move<T extends { id: string; state: string }>(
  list: (payment: Payment) => T[],
  from: ReadonlyArray<T["state"]>,
  to: T["state"],
  act: (turn: Turn, id: string) => Promise<unknown>,
): [Ready, (turn: Turn, payment: Payment) => Promise<string>] {
  const movable = (payment: Payment) => list(payment).filter(({ state }) => from.includes(state));
  return [
    (payment) => movable(payment).length > 0,
    async (turn, payment) => {
      const it = choose(movable(payment), turn.b);
      await act(turn, it.id);
      it.state = to;
      if (to === "open") chargeBack(payment);
      return "";
    },
  ];
}

const refunds = (payment: Payment) => payment.refunds;
const disputes = (payment: Payment) => payment.disputes;

/** Everything that buyers, banks and operators do at Stripe. */
export const AT_STRIPE: Kind[] = [
  atStripe("pay", 4, isOpen, pay),
  atStripe("pay later", 3, isOpen, payLater),
  atStripe("pay after expiry", 2, isOpen, payAfterExpiry, false),
  atStripe("delayed payment arrives", 4, isUnderWay, async ({ world }, payment) => {
    await world.local.control.settle(payment.sessionId);
    payment.money = "paid";
    return "";
  }),
  atStripe("delayed payment fails", 2, isUnderWay, async ({ world }, payment) => {
    await world.local.control.fail(payment.sessionId);
    payment.money = "failed";
    return "";
  }),
  atStripe("expire session", 1, isOpen, async ({ world }, payment) => {
    await world.local.control.expire(payment.sessionId);
    payment.page = "expired";
    return "";
  }),
  atStripe("refund in part", 6, mayRefund, (turn, payment) => refund(turn, payment, part(payment, turn.b))),
  atStripe("refund in full", 3, mayRefund, (turn, payment) => refund(turn, payment, payment.cents - refunded(payment))),
  atStripe(
    "refund succeeds",
    1,
    ...move(refunds, ["pending"], "succeeded", ({ world }, id) => world.local.control.settleRefund(id)),
  ),
  atStripe(
    "refund fails",
    3,
    ...move(refunds, ["pending", "succeeded"], "failed", ({ world }, id) => world.local.control.failRefund(id)),
  ),
  atStripe("dispute", 4, mayDispute, openDispute),
  atStripe(
    "inquiry becomes dispute",
    2,
    ...move(disputes, ["inquiry"], "open", ({ world }, id) => world.local.control.escalateDispute(id)),
  ),
  atStripe(
    "inquiry ends",
    2,
    ...move(disputes, ["inquiry"], "closed inquiry", ({ world }, id) => world.local.control.closeInquiry(id)),
  ),
  atStripe("dispute won", 3, ...move(disputes, ["open"], "won", ({ world }, id) => world.local.control.winDispute(id))),
  atStripe(
    "dispute lost",
    3,
    ...move(disputes, ["open"], "lost", ({ world }, id) => world.local.control.loseDispute(id)),
  ),
];
