import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expireLots } from "~/billing/credits.server";
import { readOverview } from "~/billing/overview.server";
import { verifyBooks } from "~/billing/verification.server";
import { give } from "../support/accounts";
import { runJob } from "../support/job";
import { startAppServer } from "../support/server";
import {
  type Bought,
  type Buyer,
  buy,
  lotsOf,
  newBuyer,
  newPack,
  openShop,
  type Shop,
  spend,
  tell,
} from "../support/shop";

let shop: Shop;
let buyer: Buyer;
beforeAll(async () => {
  shop = await openShop();
});
beforeEach(async () => {
  buyer = await newBuyer(shop);
});
afterAll(async () => {
  if (!shop) return;
  const { findings } = await verifyBooks(shop.db.app).finally(() => shop.close());
  expect(findings).toEqual([]);
});

const expire = (env: Record<string, string> = {}) => runJob("expire", { DATABASE_URL: shop.db.url, ...env });
const lots = () => lotsOf(shop, buyer.tenantId);
const lapsed = () =>
  shop.db.owner<{ type: string; delta: number; expires_at: Date; quantity_after: number; actor: string | null }[]>`
    select type, delta, expires_at, quantity_after, actor_user_id as actor from tenant_credit_ledger
    where tenant_id = ${buyer.tenantId} and reason = 'CREDIT_EXPIRE' order by id`;
async function sum(): Promise<number> {
  const [row] = await shop.db.owner<{ n: number }[]>`
    select coalesce(sum(delta), 0)::int as n from tenant_credit_ledger where tenant_id = ${buyer.tenantId}`;
  return row?.n ?? -1;
}
async function usable(): Promise<number> {
  const { credits } = await readOverview(shop.db.app, buyer.tenantId);
  return credits.reduce((total, lot) => total + lot.quantity, 0);
}
const rowsInAll = async () => {
  const [row] = await shop.db.owner<{ n: number }[]>`select count(*)::int as n from tenant_credit_ledger`;
  return row?.n;
};

describe("npm run expire", () => {
  test("books what has lapsed, to the last one, and nothing else; the ledger's sum is what can be used", async () => {
    await give(shop, buyer, "LICENSE_30D", 5, "-1 days");
    await give(shop, buyer, "LICENSE_365D", 2, "-400 days");
    await give(shop, buyer, "DEVICE_SLOT", 3, "0 seconds");
    await give(shop, buyer, "LICENSE_30D", 7, "1 hour");
    expect([await sum(), await usable()]).toEqual([17, 7]);
    const { code, output } = await expire();
    expect([code, output]).toEqual([0, expect.stringMatching(/^3 lots booked as lapsed\.\n$/)]);
    expect((await lapsed()).map((it) => [it.type, it.delta, it.quantity_after, it.actor]).sort()).toEqual([
      ["DEVICE_SLOT", -3, 0, null],
      ["LICENSE_30D", -5, 0, null],
      ["LICENSE_365D", -2, 0, null],
    ]);
    expect([await sum(), await usable()]).toEqual([7, 7]);
  });

  test("a second run changes nothing; two at once book once", async () => {
    await give(shop, buyer, "LICENSE_30D", 4, "-1 days");
    await Promise.all([expire(), expire()]);
    expect((await lapsed()).map(({ delta }) => delta)).toEqual([-4]);
    const before = await rowsInAll();
    const { code, output } = await expire();
    expect([code, output, await rowsInAll()]).toEqual([0, expect.stringContaining("0 lots"), before]);
  });

  test("only what is left is booked: spent ones do not lapse, an empty lot gets no row", async () => {
    await give(shop, buyer, "DEVICE_SLOT", 2, "1 hour");
    await spend(shop, buyer, "DEVICE_SLOT", 2);
    await give(shop, buyer, "DEVICE_SLOT", -2 + 3, "-1 hours");
    await expireLots(shop.db.app);
    expect((await lapsed()).map(({ delta }) => delta)).toEqual([-1]);
  });

  test("the database is away, or not named: exits 1 with a line, without a stack", async () => {
    const away = await expire({ DATABASE_URL: "postgres://postgres@127.0.0.1:1/none" });
    expect([away.code, /\n\s+at /.test(away.output)]).toEqual([1, false]);
    const unnamed = await runJob("expire", {});
    expect([unnamed.code, unnamed.output]).toEqual([1, expect.stringContaining("DATABASE_URL is missing.")]);
  });

  test("20 at once over 60 lots of 20 tenants, beside spending: each once", async () => {
    const buyers = await Promise.all(Array.from({ length: 20 }, () => newBuyer(shop)));
    for (const it of buyers) {
      for (const by of ["-1 days", "-2 days", "-3 days"]) await give(shop, it, "LICENSE_30D", 2, by);
      await give(shop, it, "LICENSE_30D", 2, "1 days");
    }
    const runs = Array.from({ length: 20 }, () => expireLots(shop.db.app));
    const spending = buyers.map((it) => spend(shop, it, "LICENSE_30D", 2));
    const booked = (await Promise.all([...runs, ...spending.map((it) => it.then(() => 0))])).reduce((a, b) => a + b, 0);
    expect(booked).toBe(60);
    const [row] = await shop.db.owner<{ n: number; total: number }[]>`
      select count(*)::int as n, sum(delta)::int as total from tenant_credit_ledger
      where reason = 'CREDIT_EXPIRE' and tenant_id in ${shop.db.owner(buyers.map((it) => it.tenantId))}`;
    expect(row).toEqual({ n: 60, total: -120 });
  });
});

