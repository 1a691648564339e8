import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CREDIT_TYPES, type CreditType } from "~/billing/credit-types";
import { creditExpiry, zurichMonth } from "~/billing/expiry";
import { bookCurrencies, bookMonths, type MonthFigures, readBooks, recentBooks } from "~/operations/books.server";
import { openShop } from "../support/books-shop";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { fillVariedBooks } from "../support/varied-books";

const NOW = new Date("2026-11-22T09:35:00Z");
const HOUR = 3_600_000;

/** Numbers that look random and are the same in every run of a seed. */
function dice(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Row {
  lot: string;
  type: CreditType;
  delta: number;
  reason: string;
  at: Date;
  orderId: string | null;
}

interface Order {
  id: string;
  currency: string;
  cents: number;
  credits: number;
  paidAt: Date | null;
  paid: number | null;
  refunded: number;
  lost: number;
}

/** The figures as the definition has them, row by row, without SQL. */
function fold(orders: Order[], rows: Row[], currency: string, now: Date): MonthFigures[] {
  const { months, bounds } = bookMonths(now);
  const byId = new Map(orders.map((order) => [order.id, order]));
  return months.map((month, i) => {
    const end = bounds[i + 1] as Date;
    const own = orders.filter((it) => it.currency === currency && it.paidAt && zurichMonth(it.paidAt) === month);
    const sum = (of: (order: Order) => number) => own.reduce((total, order) => total + of(order), 0);
    const past = rows.filter((row) => row.at < end);
    const lots = new Map<string, { quantity: bigint; granted: bigint; cents: bigint }>();
    const outstanding: MonthFigures["outstanding"] = { LICENSE_30D: 0, LICENSE_365D: 0, DEVICE_SLOT: 0 };
    for (const row of past) {
      outstanding[row.type] += row.delta;
      const lot = lots.get(row.lot) ?? { quantity: 0n, granted: 0n, cents: 0n };
      lots.set(row.lot, lot);
      lot.quantity += BigInt(row.delta);
      const isGrant =
        ["STRIPE_PURCHASE", "COUPON_REDEEM"].includes(row.reason) || (row.reason === "MANUAL_ADJUST" && row.delta > 0);
      if (isGrant) lot.granted += BigInt(row.delta);
      const order = row.reason === "STRIPE_PURCHASE" ? byId.get(row.orderId ?? "") : undefined;
      // Half a cent and more is rounded up.
      if (order?.currency === currency) lot.cents += half(BigInt(row.delta * order.cents), BigInt(order.credits));
    }
    const lapsed = past.filter((row) => row.reason === "CREDIT_EXPIRE" && zurichMonth(row.at) === month);
    const worth = [...lots.values()].reduce(
      (total, lot) => total + (lot.granted === 0n ? 0n : half(lot.cents * lot.quantity, lot.granted)),
      0n,
    );
    const [soldCents, refundedCents, lostCents] = [
      sum((it) => it.paid ?? 0),
      sum((it) => it.refunded),
      sum((it) => it.lost),
    ];
    return {
      month,
      orders: own.length,
      soldCents,
      refundedCents,
      lostCents,
      netCents: soldCents - refundedCents - lostCents,
      expired: lapsed.reduce((total, row) => total - row.delta, 0),
      outstanding,
      outstandingCents: Number(worth),
    };
  });
}

const half = (above: bigint, below: bigint) => (2n * above + below) / (2n * below);

async function everything({ owner }: TestDatabase): Promise<[Order[], Row[]]> {
  const orders = await owner<Order[]>`
    select id, currency, amount_cents as cents, grant_license_30d + grant_license_365d + grant_device_slots as credits,
      paid_at as "paidAt", paid_cents as paid, refunded_cents as refunded, lost_cents as lost from billing_order`;
  const rows = await owner<Row[]>`
    select balance_id as lot, type, delta, reason, occurred_at as at, order_id as "orderId" from tenant_credit_ledger`;
  return [[...orders], [...rows]];
}

/** Books as life would never write them: both currencies, mixed packs, shared lots, corrections, months without anything. */
async function randomBooks({ owner }: TestDatabase, seed: number): Promise<void> {
  const roll = dice(seed);
  const { bounds } = bookMonths(NOW);
  const anyTime = () => {
    // Now and then exactly at a month's end, where a month off by an hour would show.
    const edge = bounds[roll(12)] as Date;
    if (roll(6) === 0) return new Date(edge.getTime() - roll(2));
    return new Date(NOW.getTime() - roll(500 * 24) * HOUR);
  };
  const lots: Array<{ tenant: string; type: CreditType; expires: Date; left: number }> = [];
  const book = async (
    tx: postgres.TransactionSql,
    lot: (typeof lots)[number],
    delta: number,
    reason: string,
    at: Date,
    orderId: string | null = null,
  ) => {
    await tx`
      insert into tenant_credit_ledger (tenant_id, type, delta, reason, ref_id, order_id, expires_at, occurred_at)
      values (${lot.tenant}, ${lot.type}, ${delta}, ${reason}, ${crypto.randomUUID()}, ${orderId}, ${lot.expires}, ${at})`;
    lot.left += delta;
  };
  const lotOf = (tenant: string, type: CreditType, expires: Date) => {
    const known = lots.find(
      (it) => it.tenant === tenant && it.type === type && it.expires.getTime() === expires.getTime(),
    );
    if (known) return known;
    const lot = { tenant, type, expires, left: 0 };
    lots.push(lot);
    return lot;
  };
  for (let i = 0; i < 60; i++) {
    const tenant = roll(2) ? "lr_tenant_alpen" : "lr_tenant_jura";
    const counts: number[] = CREDIT_TYPES.map(() => (roll(2) ? roll(7) : 0));
    if (!counts.some((it) => it > 0)) counts[roll(3)] = 3;
    const [at, id, cents] = [anyTime(), `o_${seed}_${i}`, 1 + roll(40_000)];
    // A few days to expiry only, so that orders meet in one lot.
    const expires = creditExpiry(new Date(NOW.getTime() + roll(4) * 24 * HOUR), 30);
    const [refunded, lost] = [roll(3) ? 0 : roll(cents), roll(9) ? 0 : cents];
    await owner.begin(async (tx) => {
      await tx`
        insert into billing_order (id, tenant_id, sku_id, status, currency, amount_cents, stripe_price_id, grant_license_30d,
          grant_license_365d, grant_device_slots, paid_at, paid_cents, credits_granted_at, refunded_cents, lost_cents)
        values (${id}, ${tenant}, 'lr_sku_30d_3', 'PAID', ${roll(3) ? "CHF" : "EUR"}, ${cents}, 'p', ${counts[0] ?? 0}, ${counts[1] ?? 0},
          ${counts[2] ?? 0}, ${at}, ${cents}, ${at}, ${refunded}, ${lost})`;
      for (const [n, type] of CREDIT_TYPES.entries()) {
        const count = counts[n] ?? 0;
        if (count > 0) await book(tx, lotOf(tenant, type, expires), count, "STRIPE_PURCHASE", at, id);
      }
    });
  }
  for (let i = 0; i < 150; i++) {
    const lot = lots[roll(lots.length)];
    if (!lot) continue;
    await owner.begin(async (tx) => {
      const kind = roll(6);
      if (kind === 0) return book(tx, lot, 1 + roll(5), "COUPON_REDEEM", anyTime());
      if (kind === 1) return book(tx, lot, 1 + roll(3), "MANUAL_ADJUST", anyTime());
      if (lot.left === 0) return;
      if (kind === 2) return book(tx, lot, -1 - roll(lot.left), "MANUAL_ADJUST", anyTime());
      if (kind === 3) return book(tx, lot, -1 - roll(lot.left), "CREDIT_EXPIRE", anyTime());
      if (kind === 4) return book(tx, lot, -1 - roll(lot.left), "STRIPE_REFUND", anyTime());
      return book(tx, lot, -1, "CREDIT_CONSUME", anyTime());
    });
  }
}

describe("the figures are what a naive fold over all rows gives", () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createTestDatabase();
  });
  afterAll(() => db?.drop());

  test("without anything: twelve empty months in francs", async () => {
    expect(await bookCurrencies(db.app)).toEqual(["CHF"]);
    const books = await readBooks(db.app, "CHF", NOW);
    expect(books).toEqual(fold([], [], "CHF", NOW));
    expect(books.map((it) => it.month)).toEqual([
      "2025-12",
      "2026-01",
      "2026-02",
      "2026-03",
      "2026-04",
      "2026-05",
      "2026-06",
      "2026-07",
      "2026-08",
      "2026-09",
      "2026-10",
      "2026-11",
    ]);
  });

  // Each seed adds to the books of the one before.
  test.each([1, 2, 3, 4])("random books, seed %i", async (seed) => {
    await randomBooks(db, seed);
    expect(await bookCurrencies(db.app)).toEqual(["CHF", "EUR"]);
    const [orders, rows] = await everything(db);
    for (const currency of ["CHF", "EUR"]) {
      const books = await readBooks(db.app, currency, NOW);
      expect(books).toEqual(fold(orders, rows, currency, NOW));
      expect(books.some((it) => it.soldCents > 0 && it.expired > 0 && it.outstandingCents > 0)).toBe(true);
    }
    for (const now of ["2026-03-31T21:59:59Z", "2026-03-31T22:00:00Z", "2026-10-25T01:00:00Z"]) {
      expect(await readBooks(db.app, "CHF", new Date(now))).toEqual(fold(orders, rows, "CHF", new Date(now)));
    }
  });
});

