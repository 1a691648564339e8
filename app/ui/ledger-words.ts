import type { LedgerReason } from "~/billing/ledger-reasons";
import type { Balances, StatementRow } from "~/billing/statement.server";
import { formatChange, formatCount, formatDate, formatDateTime, formatLastDay, formatTimestamp } from "./format";
import { CREDIT_NAME, REASON_NAME } from "./words.de";

/** A movement as its row says it. */
export interface LedgerWords {
  id: string;
  iso: string;
  when: string;
  reason: string;
  credit: string;
  change: string;
  isGain: boolean;
  rest: string;
  lastDay: string;
  /** The rows of the same lot. */
  lotUrl: string;
  about: { text: string; to: string | null };
  who: string;
}

/** Words for the rows of a statement. Run by the loader. */
export function ledgerWords(rows: StatementRow[]): LedgerWords[] {
  return rows.map((row) => ({
    id: row.id,
    iso: row.occurredAt.toISOString(),
    when: formatDateTime(row.occurredAt),
    reason: REASON_NAME[row.reason],
    credit: CREDIT_NAME[row.type],
    change: formatChange(row.delta),
    isGain: row.delta > 0,
    rest: formatCount(row.quantityAfter),
    lastDay: formatLastDay(row.expiresAt),
    lotUrl: `/admin/billing/ledger?lot=${encodeURIComponent(row.balanceId)}`,
    about: {
      text: aboutText(row),
      to: row.orderId ? `/admin/billing/orders/${encodeURIComponent(row.orderId)}` : null,
    },
    who: whoText(row),
  }));
}

/** What a movement refers to: the order, what the credit was spent on, the code, or the note. */
function aboutText(row: StatementRow): string {
  if (row.orderNumber) return `Bestellung ${row.orderNumber}`;
  if (row.validUntil) return `Lizenz bis ${formatDate(row.validUntil)}`;
  if (row.maxDevices !== null) return `Slot ${row.maxDevices}`;
  if (row.couponCode) return `Code ${row.couponCode}`;
  if (row.reason === "CREDIT_EXPIRE") return "nicht eingelöst";
  return row.note ?? "";
}

/** What Stripe has caused, and what lapses by itself, nobody has done. */
const BY_ITSELF: ReadonlySet<LedgerReason> = new Set([
  "CREDIT_EXPIRE",
  "STRIPE_REFUND",
  "STRIPE_REFUND_REVERSAL",
  "STRIPE_DISPUTE_LOST",
]);

/** Who moved the credits. */
function whoText({ actor, reason }: StatementRow): string {
  return actor ?? (BY_ITSELF.has(reason) ? "automatisch" : "LeadRadar");
}

/** A balance as its panel says it. */
export function balanceWords(
  balances: Balances,
  at: Date,
): { title: string; counts: Array<{ name: string; count: string }> } {
  const counts = Object.entries(CREDIT_NAME).map(([type, name]) => ({
    name,
    count: formatCount(balances[type as keyof Balances]),
  }));
  return { title: `Guthaben am ${formatDateTime(at)}`, counts };
}

/** The columns of the file that people download. */
export const LEDGER_COLUMNS = [
  "Nummer",
  "Datum",
  "Vorgang",
  "Credit",
  "Bewegung",
  "Rest",
  "Gültig bis und mit",
  "Bezug",
  "Durch",
  "Bestell-ID",
  "Los-ID",
];

/** A movement as a line of that file. */
export function ledgerCells(row: StatementRow): Array<string | number | null> {
  return [
    Number(row.id),
    formatTimestamp(row.occurredAt),
    REASON_NAME[row.reason],
    CREDIT_NAME[row.type],
    row.delta,
    row.quantityAfter,
    formatLastDay(row.expiresAt),
    aboutText(row),
    whoText(row),
    row.orderId,
    row.balanceId,
  ];
}
