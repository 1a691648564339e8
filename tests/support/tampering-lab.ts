import type postgres from "postgres";
import type { Finding } from "~/billing/verification.server";
import { openShop, type Shop } from "./books-shop";
import { disarm, type Row } from "./tampering";
import { fillVariedBooks } from "./varied-books";

const TABLES = [
  "billing_order",
  "tenant_credit_balance",
  "tenant_credit_ledger",
  "order_credit",
  "reconciliation_report",
  "ledger_checkpoint",
];

/** Books that a report vouches for, and a superuser who may do what he likes with them. */
export interface TamperingLab {
  shop: Shop;
  rows: Row[];
  lots: string[];
  /** The paid ones. */
  orders: string[];
  rowsOf(lot: string): string[];
  /** Lots with a first row, a last one and one between. */
  longLots: string[];
  /** Works, and commits, without any trigger or foreign key noticing. */
  asSuperuser<T>(work: (tx: postgres.TransactionSql) => Promise<T>): Promise<T>;
  /** Puts everything back to where it was in the beginning. */
  restore(): Promise<void>;
}

export async function openTamperingLab(): Promise<TamperingLab> {
  const shop = await openShop();
  const { owner } = shop.db;
  // Room between the ids, so that a row can be put in anywhere.
  await owner`alter sequence tenant_credit_ledger_id increment by 10`;
  await shop.reconcile(); // a report of the empty books, before the one that vouches
  await fillVariedBooks(shop);
  const { differences } = await shop.reconcile();
  if (differences.length > 0) throw new Error(`books with faults of their own: ${JSON.stringify(differences)}`);
  await disarm(owner);
  const rows = await owner<Row[]>`select id, balance_id from tenant_credit_ledger order by id`;
  const orders = await owner<{ id: string }[]>`select id from billing_order where paid_at is not null order by id`;
  await owner`create schema kept`;
  for (const table of TABLES) await owner`create table kept.${owner(table)} as table ${owner(table)}`;
  const asSuperuser: TamperingLab["asSuperuser"] = async (work) =>
    (
      await owner.begin(async (tx) => {
        await tx`set local session_replication_role = replica`;
        return { result: await work(tx) };
      })
    ).result;
  const lots = [...new Set(rows.map((row) => row.balance_id))];
  const rowsOf = (lot: string) => rows.filter((row) => row.balance_id === lot).map((row) => row.id);
  return {
    shop,
    rows: [...rows],
    lots,
    orders: orders.map(({ id }) => id),
    rowsOf,
    longLots: lots.filter((lot) => rowsOf(lot).length >= 3),
    asSuperuser,
    restore: () =>
      asSuperuser(async (tx) => {
        for (const table of TABLES) {
          await tx`delete from ${tx(table)}`;
          await tx`insert into ${tx(table)} overriding system value table kept.${tx(table)}`;
        }
      }),
  };
}

export const says = ({ rule, subject, detail }: Finding) => `${rule}: ${subject}: ${detail}`;

/** Whether one of the findings names one of these; "row 1" is not found in "row 12". */
export function isNamed(findings: readonly Finding[], names: readonly string[]): boolean {
  return findings.some((it) => names.some((name) => new RegExp(`\\b${name.trim()}(?![\\w-])`).test(says(it))));
}
