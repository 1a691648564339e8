import type Stripe from "stripe";
import { type Sql, type Tx, transaction } from "~/db/transaction.server";
import { listEvents } from "~/stripe/listing.server";
import { isStripeTrouble, StripeAnswerError } from "~/stripe/payment.server";
import type { VerifiedEvent } from "~/stripe/signature.server";
import { storeEvents } from "./event-inbox.server";
import { HANDLED_TYPES } from "./event-tasks.server";
import { expireUnbound } from "./order.server";
import { inParallel } from "./parallel";
import { type Settled, settleOrder } from "./settlement.server";
import { type Books, comparePayments, compareSessions, type Tally } from "./stripe-comparison.server";
import { type EventOutcome, processEvent } from "./stripe-events.server";
import { digestOfCheckpoint, verifyBooks } from "./verification.server";

/** How far back Stripe is compared: it keeps events for 30 days. */
const FULL_WINDOW_DAYS = 30;
/** How far each incremental run looks behind the last one's end. */
const OVERLAP_MS = 60 * 60 * 1000;
/** Stripe takes 20 types in one question. */
const TYPES_AT_ONCE = 20;
const BESIDE = 4;

/** A difference that a person must look at: what, whom it concerns, what stands where. */
export interface Difference {
  kind: string;
  subject: string;
  detail: string;
}

/** What one run of the reconciliation came to. */
export interface ReconciliationReport {
  id: number;
  /** False when Stripe could not be read to the end. */
  complete: boolean;
  checked: number;
  healed: number;
  differences: Difference[];
  /** Per month and currency: what Stripe took, refunded and lost, what the orders say, what was granted. */
  books: Books;
  lots: number;
  digest: string;
  durationMs: number;
}

export interface ReconciliationScope {
  /** Everything that Stripe still knows, and all chains; else what is new since the last complete run. */
  full: boolean;
  /** The time of the run: the start of its window and its duration are counted from it. */
  now: Date;
  /** Told of every event that is processed on the way. */
  onEvent?: (event: VerifiedEvent, outcome: EventOutcome) => void;
}

/**
 * Proves that Stripe, orders and ledger say the same, and heals what can be healed by processing events and sessions through
 * the same functions as the webhook, never by writing a balance. What remains is named. A second run changes
 * nothing. The caller sees to it that only one runs at a time.
 */
export async function reconcile(
  sql: Sql,
  stripe: Stripe,
  livemode: boolean,
  scope: ReconciliationScope,
): Promise<ReconciliationReport> {
  const began = performance.now();
  const last = await lastRun(sql);
  const month = new Date(scope.now.getTime() - FULL_WINDOW_DAYS * 86_400_000);
  const since = scope.full || !last ? month : new Date(Math.max(month.getTime(), last.getTime() - OVERLAP_MS));
  const tally: Tally = { checked: 0, healed: 0, differences: [], books: {} };
  let complete = true;
  let eventsThrough = last;
  try {
    await settleOpenOrders(sql, stripe, tally);
    const newest = await fetchMissingEvents(sql, stripe, livemode, since, scope.onEvent, tally);
    await compareSessions(sql, stripe, since, tally);
    await comparePayments(sql, stripe, since, tally);
    if (newest && (!eventsThrough || newest > eventsThrough)) eventsThrough = newest;
  } catch (error) {
    if (!isStripeTrouble(error)) throw error;
    complete = false;
    tally.differences.push({ kind: "STRIPE_UNAVAILABLE", subject: "Stripe", detail: (error as Error).message });
  }
  const sound = await checkInside(sql, !scope.full, tally);
  return writeReport(sql, { ...tally, complete, sound, since, eventsThrough, startedAt: scope.now, began });
}

/** Orders that should have heard from Stripe by now are read there. */
async function settleOpenOrders(sql: Sql, stripe: Stripe, tally: Tally): Promise<void> {
  tally.healed += await expireUnbound(sql);
  const orders = await sql<{ id: string; tenantId: string; sessionId: string }[]>`
    select id, tenant_id, stripe_checkout_session_id as session_id from billing_order
    where status in ('PENDING', 'PROCESSING') and created_at < now() - interval '10 minutes'
      and stripe_checkout_session_id is not null and review_reason is null
    order by created_at`;
  await inParallel(orders, BESIDE, async (order) => {
    tally.checked += 1;
    noteSettled(tally, order.id, await settleOrder(sql, stripe, order, order.sessionId));
  });
}

