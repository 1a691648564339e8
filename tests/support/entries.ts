import type { CreditType } from "~/billing/credit-types";
import type { Account } from "./accounts";
import { envelope } from "./http";
import type { Stack } from "./stack";

export interface Entry {
  type?: CreditType;
  delta?: number;
  reason?: string;
  /** An instant. */
  at?: string;
  note?: string;
  actor?: string;
}

/** Writes ledger rows one after the other, each into its type's lot of 2040, on the day that the entry says. */
export async function enter(
  { db }: Pick<Stack, "db">,
  { tenantId }: Pick<Account, "tenantId">,
  entries: readonly Entry[],
) {
  const rows = entries.map(({ type = "LICENSE_30D", delta = 1, reason = "MANUAL_ADJUST", at, note, actor }) => ({
    tenant_id: tenantId,
    type,
    delta,
    reason,
    expires_at: "2040-01-01T00:00:00Z",
    occurred_at: at ?? new Date().toISOString(),
    note: note ?? null,
    actor_user_id: actor ?? null,
  }));
  // As JSON: the driver would cut an instant's microseconds.
  await db.owner`
    insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at, occurred_at, note, actor_user_id)
    select * from jsonb_to_recordset(${db.owner.json(rows)}) as t (tenant_id text, type text, delta integer, reason text,
      expires_at timestamptz, occurred_at timestamptz, note text, actor_user_id text)`;
}

/** A row of the statement, as the API gives it. */
export interface Item {
  id: string;
  tenantId: string;
  type: CreditType;
  delta: number;
  reason: string;
  occurredAt: string;
  [column: string]: unknown;
}

export interface Statement {
  status: number;
  code: string | undefined;
  items: Item[];
  nextCursor: string | null;
  balances: { type: CreditType; quantity: number }[] | undefined;
}

/** One page of the statement. */
export async function statement(who: Account, path: string, query: Record<string, string> = {}): Promise<Statement> {
  const { status, data, error } = await envelope(await who.owner.get(`${path}?${new URLSearchParams(query)}`));
  return { status, code: error?.code, items: [], nextCursor: null, balances: undefined, ...data };
}

/** All pages, one after the other. `between` runs after each. */
export async function wholeStatement(
  who: Account,
  path: string,
  query: Record<string, string> = {},
  between: () => Promise<unknown> = async () => {},
): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: Statement = await statement(who, path, { ...query, ...(cursor ? { cursor } : {}) });
    if (page.status !== 200) throw new Error(`status ${page.status} after ${items.length} rows`);
    items.push(...page.items);
    cursor = page.nextCursor;
    await between();
  }
  return items;
}
