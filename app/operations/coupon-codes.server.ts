import { type Actor, recordChange } from "~/billing/audit.server";
import { type CouponTerms, insertCoupons, newCode } from "~/billing/coupons.server";
import { type Cursor, countUpTo, type Page, pageOf } from "~/billing/paging.server";
import { type Db, type Fragment, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";

/** How it stands with a code now; the first that fits. */
export const COUPON_STATES = ["VALID", "NOT_YET", "OVER", "USED_UP", "OFF"] as const;

export type CouponState = (typeof COUPON_STATES)[number];

/** A code as staff see it. `batchId`: made together with others. */
export interface Coupon extends CouponTerms {
  id: string;
  code: string;
  state: CouponState;
  redeemedCount: number;
  batchId: string | null;
  createdAt: Date;
}

/** Which codes; each part narrows the list. `text`: how a code begins. */
export interface CouponFilter {
  state?: CouponState | undefined;
  partner?: string | undefined;
  batchId?: string | undefined;
  text?: string | undefined;
}

/** A code's key in a cursor: when it was made, in microseconds, and its id. */
export const COUPON_KEY = [/^\d{1,17}$/, /^[\x21-\x7d]{1,100}$/];

const STATE = (db: Db) => db`
  case when not active then 'OFF' when valid_until <= now() then 'OVER' when valid_from > now() then 'NOT_YET'
    when redeemed_count >= max_redemptions then 'USED_UP' else 'VALID' end`;

/** One page of all codes, newest first, and how many there are, counted to a thousand. */
export async function listCoupons(
  db: Db,
  filter: CouponFilter,
  cursor: Cursor | null,
  limit: number,
): Promise<{ page: Page<Coupon>; total: number | "many" }> {
  const where = conditionOf(db, filter);
  const isNewer = cursor?.direction === "newer";
  const [micros = "0", id = ""] = cursor?.key ?? [];
  const at = db`(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond', ${id})`;
  const [rows, total] = await Promise.all([
    db<Array<Coupon & { createdMicros: string }>>`
      select *, ${STATE(db)} as state, (extract(epoch from created_at) * 1000000)::bigint::text as created_micros
      from promo_code
      where ${where} ${cursor ? (isNewer ? db`and (created_at, id) > ${at}` : db`and (created_at, id) < ${at}`) : db``}
      order by ${isNewer ? db`created_at, id` : db`created_at desc, id desc`} limit ${limit + 1}`,
    countUpTo(db, db`select 1 from promo_code where ${where}`),
  ]);
  return { page: pageOf(rows, limit, cursor, (row) => [row.createdMicros, row.id]), total };
}

function conditionOf(db: Db, { state, partner, batchId, text }: CouponFilter): Fragment {
  const prefix = text ? `${text.toUpperCase().replaceAll(/[\\%_]/g, "\\$&")}%` : "";
  return db`
    true ${state ? db`and ${STATE(db)} = ${state}` : db``} ${partner ? db`and partner = ${partner}` : db``}
    ${batchId ? db`and batch_id = ${batchId}` : db``} ${text ? db`and code like ${prefix}` : db``}`;
}

/** One code. Throws NOT_FOUND. */
export async function readCoupon(db: Db, id: string): Promise<Coupon> {
  const [coupon] = await db<Coupon[]>`select *, ${STATE(db)} as state from promo_code where id = ${id}`;
  if (!coupon) throw new DomainError("NOT_FOUND");
  return coupon;
}

/** One code of those that were made together under this name, for the terms that all of them have; null: there are none. */
export async function firstOfBatch(db: Db, batchId: string): Promise<Coupon | null> {
  const [coupon] = await db<Coupon[]>`
    select *, ${STATE(db)} as state from promo_code where batch_id = ${batchId} order by code limit 1`;
  return coupon ?? null;
}

/** All codes of a batch, in the order of the alphabet, a piece at a time. */
export async function* streamBatch(db: Db, batchId: string, batch = 500): AsyncGenerator<Coupon[]> {
  let after = "";
  for (;;) {
    const rows: Coupon[] = await db<Coupon[]>`
      select *, ${STATE(db)} as state from promo_code
      where batch_id = ${batchId} and code > ${after} order by code limit ${batch}`;
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < batch) return;
    after = last.code;
  }
}