test("books made through the domain: refunds, disputes, lapsed and spent credits", async () => {
  const shop = await openShop();
  try {
    await fillVariedBooks(shop);
    const now = new Date();
    const [orders, rows] = await everything(shop.db);
    const books = await readBooks(shop.db.app, "CHF", now);
    expect(books).toEqual(fold(orders, rows, "CHF", now));
    expect(books.at(-1)?.refundedCents).toBeGreaterThan(0);
    const [left] = await shop.db.owner`select sum(quantity)::int as left from tenant_credit_balance`;
    expect(CREDIT_TYPES.reduce((sum, type) => sum + (books.at(-1)?.outstanding[type] ?? 0), 0)).toBe(left?.left);
  } finally {
    await shop.close();
  }
});

test("a pack of ten for 290.00, four spent: six are worth 174.00; a coupon in the same lot halves the rest", async () => {
  const db = await createTestDatabase();
  try {
    const at = new Date("2026-11-02T10:00:00Z");
    const expires = "2027-11-03T23:00:00Z";
    await db.owner.begin(async (tx) => {
      await tx`
        insert into billing_order (id, tenant_id, sku_id, status, currency, amount_cents, stripe_price_id, grant_license_30d,
          paid_at, paid_cents, credits_granted_at)
        values ('ten', 'lr_tenant_alpen', 'lr_sku_30d_10', 'PAID', 'CHF', 29000, 'p', 10, ${at}, 29000, ${at})`;
      await tx`
        insert into tenant_credit_ledger (tenant_id, type, delta, reason, order_id, expires_at, occurred_at)
        values ('lr_tenant_alpen', 'LICENSE_30D', 10, 'STRIPE_PURCHASE', 'ten', ${expires}, ${at})`;
    });
    const move = (delta: number, reason: string) => db.owner`
      insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at, occurred_at)
      values ('lr_tenant_alpen', 'LICENSE_30D', ${delta}, ${reason}, ${expires}, ${at})`;
    await move(-4, "MANUAL_ADJUST");
    const worth = async () => (await readBooks(db.app, "CHF", NOW)).at(-1)?.outstandingCents;
    expect(await worth()).toBe(17_400);
    await move(10, "COUPON_REDEEM");
    expect(await worth()).toBe(16 * 1_450);
  } finally {
    await db.drop();
  }
});

test("of a large ledger the last figures are handed out at once, and read again behind the answer after a minute", async () => {
  const db = await createTestDatabase();
  try {
    const read = async (seconds: number) => {
      // No ledger has fewer rows than this.
      const { at, figures } = await recentBooks(db.app, "CHF", new Date(NOW.getTime() + seconds * 1_000), -1);
      return [(at.getTime() - NOW.getTime()) / 1_000, figures.at(-1)?.outstanding.LICENSE_30D];
    };
    const grant = () => db.owner`
      insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at, occurred_at)
      values ('lr_tenant_alpen', 'LICENSE_30D', 5, 'COUPON_REDEEM', '2031-01-01T00:00:00Z', ${NOW})`;
    const [, before = 0] = await read(0);
    await grant();
    expect(await read(59)).toEqual([0, before]);
    expect(await read(61)).toEqual([0, before]);
    await expect.poll(() => read(62)).toEqual([61, before + 5]);
    expect(await read(120)).toEqual([61, before + 5]);
    // A small ledger is read each time.
    expect((await recentBooks(db.app, "CHF", NOW, 1_000_000)).at).toEqual(NOW);
  } finally {
    await db.drop();
  }
});
