import type { CreditType } from "~/billing/credit-types";
import { startOfZurichDay, zurichMonth } from "~/billing/expiry";
import { type Db, type Sql, transaction } from "~/db/transaction.server";

/** How many months the figures go back, the running one included. */
const MONTHS = 12;
const DAY = 86_400_000;

/** One Zurich month of one currency. Amounts in cents; what was paid in a month keeps its later refunds there. */
export interface MonthFigures {
  /** 2026-11 */
  month: string;
  orders: number;
  soldCents: number;
  refundedCents: number;
  lostCents: number;
  netCents: number;
  /** Credits that lapsed in the month, of any currency. */
  expired: number;
  /** Credits that nobody had used at the month's end, of any currency. */
  outstanding: Record<CreditType, number>;
  /** What those were sold for, in this currency. */
  outstandingCents: number;
}

/** The last twelve Zurich months, oldest first, and where each begins; the last bound is the running month's end. */
export function bookMonths(now: Date): { months: string[]; bounds: Date[] } {
  const [year = 0, month = 0] = zurichMonth(now).split("-").map(Number);
  const firsts = Array.from({ length: MONTHS + 1 }, (_, i) => Date.UTC(year, month - MONTHS + i, 1));
  return {
    months: firsts.slice(0, MONTHS).map((first) => new Date(first).toISOString().slice(0, 7)),
    bounds: firsts.map((first) => startOfZurichDay(first / DAY)),
  };
}

/** The currencies in which something was ever paid, CHF first. */
export async function bookCurrencies(db: Db): Promise<string[]> {
  const rows = await db<{ currency: string }[]>`
    select currency from billing_order where paid_at is not null group by currency order by currency <> 'CHF', currency`;
  return rows.length > 0 ? rows.map((row) => row.currency) : ["CHF"];
}

/**
 * The books by month in one currency, oldest first. Money counts in the month of the payment. A credit's worth is its order's amount
 * divided by the credits that the order granted; coupons and corrections are worth nothing, and a lot that several of
 * them share counts with its average.
 */
export async function readBooks(sql: Sql, currency: string, now: Date): Promise<MonthFigures[]> {
  const { months, bounds } = bookMonths(now);
  const edges = `{${bounds.map((bound) => bound.toISOString()).join(",")}}`;
  const [money, credits] = await transaction(sql, async (tx) => {
    await tx`set transaction isolation level repeatable read, read only`;
    // A million rows in thousands of lots: enough memory for a hash of them, instead of a sort on disk.
    await tx`select set_config('work_mem', '64MB', true), set_config('jit', 'off', true)`;
    return [await readMoney(tx, currency, edges), await readCredits(tx, currency, edges)] as const;
  });
  const total: Record<CreditType, number> = { LICENSE_30D: 0, LICENSE_365D: 0, DEVICE_SLOT: 0 };
  let worth = 0;
  const pass = (bucket: number) => {
    let expired = 0;
    for (const step of credits.filter((it) => it.month === bucket)) {
      total[step.type] += step.delta;
      worth += step.worth;
      expired += step.expired;
    }
    return expired;
  };
  pass(0);
  return months.map((month, i) => {
    const expired = pass(i + 1);
    const sums = money.find((it) => it.month === i + 1) ?? { orders: 0, sold: 0, refunded: 0, lost: 0 };
    return {
      month,
      orders: sums.orders,
      soldCents: sums.sold,
      refundedCents: sums.refunded,
      lostCents: sums.lost,
      netCents: sums.sold - sums.refunded - sums.lost,
      expired,
      outstanding: { ...total },
      outstandingCents: worth,
    };
  });
}

/** Bucket 1 is the first month; 0 lies before it. */
function readMoney(db: Db, currency: string, edges: string) {
  return db<Array<{ month: number; orders: number; sold: number; refunded: number; lost: number }>>`
    select width_bucket(paid_at, ${edges}::timestamptz[]) as month, count(*)::int as orders,
      coalesce(sum(paid_cents), 0)::bigint as sold, sum(refunded_cents)::bigint as refunded, sum(lost_cents)::bigint as lost
    from billing_order
    where currency = ${currency} and paid_at >= (${edges}::timestamptz[])[1]
      and paid_at < (${edges}::timestamptz[])[${MONTHS + 1}::int]
    group by 1`;
}

