import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { CreditType } from "~/billing/credit-types";
import { verifyBooks } from "~/billing/verification.server";
import { signedIn, type Visitor } from "./http";
import type { Stack } from "./stack";

/** A tenant of its own with an owner who is signed in, so that no test meets another one's lots. */
export interface Account {
  tenantId: string;
  userId: string;
  owner: Visitor;
  /** Signs its viewer in. */
  viewer(): Promise<Visitor>;
}

export async function newAccount(stack: Stack): Promise<Account> {
  const id = randomBytes(6).toString("hex");
  const account = { tenantId: `t_${id}`, userId: `u_${id}` };
  const { owner } = stack.db;
  await owner`insert into tenant (id, slug, name) values (${account.tenantId}, ${id}, ${`Konto ${id}`})`;
  for (const role of ["OWNER", "VIEWER"]) {
    await owner`
      insert into app_user (id, tenant_id, email, role, password_hash)
      select ${role === "OWNER" ? account.userId : `v_${id}`}, ${account.tenantId}, ${`${role}@${id}.example`.toLowerCase()}, ${role}, password_hash
      from app_user where id = 'lr_user_owner_jura'`;
  }
  return {
    ...account,
    owner: await signedIn(stack.origin, `owner@${id}.example`),
    viewer: () => signedIn(stack.origin, `viewer@${id}.example`),
  };
}

/** Books credits by hand, into the lot of that expiry. `expires`: an instant, or a distance from now as PostgreSQL reads it. */
export async function give(
  stack: Pick<Stack, "db">,
  account: Pick<Account, "tenantId">,
  type: CreditType,
  quantity: number,
  expires = "400 days",
): Promise<void> {
  const { owner } = stack.db;
  await owner`
    insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at)
    values (${account.tenantId}, ${type}, ${quantity}, 'MANUAL_ADJUST', ${
      /^\d{4}-/.test(expires)
        ? owner`${expires}::timestamptz`
        : owner`date_trunc('second', now()) + ${expires}::interval`
    })`;
}

/** How many answers there were of each kind: "200", "409 NO_CREDITS" … */
export async function tally(answers: Promise<Response>[]): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {};
  for (const answer of await Promise.all(answers)) {
    const body = (await answer.json()) as { error?: { code: string } };
    const kind = body.error ? `${answer.status} ${body.error.code}` : String(answer.status);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

/** What a tenant spent, told in three ways that must agree, and what is left. */
export async function spentBy({ db }: Pick<Stack, "db">, { tenantId }: Pick<Account, "tenantId">) {
  const [row] = await db.owner<
    { booked: number; activations: number; named: number; slots: number; left: number; lowest: number }[]
  >`
    select
      (select count(*)::int from tenant_credit_ledger where tenant_id = ${tenantId} and reason = 'CREDIT_CONSUME') as booked,
      (select count(*)::int from activation where tenant_id = ${tenantId}) as activations,
      (select count(*)::int from activation a join tenant_credit_ledger l
        on l.ref_id = a.id and l.tenant_id = a.tenant_id and l.type = a.type and l.reason = 'CREDIT_CONSUME'
        where a.tenant_id = ${tenantId}) as named,
      coalesce((select max_devices from tenant_entitlement where tenant_id = ${tenantId}), 1) - 1 as slots,
      (select coalesce(sum(quantity), 0)::int from tenant_credit_balance where tenant_id = ${tenantId}) as left,
      (select coalesce(min(quantity_after), 0)::int from tenant_credit_ledger where tenant_id = ${tenantId}) as lowest`;
  return row;
}

/** The licence's end, and what PostgreSQL makes of the tenant's activations, one after the other, from when the first began. */
export async function licenceOf({ db }: Pick<Stack, "db">, { tenantId }: Pick<Account, "tenantId">) {
  const steps = await db.owner<{ type: CreditType; from: Date; until: Date; expected: Date }[]>`
    select type, valid_from as from, valid_until as until,
      (valid_from at time zone 'Europe/Zurich' + case type when 'LICENSE_30D' then interval '30 days' else interval '365 days' end)
        at time zone 'Europe/Zurich' as expected
    from activation where tenant_id = ${tenantId} and type <> 'DEVICE_SLOT' order by valid_from`;
  const [row] = await db.owner<{ until: Date | null }[]>`
    select valid_until as until from tenant_entitlement where tenant_id = ${tenantId}`;
  return {
    until: row?.until ?? null,
    steps,
    /** Steps that do not begin where the one before ended, or that end elsewhere than PostgreSQL says. */
    wrong: steps.filter(
      (step, i) =>
        step.until.getTime() !== step.expected.getTime() ||
        (i > 0 && steps[i - 1]?.until.getTime() !== step.from.getTime()),
    ),
  };
}

/** Stops a stack whose credits were moved, and fails unless its books are in order and nothing took the server by surprise. */
export async function stopInOrder(stack: Stack | undefined): Promise<void> {
  if (!stack) return;
  const { findings } = await verifyBooks(stack.db.app).finally(() => stack.stop());
  expect(findings).toEqual([]);
  expect(stack.app.output()).not.toMatch(/deadlock|unexpected error/i);
}

/** The entitlement in an answer's overview. */
export function entitlementIn(data: Record<string, unknown> | undefined): { validUntil: string | null } {
  return (data?.entitlement ?? { validUntil: null }) as { validUntil: string | null };
}
