import type postgres from "postgres";
import { digestOfCheckpoint } from "~/billing/verification.server";
import { type Sql, transaction } from "~/db/transaction.server";

export interface LedgerSize {
  tenants: number;
  /** Lots of each tenant, all of one type, one for each day. */
  lotsOfTenant: number;
  rowsOfLot: number;
}

/** Every fourth row of a lot buys this many credits, the three after it spend one each. */
const PACK = 3;
/** Hours between two rows of a lot. */
const HOURS_BETWEEN = 17;

/**
 * Fills an empty database with a ledger that is right in every row: orders, lots, chains with the database's own hashes, and
 * a report that vouches for the heads. Without triggers, one row of every lot at a time, so that the rows of a lot lie as far
 * apart as in years of real use.
 * @returns the rows of the ledger
 */
export async function fillLedger(owner: postgres.Sql, app: Sql, size: LedgerSize): Promise<number> {
  await owner.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`
      insert into tenant (id, slug, name)
      select 'bench_' || t, 'bench-' || t, 'Bench ' || t from generate_series(1, ${size.tenants}::int) as t`;
    await tx`
      create temp table bench_lot on commit drop as
      select (t - 1) * ${size.lotsOfTenant}::int + d as n, gen_random_uuid()::text as id, 'bench_' || t as tenant_id,
        '2030-01-01T00:00:00Z'::timestamptz + make_interval(days => d) as expires_at
      from generate_series(1, ${size.tenants}::int) as t, generate_series(1, ${size.lotsOfTenant}::int) as d`;
    for (let row = 1; row <= size.rowsOfLot; row++) await addRow(tx, row, size);
    await tx`
      insert into tenant_credit_balance (id, tenant_id, type, expires_at, quantity, ledger_head, ledger_rows)
      select b.id, b.tenant_id, 'LICENSE_30D', b.expires_at, l.quantity_after, l.row_hash, ${size.rowsOfLot}
      from bench_lot b
      join tenant_credit_ledger l on l.id = ${(size.rowsOfLot - 1) * size.tenants * size.lotsOfTenant}::bigint + b.n`;
  });
  await owner`
    insert into tenant_credit_day (tenant_id, type, reason, day, delta, entries)
    select tenant_id, type, reason, (occurred_at at time zone 'Europe/Zurich')::date, sum(delta), count(*)
    from tenant_credit_ledger group by 1, 2, 3, 4`;
  // Ids were drawn without the sequence, which a next row needs.
  await owner`select setval('tenant_credit_ledger_id', (select max(id) from tenant_credit_ledger))`;
  await vouch(owner, app);
  await owner`vacuum analyze`;
  return size.tenants * size.lotsOfTenant * size.rowsOfLot;
}

/** The next row of every lot: a purchase with its order, or a credit spent. Its id says which lot and which row it is. */
async function addRow(tx: postgres.TransactionSql, row: number, size: LedgerSize): Promise<void> {
  const lots = size.tenants * size.lotsOfTenant;
  const hoursAgo = (size.rowsOfLot - row) * HOURS_BETWEEN;
  const buys = row % 4 === 1;
  const [delta, reason] = buys ? [PACK, "STRIPE_PURCHASE"] : [-1, "CREDIT_CONSUME"];
  if (buys) {
    await tx`
      insert into billing_order (id, tenant_id, sku_id, status, currency, amount_cents, stripe_price_id, grant_license_30d,
        stripe_checkout_session_id, stripe_payment_intent_id, paid_at, paid_cents, credits_granted_at)
      select 'bench_' || ${row}::int || '_' || n, tenant_id, 'lr_sku_30d_3', 'PAID', 'CHF', 11700, 'price_lr_30d_3', ${PACK},
        'cs_bench_' || ${row}::int || '_' || n, 'pi_bench_' || ${row}::int || '_' || n, now(), 11700, now()
      from bench_lot`;
  }
  await tx`
    insert into tenant_credit_ledger
    select (draft).id, (draft).tenant_id, (draft).type, (draft).delta, (draft).reason, (draft).ref_id, (draft).balance_id,
      (draft).order_id, (draft).expires_at, (draft).quantity_after, (draft).actor_user_id, (draft).note, (draft).occurred_at,
      (draft).created_at, (draft).previous_hash, ledger_row_hash(draft)
    from (
      select (${(row - 1) * lots}::bigint + b.n, b.tenant_id, 'LICENSE_30D', ${delta}::int, ${reason}::text,
        case when ${buys} then 'cs_bench_' || ${row}::int || '_' || b.n else 'licence ' || ${row}::int || '_' || b.n end, b.id,
        case when ${buys} then 'bench_' || ${row}::int || '_' || b.n end, b.expires_at,
        coalesce(p.quantity_after, 0) + ${delta}::int, null, null,
        now() - make_interval(hours => ${hoursAgo}::int), now(), coalesce(p.row_hash, ''), ''
      )::tenant_credit_ledger as draft
      from bench_lot b
      left join (
        select * from tenant_credit_ledger where id between ${(row - 2) * lots + 1}::bigint and ${(row - 1) * lots}::bigint
      ) as p on p.balance_id = b.id
    ) as drafts`;
}

/** A report that knows every lot's head, as a reconciliation leaves it. */
async function vouch(owner: postgres.Sql, app: Sql): Promise<void> {
  await owner`
    insert into ledger_checkpoint (balance_id, tenant_id, type, expires_at, ledger_rows, ledger_head)
    select id, tenant_id, type, expires_at, ledger_rows, ledger_head from tenant_credit_balance`;
  const digest = await transaction(app, digestOfCheckpoint);
  await owner`insert into reconciliation_report (complete, lots, digest)
    select true, count(*), ${digest} from ledger_checkpoint`;
}