function noteSettled(tally: Tally, orderId: string, settled: Settled): void {
  if (settled === "stripe away") throw new StripeAnswerError("Stripe did not answer.");
  if (settled === "unknown" || settled === "review") {
    const detail = settled === "unknown" ? "Stripe knows no such session" : "the session does not fit the order";
    tally.differences.push({ kind: "SESSION_DIFFERS", subject: `order ${orderId}`, detail });
  } else if (settled !== "nothing") tally.healed += 1;
}

/** Puts the events that never arrived into the inbox, as if delivered, and processes them, oldest first. */
async function fetchMissingEvents(
  sql: Sql,
  stripe: Stripe,
  livemode: boolean,
  since: Date,
  onEvent: ReconciliationScope["onEvent"],
  tally: Tally,
): Promise<Date | null> {
  let newest: Date | null = null;
  const missing: VerifiedEvent[] = [];
  for (let from = 0; from < HANDLED_TYPES.length; from += TYPES_AT_ONCE) {
    const types = HANDLED_TYPES.slice(from, from + TYPES_AT_ONCE);
    for await (const page of listEvents(stripe, types, since)) {
      tally.checked += page.length;
      for (const { createdAt } of page) if (createdAt && (!newest || createdAt > newest)) newest = createdAt;
      const stored = new Set(await storeEvents(sql, page));
      missing.push(...page.filter((event) => stored.has(event.id)));
    }
  }
  missing.sort((a, b) => (a.createdAt?.getTime() ?? 0) - (b.createdAt?.getTime() ?? 0));
  await inParallel(missing, BESIDE, async (event) => {
    const outcome = await processEvent(sql, stripe, event, livemode);
    onEvent?.(event, outcome);
    if (outcome.result === "processed") tally.healed += 1;
  });
  return newest;
}

/** The books alone: every invariant, and the chains. @returns whether they are sound */
async function checkInside(sql: Sql, movedOnly: boolean, tally: Tally): Promise<boolean> {
  const { rows, lots, findings } = await verifyBooks(sql, { movedOnly });
  tally.checked += rows + lots;
  tally.differences.push(...findings.map(({ rule, subject, detail }) => ({ kind: rule, subject, detail })));
  return findings.length === 0;
}

/** Until when Stripe's events have been read by a complete run. */
async function lastRun(sql: Sql): Promise<Date | null> {
  const [row] = await sql<{ eventsThrough: Date | null }[]>`
    select max(events_through) as events_through from reconciliation_report where complete`;
  return row?.eventsThrough ?? null;
}

interface Run extends Tally {
  complete: boolean;
  sound: boolean;
  since: Date;
  eventsThrough: Date | null;
  startedAt: Date;
  began: number;
}

/** Keeps the heads of all lots and one digest over them with the report, so that a chain rewritten later shows. */
async function writeReport(sql: Sql, run: Run): Promise<ReconciliationReport> {
  const { complete, checked, healed, differences, books } = run;
  const durationMs = Math.round(performance.now() - run.began);
  const kept = await transaction(sql, async (tx) => {
    // Heads that are in doubt must not become the new truth.
    const { lots, digest } = run.sound ? await keepHeads(tx) : await lastDigest(tx);
    const [report] = await tx<{ id: number }[]>`
      insert into reconciliation_report (started_at, window_from, events_through, complete, checked, healed, differences,
        duration_ms, details, lots, digest)
      values (${run.startedAt}, ${run.since}, ${run.eventsThrough}, ${complete}, ${checked}, ${healed},
        ${differences.length}, ${durationMs}, ${JSON.stringify({ differences, books })}, ${lots}, ${digest})
      returning id`;
    return { id: report?.id ?? 0, lots, digest };
  });
  return { ...kept, complete, checked, healed, differences, books, durationMs };
}

async function keepHeads(tx: Tx): Promise<{ lots: number; digest: string }> {
  await tx`
    insert into ledger_checkpoint (balance_id, tenant_id, type, expires_at, ledger_rows, ledger_head)
    select b.id, b.tenant_id, b.type, b.expires_at, b.ledger_rows, b.ledger_head
    from tenant_credit_balance b left join ledger_checkpoint c on c.balance_id = b.id
    where c.ledger_head is distinct from b.ledger_head
    on conflict (balance_id) do update set ledger_rows = excluded.ledger_rows, ledger_head = excluded.ledger_head`;
  const [{ lots } = { lots: 0 }] = await tx<{ lots: number }[]>`select count(*)::int as lots from ledger_checkpoint`;
  return { lots, digest: await digestOfCheckpoint(tx) };
}

async function lastDigest(tx: Tx): Promise<{ lots: number; digest: string }> {
  const [report] = await tx<{ lots: number; digest: string }[]>`
    select lots, digest from reconciliation_report where digest <> '' order by id desc limit 1`;
  return report ?? { lots: 0, digest: "" };
}
