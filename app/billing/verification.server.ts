import { createHash } from "node:crypto";
import { type Sql, type Tx, transaction } from "~/db/transaction.server";
import { INVARIANTS } from "./invariants.server";

/** Something that is not as it must be: which rule, which row, lot or order, and what stands there. */
export interface Finding {
  rule: string;
  subject: string;
  detail: string;
}

/** What was looked at. `digest`: over the heads of all lots now, as the next report would keep it. */
export interface Verification {
  rows: number;
  lots: number;
  findings: Finding[];
}

export interface VerificationScope {
  /** Only lots whose chain has moved since the last report: what a server checks every five minutes. */
  movedOnly?: boolean;
  /** The digest that the log has of the last report. */
  digest?: string;
  /** Told how many lots' chains were checked, of how many. The chains are then walked in slices of lots, in the same snapshot. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Breaks off between two statements; `verifyBooks` then throws the signal's reason. */
  signal?: AbortSignal;
}

const BATCH = 5_000;
/** So many slices when somebody wants to see progress: each of them reads the ledger anew. */
const SLICES = 8;
const DIGEST_OF_NOTHING = createHash("sha256").digest("hex");
/** More of one kind say nothing new, and memory must stay bounded. */
const MOST_FINDINGS = 1_000;

/**
 * Checks every invariant of the books over all data, in one snapshot, beside running writers: sums, bounds, grants, tenants,
 * each lot's hash chain, and the heads against the last report's digest (docs/payments.md, "Reconciliation"). Writes nothing.
 * Memory does not grow with the ledger. Does not trust the database's own functions or triggers.
 */
export function verifyBooks(sql: Sql, scope: VerificationScope = {}): Promise<Verification> {
  return transaction(sql, async (tx) => {
    await tx`set transaction isolation level repeatable read, read only`;
    await planForWholeTables(tx);
    const findings: Finding[] = [];
    const lots = await countLots(tx);
    scope.onProgress?.({ done: 0, total: lots });
    for (const { rule, find } of INVARIANTS) {
      scope.signal?.throwIfAborted();
      for (const { subject, detail } of await find(tx, MOST_FINDINGS)) findings.push({ rule, subject, detail });
    }
    let rows = 0;
    for (const { within, done } of await slices(tx, scope, lots)) {
      scope.signal?.throwIfAborted();
      rows += await checkChains(tx, within, findings);
      scope.onProgress?.({ done, total: lots });
    }
    findings.push(...(await compareWithReport(tx, scope.digest)));
    return { rows, lots, findings };
  });
}

async function countLots(tx: Tx): Promise<number> {
  const [{ lots } = { lots: 0 }] = await tx<{ lots: number }[]>`
    select count(*)::int as lots from tenant_credit_balance`;
  return lots;
}

/** Which rows are walked, in one go or in slices by the lot's id. `done`: how many lots are checked after it. */
async function slices(tx: Tx, scope: VerificationScope, lots: number) {
  if (scope.movedOnly) {
    const within = tx`
      where l.balance_id in (
        select b.id from tenant_credit_balance b left join ledger_checkpoint c on c.balance_id = b.id
        where c.ledger_head is distinct from b.ledger_head)`;
    return [{ within, done: lots }];
  }
  if (!scope.onProgress) return [{ within: tx`where true`, done: lots }];
  const size = Math.ceil(lots / SLICES);
  const edges = await tx<{ id: string }[]>`
    select id from (
      select id, row_number() over (order by id collate "C") as n from tenant_credit_balance) as numbered
    where n % ${Math.max(1, size)}::int = 0 and n < ${lots}::int order by n`;
  const ids = edges.map((edge) => edge.id);
  return [...ids, null].map((to, i) => ({
    // The ends are open: a row whose lot is gone is walked, too.
    within: tx`where true
      ${i > 0 ? tx`and l.balance_id collate "C" > ${ids[i - 1] ?? ""}` : tx``}
      ${to === null ? tx`` : tx`and l.balance_id collate "C" <= ${to}`}`,
    done: to === null ? lots : (i + 1) * size,
  }));
}

/** Everything is read once, in a row: index scans fetch a large table in random order, and small sorts spill. */
async function planForWholeTables(tx: Tx): Promise<void> {
  await tx`
    select set_config('statement_timeout', '0', true), set_config('work_mem', '64MB', true), set_config('jit', 'off', true),
      set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`;
}