test("the servers do it themselves: two that start at once book what lapsed while none ran, once", async () => {
  await give(shop, buyer, "DEVICE_SLOT", 6, "-3 days");
  const options = { databaseUrl: shop.db.url, stripeBase: shop.stripe.url };
  const servers = await Promise.all([startAppServer(options), startAppServer(options)]);
  try {
    await expect.poll(async () => (await lapsed()).length).toBe(1);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  expect((await lapsed()).map(({ delta }) => delta)).toEqual([-6]);
});

describe("when a purchase lapses", () => {
  test.each<[string, string, number, string]>([
    ["an ordinary day", "2026-05-10T08:00:00Z", 30, "2026-06-09T22:00:00.000Z"],
    ["paid in the last second of a day", "2026-05-10T21:59:59Z", 1, "2026-05-11T22:00:00.000Z"],
    ["paid in the first second of a day", "2026-05-10T22:00:00Z", 1, "2026-05-12T22:00:00.000Z"],
    ["into summer time", "2026-02-27T12:00:00Z", 30, "2026-03-29T22:00:00.000Z"],
    ["into winter time", "2026-09-25T12:00:00Z", 30, "2026-10-25T23:00:00.000Z"],
    ["on a leap day", "2028-01-30T12:00:00Z", 30, "2028-02-29T23:00:00.000Z"],
    ["from a leap day", "2028-02-29T12:00:00Z", 365, "2029-02-28T23:00:00.000Z"],
  ])("%s", async (_name, paidAt, days, expected) => {
    const pack = await newPack(shop, { cents: 1_000, license30d: 1, days });
    const { orderId } = await buy(shop, buyer, pack, Date.parse(paidAt) / 1_000);
    const [row] = await shop.db.owner<{ expires_at: Date }[]>`
      select expires_at from tenant_credit_ledger where order_id = ${orderId}`;
    expect(row?.expires_at.toISOString()).toBe(expected);
  });

  test("paid 30 days and more ago, bought for 30 days: usable today until midnight, or lapsed since", async () => {
    const pack = await newPack(shop, { cents: 1_000, license30d: 1, days: 30 });
    const [today] = await shop.db.owner<{ noon: Date }[]>`
      select ((now() at time zone 'Europe/Zurich')::date + time '12:00') at time zone 'Europe/Zurich' as noon`;
    const noon = Math.floor((today?.noon.getTime() ?? 0) / 1_000);
    await buy(shop, buyer, pack, noon - 30 * 86_400);
    await buy(shop, buyer, pack, noon - 31 * 86_400);
    await expireLots(shop.db.app);
    expect(await lots()).toEqual(["LICENSE_30D 0/0", "LICENSE_30D 1/0"]);
    expect(await usable()).toBe(1);
  });
});

describe("what is held", () => {
  const disputed = async (won: boolean): Promise<Bought> => {
    const pack = await newPack(shop, { cents: 1_000, license30d: 5, days: 1 });
    const bought = await buy(shop, buyer, pack, Math.floor(Date.now() / 1_000) - 5 * 86_400);
    const dispute = await shop.stripe.control.dispute(bought.sessionId);
    await tell(shop, shop.news());
    expect(await lots()).toEqual(["LICENSE_30D 5/5"]);
    await give(shop, buyer, "LICENSE_30D", 2, await expiryOf(bought));
    await expireLots(shop.db.app);
    await expireLots(shop.db.app);
    expect(await lots()).toEqual(["LICENSE_30D 5/5"]);
    expect((await lapsed()).map(({ delta }) => delta)).toEqual([-2]);
    expect(await usable()).toBe(0);
    await (won ? shop.stripe.control.winDispute(dispute.id) : shop.stripe.control.loseDispute(dispute.id));
    await tell(shop, shop.news());
    await expireLots(shop.db.app);
    expect(await lots()).toEqual(["LICENSE_30D 0/0"]);
    return bought;
  };
  const expiryOf = async ({ orderId }: Bought) => {
    const [row] = await shop.db.owner<{ at: Date }[]>`
      select expires_at as at from tenant_credit_ledger where order_id = ${orderId}`;
    return row?.at.toISOString() ?? "";
  };

  test("stays while the dispute is open, and lapses at its release", async () => {
    await disputed(true);
    expect((await lapsed()).map(({ delta }) => delta)).toEqual([-2, -5]);
  });

  test("is clawed back, not lapsed, when the dispute is lost", async () => {
    await disputed(false);
    expect((await lapsed()).map(({ delta }) => delta)).toEqual([-2]);
  });
});

describe("expiringSoon", () => {
  const soon = async () => (await readOverview(shop.db.app, buyer.tenantId)).expiringSoon;

  test("counts what lapses within 30 days, in all types, without held or lapsed ones", async () => {
    expect(await soon()).toBeNull();
    await give(shop, buyer, "LICENSE_30D", 4, "30 days 1 minute");
    expect(await soon()).toBeNull();
    await give(shop, buyer, "DEVICE_SLOT", 3, "29 days 23 hours 59 minutes");
    await give(shop, buyer, "LICENSE_365D", 2, "1 minute");
    await give(shop, buyer, "LICENSE_365D", 8, "-1 minute");
    expect(await soon()).toEqual({ count: 5 });
    await shop.db.owner`
      update tenant_credit_balance set held = 2 where tenant_id = ${buyer.tenantId} and type = 'DEVICE_SLOT'`;
    expect(await soon()).toEqual({ count: 3 });
    await shop.db.owner`update tenant_credit_balance set held = 0 where tenant_id = ${buyer.tenantId}`;
  });
});
