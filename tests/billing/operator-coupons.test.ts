import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CouponTerms } from "~/billing/coupons.server";
import { redeemCoupon } from "~/billing/coupons.server";
import {
  COUPON_STATES,
  listCoupons,
  listUses,
  makeCoupons,
  readCoupon,
  setCouponActive,
  streamBatch,
} from "~/operations/coupon-codes.server";
import { createTestDatabase, type TestDatabase } from "../support/database";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db?.drop());

const actor = { userId: "lr_user_operator", traceId: "trace-of-a-test" };
const TERMS: CouponTerms = {
  grantLicense30d: 2,
  grantLicense365d: 0,
  grantDeviceSlots: 0,
  creditExpiresInDays: 365,
  maxRedemptions: 1,
  validFrom: null,
  validUntil: null,
  partner: null,
};
const make = (change: Partial<CouponTerms> = {}, code: string | null = null, count = 1, key: string = randomUUID()) =>
  makeCoupons(db.app, actor, { code, count, terms: { ...TERMS, ...change } }, key);
const audit = async (id: string) => {
  const rows = await db.owner<
    { action: string }[]
  >`select action from audit_entry where subject_id = ${id} order by id`;
  return rows.map((row) => row.action);
};

test("a code of one's own is there once; one click makes one batch", async () => {
  const key = randomUUID();
  const [one, two] = await Promise.all([make({}, "MESSE-2026", 1, key), make({}, "MESSE-2026", 1, key)]);
  expect(one).toEqual(two);
  expect(await readCoupon(db.app, one.couponId)).toMatchObject({
    code: "MESSE-2026",
    state: "VALID",
    redeemedCount: 0,
  });
  await expect(make({}, "MESSE-2026")).rejects.toMatchObject({
    code: "INVALID_BODY",
    details: { fields: { code: "Diesen Code gibt es schon." } },
  });
  expect(await audit(one.couponId)).toEqual(["COUPONS_CREATED"]);
});

test("a code that two people want at the same moment goes to one, and no entry tells of the other", async () => {
  const code = `WETT-${randomUUID().slice(0, 8).toUpperCase()}`;
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => make({}, code)));
  const [won, ...others] = results.filter((it) => it.status === "fulfilled");
  expect(others).toEqual([]);
  for (const it of results) {
    if (it.status === "rejected") {
      expect(it.reason).toMatchObject({
        code: "INVALID_BODY",
        details: { fields: { code: "Diesen Code gibt es schon." } },
      });
    }
  }
  const [row] = await db.owner<{ n: number }[]>`
    select count(*)::int as n from audit_entry where action = 'COUPONS_CREATED' and after like ${`%"${code}"%`}`;
  expect(row?.n).toBe(1);
  expect(won?.value.couponId).toBeTruthy();
});

test("without its entry in the audit trail no code is made", async () => {
  const before = await db.owner`select count(*) from promo_code`;
  const nobody = makeCoupons(
    db.app,
    { userId: "nobody", traceId: "t" },
    { code: null, count: 3, terms: TERMS },
    randomUUID(),
  );
  await expect(nobody).rejects.toMatchObject({ code: "23503" });
  expect(await db.owner`select count(*) from promo_code`).toEqual(before);
});

test("a batch of a thousand is made together, read in pieces, and named in the audit trail", async () => {
  const { batchId } = await make({ partner: "Messe =1+1" }, null, 1_000);
  const codes: string[] = [];
  for await (const rows of streamBatch(db.app, batchId, 300)) codes.push(...rows.map((row) => row.code));
  expect(new Set(codes).size).toBe(1_000);
  expect(codes).toEqual([...codes].sort());
  expect(await audit(batchId)).toEqual(["COUPONS_CREATED"]);
  const { page, total } = await listCoupons(db.app, { batchId }, null, 50);
  expect([page.items.length, total]).toEqual([50, 1_000]);
});

describe("each state is found, and only it", () => {
  const day = 86_400_000;
  const partner = `states ${randomUUID()}`;
  beforeAll(async () => {
    const now = Date.now();
    await make({ partner });
    await make({ partner, validFrom: new Date(now + day) });
    await make({ partner, validUntil: new Date(now - day) });
    const used = await make({ partner });
    await db.owner`update promo_code set redeemed_count = 1 where id = ${used.couponId}`;
    await setCouponActive(db.app, actor, (await make({ partner })).couponId, false);
  });

  test.each(COUPON_STATES.map((state) => [state]))("%s", async (state) => {
    const { page } = await listCoupons(db.app, { partner, state }, null, 50);
    expect(page.items.map((it) => it.state)).toEqual([state]);
  });

  test("page by page none is missing and none comes twice", async () => {
    const seen: string[] = [];
    let cursor = null;
    for (let n = 0; n < 5; n++) {
      const { page } = await listCoupons(db.app, { partner }, cursor, 1);
      seen.push(...page.items.map((it) => it.id));
      if (!page.older) break;
      const [, , micros = "", id = ""] = Buffer.from(page.older, "base64url").toString("latin1").split("~");
      cursor = { direction: "older" as const, key: [micros, id], position: n + 1 };
    }
    expect(new Set(seen).size).toBe(5);
  });
});

test("switched off it cannot be redeemed, switched on it can; who redeemed it stands there", async () => {
  const { couponId } = await make({}, `AUS-${randomUUID().slice(0, 8).toUpperCase()}`);
  const { code } = await readCoupon(db.app, couponId);
  const redeem = () =>
    redeemCoupon(db.app, {
      tenantId: "lr_tenant_alpen",
      code,
      userId: "lr_user_owner_alpen",
      deviceId: null,
      requestKey: null,
    });
  for (const active of [false, false]) await setCouponActive(db.app, actor, couponId, active);
  await expect(redeem()).rejects.toMatchObject({ code: "INVALID_CODE" });
  await setCouponActive(db.app, actor, couponId, true);
  await redeem();
  const uses = await listUses(db.app, couponId, null, 25);
  expect(uses.items).toMatchObject([{ tenantId: "lr_tenant_alpen", who: "owner@alpen.example" }]);
  expect(await audit(couponId)).toEqual(["COUPONS_CREATED", "COUPON_DISABLED", "COUPON_ENABLED"]);
  await expect(setCouponActive(db.app, actor, "nowhere", true)).rejects.toMatchObject({ code: "NOT_FOUND" });
});
