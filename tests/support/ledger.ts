import postgres from "postgres";

/** The server's role on connections of its own. */
export function asServer(url: string, max: number): postgres.Sql {
  return postgres(url, { max, onnotice: () => {}, connection: { role: "billing_app" } });
}

/** The SQLSTATE with which PostgreSQL refuses, or "done". */
export async function outcome(work: PromiseLike<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

export interface Entry {
  tenant?: string;
  type?: string;
  delta?: number;
  reason?: string;
  order?: string | null;
  expires?: string;
}

/** Books one row of the ledger, as a coupon's unless the entry says otherwise: the server's role books no correction by itself. */
export function book(sql: postgres.Sql | postgres.TransactionSql, entry: Entry = {}) {
  const { tenant = "lr_tenant_alpen", type = "LICENSE_30D", delta = 1, reason = "COUPON_REDEEM", order = null } = entry;
  const expires = entry.expires ?? "2031-01-01T00:00:00Z";
  return sql`insert into tenant_credit_ledger (tenant_id, type, delta, reason, order_id, expires_at)
    values (${tenant}, ${type}, ${delta}, ${reason}, ${order}, ${expires})`;
}
