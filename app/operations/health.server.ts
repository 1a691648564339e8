import type Stripe from "stripe";
import type { Db } from "~/db/transaction.server";
import { answers } from "~/stripe/listing.server";
import { lastReport, type ReportHead, standingDifferences } from "./reports.server";

/** How long Stripe's answer counts, in milliseconds. */
const PROBE_COUNTS_FOR = 30_000;
/** What is counted no further: then it is "many" for everybody. */
const MOST = 10_000;

/** What the process knows about itself, and need not ask. */
export interface Setting {
  livemode: boolean;
  apiVersion: string;
  /** The newest migration that this version was written for. */
  expectedSchema: string;
}

/** The system's state in figures: the same for the page, `/metrics` and `/readyz`. Ages in seconds. */
export interface Health extends Setting {
  schema: string | null;
  schemaFits: boolean;
  stripeReachable: boolean;
  /** Received and not done, or failed and due again. */
  eventsWaiting: number;
  oldestEventSeconds: number;
  /** Failed for good within 30 days. */
  eventsFailed: number;
  reconciliation: ReportHead | null;
  reconciliationAgeSeconds: number | null;
  differences: number;
  openTasks: number;
  adjustmentsWaiting: number;
  refundsOpen: number;
  /** SKUs on sale whose price differs from Stripe's, and ones that were never compared. */
  priceFaults: Array<{ id: string; name: string }>;
  pricesUnchecked: number;
}

/** Reads the state. Throws when the database is away; a Stripe that is away is a figure. */
export async function readHealth(db: Db, stripe: Stripe, setting: Setting): Promise<Health> {
  const [counts, events, faults, reconciliation, standing, stripeReachable] = await Promise.all([
    readCounts(db),
    readEvents(db),
    readPriceFaults(db),
    lastReport(db),
    standingDifferences(db),
    isStripeReachable(stripe),
  ]);
  return {
    ...setting,
    ...events,
    ...faults,
    ...counts,
    schemaFits: counts.schema === setting.expectedSchema,
    stripeReachable,
    reconciliation,
    differences: standing.length,
  };
}

interface Counts {
  schema: string | null;
  openTasks: number;
  adjustmentsWaiting: number;
  refundsOpen: number;
  reconciliationAgeSeconds: number | null;
}

async function readCounts(db: Db): Promise<Counts> {
  const [row] = await db<Counts[]>`
    select (select max(name) from schema_migration) as schema,
      (select count(*)::int from task where finished_at is null) as open_tasks,
      (select count(*)::int from adjustment where status = 'OPEN') as adjustments_waiting,
      (select count(*)::int from refund_request where status = 'OPEN') as refunds_open,
      (select extract(epoch from now() - finished_at)::float8 from reconciliation_report order by id desc limit 1)
        as reconciliation_age_seconds`;
  if (!row) throw new Error("A select without a table gave no row.");
  return row;
}

async function readEvents(db: Db) {
  const [row] = await db<{ eventsWaiting: number; oldestEventSeconds: number; eventsFailed: number }[]>`
    select
      (select count(*)::int from (select from stripe_event where status = 'RECEIVED' limit ${MOST}) as waiting)
      + (select count(*)::int from (
        select from stripe_event where status = 'FAILED' and next_attempt_at is not null limit ${MOST}) as failed) as events_waiting,
      coalesce(extract(epoch from now() - least(
        (select min(received_at) from stripe_event where status = 'RECEIVED'),
        (select min(received_at) from stripe_event where status = 'FAILED' and next_attempt_at is not null))), 0)::float8
        as oldest_event_seconds,
      (select count(*)::int from (
        select from stripe_event
        where status = 'FAILED' and next_attempt_at is null and received_at > now() - interval '30 days' limit ${MOST}) as lost)
        as events_failed`;
  return row ?? { eventsWaiting: 0, oldestEventSeconds: 0, eventsFailed: 0 };
}

async function readPriceFaults(db: Db) {
  const rows = await db<Array<{ id: string; name: string; checked: boolean; fault: boolean }>>`
    select id, name, price_checked_at is not null as checked, price_fault is not null as fault
    from billing_sku where active and (price_fault is not null or price_checked_at is null) order by sort_order, id`;
  return {
    priceFaults: rows.filter((row) => row.fault).map(({ id, name }) => ({ id, name })),
    pricesUnchecked: rows.filter((row) => !row.checked && !row.fault).length,
  };
}

const probes = new WeakMap<Stripe, { at: number; answer: Promise<boolean> }>();

/** Whether Stripe answers with our key, asked at most every 30 s per process. Never throws. */
export function isStripeReachable(stripe: Stripe): Promise<boolean> {
  const known = probes.get(stripe);
  if (known && performance.now() - known.at < PROBE_COUNTS_FOR) return known.answer;
  const answer = answers(stripe);
  probes.set(stripe, { at: performance.now(), answer });
  return answer;
}
