import { type Cursor, type Page, pageOf } from "~/billing/paging.server";
import type { Difference } from "~/billing/reconciliation.server";
import type { Books } from "~/billing/stripe-comparison.server";
import type { Db } from "~/db/transaction.server";
import { DomainError } from "~/errors";

/** One run of the reconciliation, without what it found. `full`: it compared all that Stripe still knows. */
export interface ReportHead {
  id: number;
  startedAt: Date;
  finishedAt: Date;
  full: boolean;
  /** False when Stripe could not be read to the end. */
  complete: boolean;
  checked: number;
  healed: number;
  /** How many differences it named. */
  differences: number;
  durationMs: number;
}

/** A run with what it found, and the sums it compared, by "2026-11 CHF". */
export interface Report extends ReportHead {
  found: Difference[];
  books: Books;
}

/** The key of the reports in a cursor. */
export const REPORT_KEY = [/^\d{1,15}$/];

/** Reports that are looked through for what still stands: two days of them. */
const LOOK_BACK = 600;
/** What every run looks at anew, so that only the newest one counts. Everything else is a matter of a full run. */
const CHECKED_EACH_TIME = new Set(
  (
    "STRIPE_UNAVAILABLE LOT_SUM LOT_BOUNDS LOT_HELD ROW_OF_LOT GRANT_ONCE GRANT_FITS TENANT CLAWBACK ORDER_STATUS " +
    "ACTIVATION COUPON DAY_SUM GUARDS REPORT"
  ).split(" "),
);

function head(db: Db) {
  return db`id, started_at, finished_at, complete, checked, healed, differences, duration_ms,
    coalesce(window_from < started_at - interval '29 days', false) as "full"`;
}

/** The runs, newest first. */
export async function listReports(db: Db, cursor: Cursor | null, limit: number): Promise<Page<ReportHead>> {
  const id = Number(cursor?.key[0] ?? 0);
  const isNewer = cursor?.direction === "newer";
  const rows = await db<ReportHead[]>`
    select ${head(db)} from reconciliation_report
    where true ${cursor ? (isNewer ? db`and id > ${id}` : db`and id < ${id}`) : db``}
    order by id ${isNewer ? db`asc` : db`desc`} limit ${limit + 1}`;
  return pageOf(rows, limit, cursor, (row) => [String(row.id)]);
}

/** One run. Throws NOT_FOUND. */
export async function readReport(db: Db, id: number): Promise<Report> {
  const [row] = await db<Array<ReportHead & { details: string }>>`
    select ${head(db)}, details from reconciliation_report where id = ${id}`;
  if (!row) throw new DomainError("NOT_FOUND");
  return withDetails(row);
}

/** The newest run, null before the first one. */
export async function lastReport(db: Db): Promise<ReportHead | null> {
  const [row] = await db<ReportHead[]>`
    select ${head(db)} from reconciliation_report order by id desc limit 1`;
  return row ?? null;
}

/** The newest full and complete run: the only kind whose sums cover a month. */
export async function lastFullReport(db: Db): Promise<Report | null> {
  const [row] = await db<Array<ReportHead & { details: string }>>`
    select ${head(db)}, details from reconciliation_report
    where complete and window_from < started_at - interval '29 days'
    order by id desc limit 1`;
  return row ? withDetails(row) : null;
}

/**
 * What stands: the differences of the newest run, and what earlier runs named since the last full one, which a run over the
 * last hour does not look at again. A payment that was granted meanwhile is none any more. Each one once.
 */
export async function standingDifferences(db: Db): Promise<Difference[]> {
  const rows = await db<Array<{ id: number; details: string; newest: boolean }>>`
    select id, details, id = (select max(id) from reconciliation_report) as newest
    from (select * from reconciliation_report order by id desc limit ${LOOK_BACK}) as recent
    where differences > 0 and id >= coalesce((
      select id from reconciliation_report
      where complete and window_from < started_at - interval '29 days' order by id desc limit 1), 0)
    order by id desc`;
  const standing = new Map<string, Difference>();
  for (const row of rows) {
    for (const difference of parseDetails(row.details).differences) {
      const key = `${difference.kind} ${difference.subject}`;
      if ((row.newest || !CHECKED_EACH_TIME.has(difference.kind)) && !standing.has(key)) standing.set(key, difference);
    }
  }
  const unpaid = [...standing.values()]
    .filter((it) => it.kind === "PAYMENT_NOT_GRANTED")
    .map((it) => orderIn(it.subject));
  const granted = await grantedOrders(db, unpaid);
  return [...standing.values()].filter(
    (it) => it.kind !== "PAYMENT_NOT_GRANTED" || !granted.has(orderIn(it.subject) ?? ""),
  );
}

async function grantedOrders(db: Db, ids: Array<string | null>): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db<{ id: string }[]>`
    select id from billing_order where id in ${db(plain(ids))} and credits_granted_at is not null`;
  return new Set(rows.map((row) => row.id));
}

/** An order that a difference is about, as it stands now. */
export interface NamedOrder {
  id: string;
  number: string;
  tenantName: string;
  inReview: boolean;
}

/** The orders that differences name as their subject, by id. */
export async function ordersNamed(db: Db, differences: readonly Difference[]): Promise<Map<string, NamedOrder>> {
  const ids = differences.map((it) => orderIn(it.subject)).filter((id) => id !== null);
  if (ids.length === 0) return new Map();
  const rows = await db<NamedOrder[]>`
    select o.id, o.number, t.name as tenant_name, o.review_reason is not null as in_review
    from billing_order o join tenant t on t.id = o.tenant_id where o.id in ${db(plain(ids))}`;
  return new Map(rows.map((row) => [row.id, row]));
}

/** The id of the order that a difference is about; null when it is about something else. */
function orderIn(subject: string): string | null {
  return /^order (\S+)$/.exec(subject)?.[1] ?? null;
}

/** Ids of ours are short and plain; a list must not be empty. */
function plain(ids: ReadonlyArray<string | null>): string[] {
  return ["", ...ids.filter((id): id is string => /^[\x21-\x7e]{1,255}$/.test(id ?? ""))];
}

function withDetails({ details, ...row }: ReportHead & { details: string }): Report {
  const { differences, books } = parseDetails(details);
  return { ...row, found: differences, books };
}

/** Reports of the first days hold no sums, or a bare list. */
function parseDetails(text: string): { differences: Difference[]; books: Books } {
  const parsed = JSON.parse(text) as Difference[] | { differences?: Difference[]; books?: Books };
  if (Array.isArray(parsed)) return { differences: parsed, books: {} };
  return { differences: parsed.differences ?? [], books: parsed.books ?? {} };
}