/**
 * Recomputes each row's hash from what the row says, and follows the links of each lot's chain. In two statements, each over
 * the whole table at once: a walk row by row took three times as long. The hash is PostgreSQL's own, not our
 * function's. @returns the rows looked at
 */
async function checkChains(tx: Tx, within: ReturnType<typeof micros>, findings: Finding[]): Promise<number> {
  const changed = await tx<ChainFault[]>`
    select l.id, l.balance_id from tenant_credit_ledger l
    ${within} and l.row_hash is distinct from encode(sha256(convert_to(jsonb_build_array(
      l.previous_hash, l.id, l.tenant_id, l.type, l.delta, l.reason, l.ref_id, l.balance_id, l.order_id,
      ${micros(tx, "expires_at")}, l.quantity_after, l.actor_user_id, l.note, ${micros(tx, "occurred_at")},
      ${micros(tx, "created_at")})::text, 'UTF8')), 'hex')
    limit ${MOST_FINDINGS}`;
  const broken = await tx<(ChainFault & { linked: boolean })[]>`
    select id, balance_id, linked from (
      select l.id, l.balance_id, l.previous_hash = lag(l.row_hash, 1, '') over chain as linked,
        l.quantity_after = sum(l.delta) over (chain rows unbounded preceding) as counted
      from tenant_credit_ledger l ${within}
      window chain as (partition by l.balance_id order by l.id)
    ) as links
    where not (linked and counted)
    limit ${MOST_FINDINGS}`;
  const name = (row: ChainFault, fault: string) =>
    findings.push({ rule: "LEDGER_CHAIN", subject: `ledger row ${row.id}`, detail: `${fault}; lot ${row.balanceId}` });
  for (const row of changed) name(row, "the row was changed");
  for (const row of broken) {
    name(
      row,
      row.linked ? "quantity_after is not the sum so far" : "a row before it is missing, was changed or was put in",
    );
  }
  const [{ rows } = { rows: 0 }] = await tx<{ rows: number }[]>`
    select count(*)::int as rows from tenant_credit_ledger l ${within}`;
  return rows;
}

interface ChainFault {
  id: number;
  balanceId: string;
}

/** Null for an infinite time, which no row of ours has: the hash then tells. */
function micros(tx: Tx, column: string) {
  return tx`case when isfinite(l.${tx(column)}) then (extract(epoch from l.${tx(column)}) * 1000000)::bigint end`;
}

/**
 * The chains must still contain the heads that the last report vouched for.
 * @param known the digest that the log has of the last report
 */
async function compareWithReport(tx: Tx, known: string | undefined): Promise<Finding[]> {
  const [report] = await tx<{ id: number; digest: string }[]>`
    select id, digest from reconciliation_report where digest <> '' order by id desc limit 1`;
  const findings: Finding[] = [];
  const subject = report ? `report ${report.id}` : "reports";
  if ((await digestOfCheckpoint(tx)) !== (report?.digest ?? DIGEST_OF_NOTHING)) {
    findings.push({ rule: "REPORT", subject, detail: "the kept heads do not have the digest of the last report" });
  }
  if (known && report?.digest !== known) {
    findings.push({
      rule: "REPORT",
      subject,
      detail: `the last digest is ${report?.digest ?? "missing"}, not ${known}`,
    });
  }
  const lost = await tx<{ balanceId: string; gone: boolean }[]>`
    select c.balance_id, b.id is null as gone
    from ledger_checkpoint c left join tenant_credit_balance b on b.id = c.balance_id
    where b.ledger_head is distinct from c.ledger_head
      and not exists (
        select from tenant_credit_ledger l where l.balance_id = c.balance_id and l.row_hash = c.ledger_head)
    order by c.balance_id limit ${MOST_FINDINGS}`;
  for (const { balanceId, gone } of lost) {
    const detail = gone ? "the lot is gone" : "its rows were cut or rewritten";
    findings.push({ rule: "REPORT", subject: `lot ${balanceId}`, detail: `${detail} since the last report` });
  }
  return findings;
}

/** One digest over the heads of all lots as they were at the last report. */
export async function digestOfCheckpoint(tx: Tx): Promise<string> {
  const hash = createHash("sha256");
  const heads = tx<{ line: string }[]>`
    select balance_id || ' ' || ledger_rows || ' ' || ledger_head as line
    from ledger_checkpoint order by balance_id collate "C"`.cursor(BATCH);
  for await (const batch of heads) for (const { line } of batch) hash.update(`${line}\n`);
  return hash.digest("hex");
}