/**
 * What each month changed: credits, what they were worth at sale, and what lapsed. One reading of the ledger: its rows become one
 * per lot and month, and each of those says by how much the lot's worth has changed. Whole cents, so that the sums can be
 * proved: a grant's worth is rounded, and a lot's.
 */
function readCredits(db: Db, currency: string, edges: string) {
  return db<Array<{ month: number; type: CreditType; delta: number; worth: number; expired: number }>>`
    with moved as (
      select l.balance_id, l.type, width_bucket(l.occurred_at, ${edges}::timestamptz[]) as month, sum(l.delta) as delta,
        coalesce(sum(l.delta) filter (
          where l.reason in ('STRIPE_PURCHASE', 'COUPON_REDEEM') or (l.reason = 'MANUAL_ADJUST' and l.delta > 0)), 0) as granted,
        coalesce(sum((2 * l.delta * o.cents + o.credits) / (2 * o.credits)), 0)::bigint as cents,
        coalesce(-sum(l.delta) filter (where l.reason = 'CREDIT_EXPIRE'), 0) as expired
      from tenant_credit_ledger l
      left join (
        select id, amount_cents::bigint as cents, grant_license_30d + grant_license_365d + grant_device_slots as credits
        from billing_order where currency = ${currency}
      ) o on l.reason = 'STRIPE_PURCHASE' and o.id = l.order_id
      where l.occurred_at < (${edges}::timestamptz[])[${MONTHS + 1}::int]
      group by 1, 2, 3
    ), stood as (
      select month, type, balance_id, delta, expired, (sum(delta) over lot)::bigint as quantity,
        (sum(granted) over lot)::bigint as granted, (sum(cents) over lot)::bigint as cents
      from moved window lot as (partition by balance_id collate "C" order by month)
    ), valued as (
      select *, coalesce((2 * cents * quantity + granted) / nullif(2 * granted, 0), 0) as worth from stood
    ), changed as (
      select month, type, delta, expired,
        worth - lag(worth, 1, 0::bigint) over (partition by balance_id collate "C" order by month) as worth
      from valued
    )
    select month, type, sum(delta)::bigint as delta, sum(worth)::bigint as worth, sum(expired)::bigint as expired
    from changed group by month, type`;
}

/** Below this many rows of the ledger the figures are read anew each time. */
const FEW_ROWS = 50_000;
/** How old kept figures may be before the next reader has them read anew behind the answer. */
const KEPT_MS = 60_000;

interface Kept {
  at: Date;
  figures: MonthFigures[];
}
const kept = new Map<string, { latest: Kept; reading: boolean }>();

/**
 * The books by month with the time for which they stand. Of a large ledger, where reading takes a second, each process keeps the last
 * ones, hands them out at once and reads them anew behind the answer when they are older than a minute.
 */
export async function recentBooks(sql: Sql, currency: string, now: Date, fewRows = FEW_ROWS): Promise<Kept> {
  const known = kept.get(currency);
  const [size] = await sql<{ rows: number }[]>`
    select reltuples::float8 as rows from pg_class where oid = 'tenant_credit_ledger'::regclass`;
  const read = async () => ({ at: now, figures: await readBooks(sql, currency, now) });
  if ((size?.rows ?? 0) < fewRows || !known) {
    const latest = await read();
    kept.set(currency, { latest, reading: false });
    return latest;
  }
  if (!known.reading && now.getTime() - known.latest.at.getTime() > KEPT_MS) {
    known.reading = true;
    read().then(
      (latest) => kept.set(currency, { latest, reading: false }),
      () => {
        known.reading = false;
      },
    );
  }
  return known.latest;
}
