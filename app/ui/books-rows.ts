import { CREDIT_TYPES } from "~/billing/credit-types";
import type { MonthFigures } from "~/operations/books.server";

/** The head of the CSV of the books. */
export const BOOK_COLUMNS = [
  "Monat",
  "Währung",
  "Bestellungen",
  "Zahlungen",
  "Rückerstattet",
  "Verlorene Anfechtungen",
  "Netto",
  "Verfallene Credits",
  "Offen 30 Tage",
  "Offen 365 Tage",
  "Offen Geräte-Slots",
  "Offen total",
  "Verkaufswert der offenen",
];

/** One month as cells of the CSV: amounts as numbers with two decimals at most. */
export function bookCells(month: MonthFigures, currency: string): Array<string | number> {
  const open = CREDIT_TYPES.map((type) => month.outstanding[type]);
  return [
    month.month,
    currency,
    month.orders,
    month.soldCents / 100,
    month.refundedCents / 100,
    month.lostCents / 100,
    month.netCents / 100,
    month.expired,
    ...open,
    totalOpen(month),
    month.outstandingCents / 100,
  ];
}

/** Credits of all types that nobody has used. */
export function totalOpen({ outstanding }: MonthFigures): number {
  return CREDIT_TYPES.reduce((sum, type) => sum + outstanding[type], 0);
}
