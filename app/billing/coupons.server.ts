import { randomBytes } from "node:crypto";
import { type Db, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError, type ErrorCode } from "~/errors";
import { type CreditType, type Grants, grantedCredits } from "./credit-types";
import { creditExpiry } from "./expiry";
import { appendToLedger } from "./ledger.server";
import { activate, type Entitlement, lockEntitlement } from "./licences.server";

/** Codes that were not valid, an hour and tenant, before the next answer is RATE_LIMITED. */
const MISSES = 10;
const MISS_SECONDS = 60 * 60;

/** No 0, 1, I, L, O, U: nothing to mix up, nothing to blush at. 16 letters of 30 are 78 bits. */
const ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH = 16;

/** Who redeems which code: a person, or a device. The same `requestKey` again is the same redemption. */
export interface RedeemRequest {
  tenantId: string;
  code: string;
  userId: string | null;
  deviceId: string | null;
  requestKey: string | null;
}

/** A redeemed code and what it granted. */
export interface Redemption extends Grants {
  id: string;
  code: string;
  redeemedAt: Date;
  creditExpiresInDays: number;
}

interface CodeRow extends Grants {
  id: string;
  code: string;
  active: boolean;
  notYet: boolean;
  over: boolean;
  usedUp: boolean;
  creditExpiresInDays: number;
}

/**
 * Redeems a coupon code, compared without case, once per tenant and no more often than it may: its credits are granted in the same
 * transaction. Throws INVALID_CODE (absent, switched off, not valid yet: all alike), CODE_EXPIRED, CODE_LIMIT_REACHED,
 * CODE_ALREADY_REDEEMED, and RATE_LIMITED after ten invalid codes of the tenant in an hour.
 */
export async function redeemCoupon(sql: Sql, request: RedeemRequest): Promise<Redemption> {
  return refuse(await transaction(sql, (tx) => redeem(tx, request)));
}

/**
 * Redeems a code and spends one licence credit of it, 365 days before 30: both or neither. Throws as `redeemCoupon`, and NO_CREDITS
 * for a code without a licence, which stays unused.
 */
export async function redeemAndActivate(sql: Sql, request: RedeemRequest): Promise<void> {
  const { tenantId, userId, deviceId } = request;
  refuse(
    await transaction(sql, async (tx) => {
      const redeemed = await redeem(tx, request);
      if (typeof redeemed === "string" || "retryAfterSeconds" in redeemed) return redeemed;
      const type: CreditType | null =
        redeemed.grantLicense365d > 0 ? "LICENSE_365D" : redeemed.grantLicense30d > 0 ? "LICENSE_30D" : null;
      if (!type) throw new DomainError("NO_CREDITS");
      await activate(tx, { tenantId, type, userId, deviceId, requestKey: null }, redeemed.entitlement);
      return redeemed;
    }),
  );
}

/** A refusal that must not roll back: the miss that led to it has to be counted. */
type Refusal = ErrorCode | { retryAfterSeconds: number };

function refuse<T extends object>(outcome: T | Refusal): T {
  if (typeof outcome === "string") throw new DomainError(outcome);
  if ("retryAfterSeconds" in outcome)
    throw new DomainError("RATE_LIMITED", { retryAfterSeconds: outcome.retryAfterSeconds });
  return outcome as T;
}

/** Locks the tenant, so that its guesses are counted one after the other; then coupon, entitlement, lots. */
async function redeem(tx: Tx, request: RedeemRequest): Promise<(Redemption & { entitlement: Entitlement }) | Refusal> {
  const { tenantId } = request;
  await tx`select id from tenant where id = ${tenantId} for no key update`;
  const [limit] = await tx<{ wait: number }[]>`
    select ceil(extract(epoch from missed_at + make_interval(secs => ${MISS_SECONDS}) - now()))::int as wait
    from coupon_miss
    where tenant_id = ${tenantId} and missed_at > now() - make_interval(secs => ${MISS_SECONDS})
    order by missed_at desc offset ${MISSES - 1} limit 1`;
  if (limit) return { retryAfterSeconds: Math.max(1, limit.wait) };

  const [coupon] = await tx<CodeRow[]>`
    select id, code, active, coalesce(valid_from > now(), false) as not_yet,
      coalesce(valid_until <= now(), false) as over, coalesce(redeemed_count >= max_redemptions, false) as used_up,
      grant_license_30d, grant_license_365d, grant_device_slots, credit_expires_in_days
    from promo_code where code = upper(${request.code.trim()}) for update`;
  if (!coupon?.active || coupon.notYet) return miss(tx, tenantId);
  const [earlier] = await tx<{ id: string; redeemedAt: Date; requestKey: string | null }[]>`
    select id, redeemed_at, request_key from promo_redemption
    where promo_code_id = ${coupon.id} and tenant_id = ${tenantId}`;
  if (earlier) {
    const isSameClick = request.requestKey !== null && earlier.requestKey === request.requestKey;
    if (!isSameClick) return "CODE_ALREADY_REDEEMED";
    return { ...coupon, ...earlier, entitlement: await lockEntitlement(tx, tenantId) };
  }
  if (coupon.over) return "CODE_EXPIRED";
  if (coupon.usedUp) return "CODE_LIMIT_REACHED";
  return grant(tx, request, coupon);
}

