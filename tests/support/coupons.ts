import { randomBytes } from "node:crypto";
import type { Stack } from "./stack";

export interface CodeTerms {
  prefix?: string;
  active?: boolean;
  /** Distances from now as PostgreSQL reads them. */
  from?: string;
  until?: string;
  max?: number | null;
  l30?: number;
  l365?: number;
  slots?: number;
  days?: number;
}

/** Inserts a coupon code by SQL, as an operator's tool would; one 30 day licence unless the terms say otherwise. @returns the code */
export async function couponCode({ db }: Pick<Stack, "db">, terms: CodeTerms = {}): Promise<string> {
  const text = `${terms.prefix ?? "LR-"}${randomBytes(8).toString("hex").toUpperCase()}`;
  const { l365 = 0, slots = 0 } = terms;
  const l30 = terms.l30 ?? (l365 + slots > 0 ? 0 : 1);
  await db.owner`
    insert into promo_code (code, active, valid_from, valid_until, max_redemptions, grant_license_30d, grant_license_365d,
      grant_device_slots, credit_expires_in_days)
    values (${text}, ${terms.active ?? true}, now() + ${terms.from ?? null}::interval, now() + ${terms.until ?? null}::interval,
      ${terms.max ?? null}, ${l30}, ${l365}, ${slots}, ${terms.days ?? 365})`;
  return text;
}

/** How many credits a tenant got from coupons. */
export async function grantedBy({ db }: Pick<Stack, "db">, tenantId: string): Promise<number> {
  const [row] = await db.owner<{ n: number }[]>`
    select coalesce(sum(delta), 0)::int as n from tenant_credit_ledger
    where tenant_id = ${tenantId} and reason = 'COUPON_REDEEM'`;
  return row?.n ?? 0;
}
