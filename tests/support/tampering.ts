import type postgres from "postgres";

/** What a superuser did, and whom the findings must name: one of `names`. */
export interface Tampering {
  what: string;
  names: string[];
}

export interface Row {
  id: string;
  balance_id: string;
}

type Tx = postgres.TransactionSql;
/** Numbers from 0 to 1, the same ones for the same seed. */
export type Dice = () => number;

export function dice(seed: number): Dice {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick<T>(roll: Dice, list: readonly T[]): T {
  const found = list[Math.floor(roll() * list.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}

/** Every column of the ledger, with an expression that changes it whatever stands there. */
export const EDITS: Record<string, string> = {
  id: "-l.id",
  tenant_id: "case l.tenant_id when 'lr_tenant_jura' then 'lr_tenant_alpen' else 'lr_tenant_jura' end",
  type: "case l.type when 'DEVICE_SLOT' then 'LICENSE_30D' else 'DEVICE_SLOT' end",
  delta: "l.delta + 1",
  reason: "case l.reason when 'MANUAL_ADJUST' then 'COUPON_REDEEM' else 'MANUAL_ADJUST' end",
  ref_id: "coalesce(l.ref_id, '') || 'x'",
  balance_id: "(select min(b.id) from tenant_credit_balance b where b.id <> l.balance_id)",
  order_id: "(select min(o.id) from billing_order o where o.id is distinct from l.order_id)",
  expires_at: "l.expires_at + interval '1 microsecond'",
  quantity_after: "l.quantity_after - 1",
  actor_user_id: "case when l.actor_user_id is null then 'lr_user_operator' end",
  note: "case when l.note is null then '' else l.note || ' ' end",
  occurred_at: "l.occurred_at - interval '1 microsecond'",
  created_at: "l.created_at + interval '1 day'",
  previous_hash: "reverse(l.previous_hash) || '0'",
  row_hash: "reverse(l.row_hash) || '0'",
};
/** What a recomputed hash or chain writes over: no tampering of its own. */
const COMPUTED = ["row_hash", "previous_hash", "quantity_after"];

/** Lets the superuser do everything that a database does not forbid a superuser, and gives it the means to forge chains. */
export async function disarm(owner: postgres.Sql): Promise<void> {
  const checks = await owner<{ name: string; of: string }[]>`
    select conname as name, conrelid::regclass::text as of from pg_constraint
    where contype = 'c' and conrelid in ('tenant_credit_ledger'::regclass, 'tenant_credit_balance'::regclass)`;
  for (const check of checks) await owner`alter table ${owner(check.of)} drop constraint ${owner(check.name)}`;
  await owner`drop index tenant_credit_ledger_purchase`;
  await owner`alter table tenant_credit_balance drop constraint tenant_credit_balance_tenant_id_type_expires_at_key`;
  await owner.unsafe(`
    create function rewrite_chain(lot text) returns void language plpgsql as $$
    declare
      entry tenant_credit_ledger; head text := ''; n integer := 0; total integer := 0;
    begin
      for entry in select * from tenant_credit_ledger where balance_id = lot order by id loop
        total := total + entry.delta;
        n := n + 1;
        entry.quantity_after := total;
        entry.previous_hash := head;
        head := ledger_row_hash(entry);
        update tenant_credit_ledger set previous_hash = entry.previous_hash, quantity_after = total, row_hash = head
        where id = entry.id;
      end loop;
      update tenant_credit_balance set quantity = total, ledger_head = head, ledger_rows = n where id = lot;
    end $$`);
}

/** Changes one column of one row. `forged`: with its hash recomputed, or with the whole chain of its lot and the lot itself. */
export async function editRow(tx: Tx, row: Row, column: string, forged: "no" | "row" | "chain"): Promise<Tampering> {
  const [edited] = await tx<Row[]>`
    update tenant_credit_ledger l set ${tx(column)} = ${tx.unsafe(EDITS[column] ?? "")} where l.id = ${row.id} returning *`;
  if (!edited) throw new Error(`no row ${row.id}`);
  const lots = [...new Set([row.balance_id, edited.balance_id])];
  if (forged === "row")
    await tx`update tenant_credit_ledger l set row_hash = ledger_row_hash(l) where l.id = ${edited.id}`;
  if (forged === "chain") for (const lot of lots) await tx`select rewrite_chain(${lot})`;
  const what = `${column} of row ${row.id}, ${forged} hash forged`;
  if (forged === "no") return { what, names: [`ledger row ${edited.id}`] };
  return { what, names: [`ledger row ${edited.id}`, ...lots.map((lot) => `lot ${lot}`)] };
}

/** Which columns can be changed so that it matters. */
export function columnsFor(forged: "no" | "row" | "chain"): string[] {
  const columns = Object.keys(EDITS);
  if (forged === "no") return columns;
  return columns.filter((it) => !(forged === "row" ? ["row_hash"] : COMPUTED).includes(it));
}

/** Takes rows out of a lot. `forged`: the rest of the chain and the lot are made to fit. */
export async function deleteRows(tx: Tx, lot: string, ids: string[], forged: boolean): Promise<Tampering> {
  await tx`delete from tenant_credit_ledger where id in ${tx(ids)}`;
  if (forged) await tx`select rewrite_chain(${lot})`;
  return { what: `rows ${ids} of lot ${lot} deleted, ${forged ? "chain forged" : "no more"}`, names: [`lot ${lot}`] };
}

/** Takes a lot away as if it had never been. */
export async function deleteLot(tx: Tx, lot: string): Promise<Tampering> {
  await tx`delete from tenant_credit_ledger where balance_id = ${lot}`;
  await tx`delete from order_credit where balance_id = ${lot}`;
  await tx`delete from tenant_credit_balance where id = ${lot}`;
  return { what: `lot ${lot} and its rows deleted`, names: [`lot ${lot}`] };
}

/** Puts a copy of a row into its lot, before, between or after the others. `forged`: its own hash, or the whole chain. */
export async function insertRow(tx: Tx, row: Row, id: string, forged: "no" | "row" | "chain"): Promise<Tampering> {
  await tx`
    insert into tenant_credit_ledger
    select ${id}::bigint, tenant_id, type, delta, 'MANUAL_ADJUST', ref_id, balance_id, order_id, expires_at,
      quantity_after + delta, actor_user_id, note, occurred_at, created_at, row_hash, ''
    from tenant_credit_ledger where id = ${row.id}`;
  if (forged === "row")
    await tx`update tenant_credit_ledger l set row_hash = ledger_row_hash(l) where l.id = ${id}::bigint`;
  if (forged === "chain") await tx`select rewrite_chain(${row.balance_id})`;
  const names = [`ledger row ${id}`, `lot ${row.balance_id}`];
  return { what: `row ${id} put in, like ${row.id}, ${forged} hash forged`, names };
}