async function miss(tx: Tx, tenantId: string): Promise<"INVALID_CODE"> {
  await tx`delete from coupon_miss where tenant_id = ${tenantId} and missed_at < now() - interval '1 day'`;
  await tx`insert into coupon_miss (tenant_id) values (${tenantId})`;
  return "INVALID_CODE";
}

async function grant(
  tx: Tx,
  request: RedeemRequest,
  coupon: CodeRow,
): Promise<Redemption & { entitlement: Entitlement }> {
  const { tenantId, userId, deviceId, requestKey } = request;
  const entitlement = await lockEntitlement(tx, tenantId);
  const id = crypto.randomUUID();
  const redeemedAt = entitlement.now;
  await Promise.all([
    tx`update promo_code set redeemed_count = redeemed_count + 1 where id = ${coupon.id}`,
    tx`
      insert into promo_redemption (id, promo_code_id, tenant_id, user_id, device_id, request_key, redeemed_at)
      values (${id}, ${coupon.id}, ${tenantId}, ${userId}, ${deviceId}, ${requestKey}, ${redeemedAt})`,
  ]);
  await appendToLedger(
    tx,
    grantedCredits(coupon).map(({ type, quantity }) => ({
      tenantId,
      type,
      delta: quantity,
      reason: "COUPON_REDEEM",
      refId: id,
      orderId: null,
      expiresAt: creditExpiry(redeemedAt, coupon.creditExpiresInDays),
      actorUserId: userId,
      note: null,
      occurredAt: redeemedAt,
    })),
  );
  return { ...coupon, id, redeemedAt, entitlement };
}

/** One redemption of a tenant. Throws NOT_FOUND, for another tenant's, too. */
export async function readRedemption(db: Db, tenantId: string, id: string): Promise<Redemption> {
  const [redemption] = await db<Redemption[]>`
    select r.id, c.code, r.redeemed_at, c.grant_license_30d, c.grant_license_365d, c.grant_device_slots,
      c.credit_expires_in_days
    from promo_redemption r join promo_code c on c.id = r.promo_code_id
    where r.tenant_id = ${tenantId} and r.id = ${id}`;
  if (!redemption) throw new DomainError("NOT_FOUND");
  return redemption;
}

/** What a batch of new codes is good for. `creditExpiresInDays`: days from the redemption. */
export interface CouponTerms extends Grants {
  creditExpiresInDays: number;
  /** null: as often as there are tenants. */
  maxRedemptions: number | null;
  validFrom: Date | null;
  /** The first instant at which it can no longer be redeemed. */
  validUntil: Date | null;
  partner: string | null;
}

/** Makes `count` codes with the same terms, all or none, and returns them. Nobody can guess one: 78 random bits. */
export function createCoupons(sql: Sql, count: number, terms: CouponTerms): Promise<string[]> {
  return transaction(sql, async (tx) => {
    const codes = Array.from({ length: count }, newCode);
    await insertCoupons(tx, codes, terms, null);
    return codes;
  });
}

/** Writes codes with the same terms. `batchId`: those that were made together. A code that is taken is refused by the database. */
export async function insertCoupons(
  tx: Tx,
  codes: readonly string[],
  terms: CouponTerms,
  batchId: string | null,
): Promise<void> {
  const rows = codes.map((code) => ({
    code,
    batch_id: batchId,
    grant_license_30d: terms.grantLicense30d,
    grant_license_365d: terms.grantLicense365d,
    grant_device_slots: terms.grantDeviceSlots,
    credit_expires_in_days: terms.creditExpiresInDays,
    max_redemptions: terms.maxRedemptions,
    valid_from: terms.validFrom,
    valid_until: terms.validUntil,
    partner: terms.partner,
  }));
  for (let i = 0; i < rows.length; i += 1_000) await tx`insert into promo_code ${tx(rows.slice(i, i + 1_000))}`;
}

/** Four groups of four letters. Bytes that would make some letters likelier than others are thrown away. */
export function newCode(): string {
  let code = "";
  while (code.length < CODE_LENGTH) {
    for (const byte of randomBytes(CODE_LENGTH)) {
      if (byte < 240 && code.length < CODE_LENGTH) code += ALPHABET[byte % ALPHABET.length];
    }
  }
  return (code.match(/.{4}/g) ?? []).join("-");
}
