import type { Cursor, Page } from "~/billing/paging.server";
import type { Difference } from "~/billing/reconciliation.server";
import type { Db, Sql } from "~/db/transaction.server";
import { bookCurrencies, type MonthFigures, recentBooks } from "./books.server";
import {
  lastFullReport,
  lastReport,
  listReports,
  type NamedOrder,
  ordersNamed,
  type Report,
  type ReportHead,
  readReport,
  standingDifferences,
} from "./reports.server";
import { latestTask, readTask, type Task } from "./tasks.server";

/** Runs on one page of the list, and how far they are counted. */
const ROWS = 20;
const MOST_COUNTED = 1_000;

/** What the page of the books shows above its list of runs. */
export interface BooksPage {
  last: ReportHead | null;
  /** The newest full and complete run: its sums cover a month. */
  full: Report | null;
  standing: Difference[];
  orders: Map<string, NamedOrder>;
  running: Task | null;
  /** The run that was asked for just now. */
  asked: Task | null;
  check: Task | null;
  currency: string;
  currencies: string[];
  figures: MonthFigures[];
  figuresAt: Date;
}

/** Reads all of it. `asked`: the id of a reconciliation's task. Throws NOT_FOUND for one that is not there. */
export async function readBooksPage(
  sql: Sql,
  query: { currency: string | undefined; asked: number | undefined },
  now: Date,
): Promise<BooksPage> {
  const currencies = await bookCurrencies(sql);
  const currency = currencies.find((it) => it === query.currency) ?? currencies[0] ?? "CHF";
  const [last, standing, running, asked, check] = await Promise.all([
    lastReport(sql),
    standingDifferences(sql),
    latestTask(sql, "RECONCILE"),
    query.asked === undefined ? null : readTask(sql, "RECONCILE", query.asked),
    latestTask(sql, "VERIFY"),
  ]);
  // The figures after the verdict: "all agrees" beside sums from before the run that made it so would be no proof.
  const [full, orders, books] = await Promise.all([
    lastFullReport(sql),
    ordersNamed(sql, standing),
    recentBooks(sql, currency, now),
  ]);
  const figures = { figures: books.figures, figuresAt: books.at };
  return { last, full, standing, orders, running, asked, check, currency, currencies, ...figures };
}

/** The list of runs, and the one that is open. */
export interface RunsPage {
  page: Page<ReportHead>;
  /** 1 001 means more than that. */
  total: number;
  open: (Report & { orders: Map<string, NamedOrder> }) | null;
}

/** A page of runs. `openId`: the run whose findings are shown. Throws NOT_FOUND. */
export async function readRuns(db: Db, cursor: Cursor | null, openId: number | undefined): Promise<RunsPage> {
  const [page, open, [count]] = await Promise.all([
    listReports(db, cursor, ROWS),
    openId === undefined ? null : readReport(db, openId),
    db<{ total: number }[]>`
      select count(*)::int as total from (select from reconciliation_report limit ${MOST_COUNTED + 1}) as counted`,
  ]);
  return { page, total: count?.total ?? 0, open: open && { ...open, orders: await ordersNamed(db, open.found) } };
}