/** Who redeemed a code, and when. */
export interface CouponUse {
  id: string;
  tenantId: string;
  tenantName: string;
  who: string | null;
  redeemedAt: Date;
}

/** A redemption's key in a cursor: when it was, in microseconds, and its id. */
export const USE_KEY = COUPON_KEY;

/** One page of a code's redemptions, newest first; how many there are stands with the code. */
export async function listUses(
  db: Db,
  couponId: string,
  cursor: Cursor | null,
  limit: number,
): Promise<Page<CouponUse>> {
  const isNewer = cursor?.direction === "newer";
  const [micros = "0", id = ""] = cursor?.key ?? [];
  const at = db`(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond', ${id})`;
  const rows = await db<Array<CouponUse & { micros: string }>>`
    select r.id, r.tenant_id, t.name as tenant_name, coalesce(u.email, d.name) as who, r.redeemed_at,
      (extract(epoch from r.redeemed_at) * 1000000)::bigint::text as micros
    from (
      select * from promo_redemption
      where promo_code_id = ${couponId}
        ${cursor ? (isNewer ? db`and (redeemed_at, id) > ${at}` : db`and (redeemed_at, id) < ${at}`) : db``}
      order by ${isNewer ? db`redeemed_at, id` : db`redeemed_at desc, id desc`} limit ${limit + 1}
    ) as r
    join tenant t on t.id = r.tenant_id
    left join app_user u on u.id = r.user_id
    left join device d on d.id = r.device_id and d.tenant_id = r.tenant_id
    order by ${isNewer ? db`r.redeemed_at, r.id` : db`r.redeemed_at desc, r.id desc`}`;
  return pageOf(rows, limit, cursor, (row) => [row.micros, row.id]);
}

/** What is to be made: one code of one's own choice, or generated ones. */
export interface CouponWish {
  /** null: a generated one. */
  code: string | null;
  count: number;
  terms: CouponTerms;
}

/**
 * Makes codes, all or none. The same `requestKey` again is the same batch. @returns the batch and the id of its first code. Throws INVALID_BODY
 * for a code that is taken.
 */
export async function makeCoupons(
  sql: Sql,
  actor: Actor,
  wish: CouponWish,
  requestKey: string,
): Promise<{ batchId: string; couponId: string }> {
  try {
    return await transaction(sql, (tx) => make(tx, actor, wish, `batch_${requestKey}`));
  } catch (error) {
    // Nobody else's code is looked for before: two who want the same one at the same time would both find it free.
    const isTaken = wish.code !== null && (error as { code?: string }).code === "23505";
    throw isTaken ? new DomainError("INVALID_BODY", { fields: { code: "Diesen Code gibt es schon." } }) : error;
  }
}

async function make(
  tx: Tx,
  actor: Actor,
  { code, count, terms }: CouponWish,
  batchId: string,
): Promise<{ batchId: string; couponId: string }> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${batchId}, 0))`;
  const earlier = await firstOfBatch(tx, batchId);
  if (earlier) return { batchId, couponId: earlier.id };
  const codes = code ? [code] : Array.from({ length: count }, newCode);
  await insertCoupons(tx, codes, terms, batchId);
  const couponId = (await firstOfBatch(tx, batchId))?.id ?? "";
  await recordChange(tx, actor, {
    action: "COUPONS_CREATED",
    subject: { type: "COUPON", id: codes.length === 1 ? couponId : batchId },
    tenantId: null,
    before: null,
    after: { ...(code ? { code } : { count }), ...terms },
    reason: null,
  });
  return { batchId, couponId };
}

/** Switches a code off, or on again; already so changes nothing. What was redeemed stays. Throws NOT_FOUND. */
export function setCouponActive(sql: Sql, actor: Actor, id: string, active: boolean): Promise<void> {
  return transaction(sql, async (tx) => {
    const [before] = await tx<{ active: boolean; code: string }[]>`
      select active, code from promo_code where id = ${id} for update`;
    if (!before) throw new DomainError("NOT_FOUND");
    if (before.active === active) return;
    await tx`update promo_code set active = ${active} where id = ${id}`;
    await recordChange(tx, actor, {
      action: active ? "COUPON_ENABLED" : "COUPON_DISABLED",
      subject: { type: "COUPON", id },
      tenantId: null,
      before: { code: before.code, active: before.active },
      after: { code: before.code, active },
      reason: null,
    });
  });
}
