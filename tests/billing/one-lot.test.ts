import { afterAll, beforeAll, expect, test } from "vitest";
import { expireLots } from "~/billing/credits.server";
import { DomainError } from "~/errors";
import { type Bought, brokenBooks, newBuyer, newPack, openShop, order, type Shop, spend, tell } from "../support/shop";

let shop: Shop;
let pack: string;

const ROUNDS = Number(process.env.ROUNDS ?? 60);
const GRANTED = 4;
const CONSUMERS = 3;
const CENTS = 1_000;

beforeAll(async () => {
  shop = await openShop();
  pack = await newPack(shop, { cents: CENTS, license30d: GRANTED });
});
afterAll(() => shop?.close());

/** How a round ended: credits spent, taken back, lapsed, and the shortfall that the order names. */
interface End {
  spent: number;
  taken: number;
  lapsed: number;
  short: number;
}

type Step = "consume" | "refund" | "lapse" | "expire";

/** What the rules say, one step after the other, until all that is left has lapsed and was booked. */
function serially(steps: readonly Step[], target: number): End {
  const end: End = { spent: 0, taken: 0, lapsed: 0, short: 0 };
  let left = GRANTED;
  let isOver = false;
  for (const step of [...steps, "lapse", "expire"]) {
    if (step === "lapse") isOver = true;
    if (step === "consume" && !isOver && left > 0) {
      end.spent += 1;
      left -= 1;
    }
    if (step === "refund") {
      end.taken = Math.min(target, left);
      left -= end.taken;
      end.short = Math.max(0, target - end.taken - end.lapsed);
    }
    if (step === "expire" && isOver) {
      end.lapsed += left;
      left = 0;
    }
  }
  return end;
}

function sequences(steps: readonly Step[]): Step[][] {
  if (steps.length === 0) return [[]];
  return steps.flatMap((step, at) => sequences(steps.filter((_, i) => i !== at)).map((rest) => [step, ...rest]));
}

/** Every end that some serial order of a round's steps has. */
function possibleEnds(target: number): Set<string> {
  const steps: Step[] = [...Array.from({ length: CONSUMERS }, () => "consume" as const), "refund", "lapse", "expire"];
  return new Set(sequences(steps).map((it) => JSON.stringify(serially(it, target))));
}

/** A paid order whose lot lapses within milliseconds: booked by hand, since real lots lapse at midnight. */
async function lapsing(inMs: number): Promise<Bought> {
  const bought = await order(shop, await newBuyer(shop), pack);
  const session = await shop.stripe.control.pay(bought.sessionId);
  await shop.db.owner.begin(async (tx) => {
    await tx`
      update billing_order set status = 'PAID', paid_at = now(), paid_cents = ${CENTS}, credits_granted_at = now(),
        stripe_payment_intent_id = ${String(session.payment_intent)}
      where id = ${bought.orderId}`;
    await tx`
      insert into tenant_credit_ledger (tenant_id, type, delta, reason, ref_id, order_id, expires_at)
      values (${bought.tenantId}, 'LICENSE_30D', ${GRANTED}, 'STRIPE_PURCHASE', ${bought.sessionId}, ${bought.orderId},
        date_trunc('milliseconds', clock_timestamp()) + ${inMs} * interval '1 millisecond')`;
  });
  return bought;
}

async function endOf(bought: Bought): Promise<End> {
  const [sums] = await shop.db.owner<{ spent: number; taken: number; lapsed: number }[]>`
    select coalesce(-sum(delta) filter (where reason = 'CREDIT_CONSUME'), 0)::int as spent,
      coalesce(-sum(delta) filter (where reason = 'STRIPE_REFUND'), 0)::int as taken,
      coalesce(-sum(delta) filter (where reason = 'CREDIT_EXPIRE'), 0)::int as lapsed
    from tenant_credit_ledger where tenant_id = ${bought.tenantId}`;
  const [row] = await shop.db.owner<{ review: string | null }[]>`
    select review_reason as review from billing_order where id = ${bought.orderId}`;
  if (!sums) throw new Error("no ledger");
  return { ...sums, short: Number(/(\d+) × LICENSE_30D/.exec(row?.review ?? "")?.[1] ?? 0) };
}

/**
 * Three consumers, the expiry and a refund, all at once, on a lot that lapses meanwhile. The refund asks Stripe before it
 * books; `calls` to Stripe before they spend let the consumers meet it.
 */
async function round(cents: number, lapsesInMs: number, calls: number): Promise<{ end: End; spent: number }> {
  const bought = await lapsing(lapsesInMs);
  await shop.stripe.control.refund(bought.sessionId, { amount: cents });
  const refund = (await shop.client.events.list({ type: "refund.created", limit: 1 })).data;
  let spent = 0;
  const consume = async () => {
    for (let i = 0; i < calls; i++) await shop.client.refunds.list({ limit: 1 });
    await spend(shop, bought, "LICENSE_30D", 1).then(
      () => {
        spent += 1;
      },
      (error: unknown) => {
        if (!(error instanceof DomainError && /NO_CREDITS|CREDITS_EXPIRED/.test(error.code))) throw error;
      },
    );
  };
  const [results] = await Promise.all([
    tell(shop, refund),
    expireLots(shop.db.app),
    ...Array.from({ length: CONSUMERS }, consume),
    expireLots(shop.db.app),
  ]);
  expect(results).toEqual(["processed"]);
  await expect.poll(() => expired(bought), { interval: 5 }).toBe(true);
  await expireLots(shop.db.app);
  return { end: await endOf(bought), spent };
}

async function expired(bought: Bought): Promise<boolean> {
  const [row] = await shop.db.owner<{ over: boolean }[]>`
    select expires_at <= now() as over from tenant_credit_balance where tenant_id = ${bought.tenantId}`;
  return row?.over ?? false;
}

test(
  `consume, expiry and refund at once on one lot, ${ROUNDS} rounds: each end is that of some serial order`,
  async () => {
    const ends = new Map([
      [CENTS, possibleEnds(GRANTED)],
      [CENTS / 2, possibleEnds(GRANTED / 2)],
    ]);
    const seen = new Set<string>();
    for (let i = 0; i < ROUNDS; i++) {
      const cents = i % 2 ? CENTS : CENTS / 2;
      const { end, spent } = await round(cents, (i * 7) % 40, i % 4);
      expect(end.spent).toBe(spent);
      expect(end.spent + end.taken + end.lapsed).toBe(GRANTED);
      expect([...(ends.get(cents) ?? [])]).toContain(JSON.stringify(end));
      seen.add(JSON.stringify({ cents, ...end }));
    }
    // A round in which nothing ever met would prove nothing.
    expect(seen.size).toBeGreaterThan(2);
    expect(await brokenBooks(shop)).toEqual([]);
    const [below] = await shop.db.owner<{ n: number }[]>`
    select count(*)::int as n from tenant_credit_ledger where quantity_after < 0`;
    expect(below?.n).toBe(0);
  },
  Math.max(60_000, ROUNDS * 1_000),
);
