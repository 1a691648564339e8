import os from "node:os";
import type postgres from "postgres";
import type { Delivery } from "../sandbox/stripe/deliveries";
import { FINDINGS, type Findings } from "./audit";
import type { Bought, Market } from "./buyers";
import type { Log } from "./disasters";
import type { World } from "./world";

/** What a run has come to, in numbers; the keys are the words of the table. */
export type Figures = Record<string, number | string>;

interface Facts {
  world: World;
  market: Market;
  disasters: Log;
  deliveries: Delivery[];
  findings: Findings;
  /** In ms: the whole run, and from the last delivery until the inbox was empty (null: never). */
  durationMs: number;
  settledMs: number | null;
}

/** The table of a run. */
export async function figuresOf(sql: postgres.Sql, facts: Facts): Promise<Figures> {
  const { world, market, disasters, deliveries } = facts;
  const grants = await grantTimes(sql, market.bought);
  const stranded = await strandedTimes(sql, world, disasters);
  const of = (kind: Delivery["kind"]) => deliveries.filter((it) => it.kind === kind && it.attempt === 1).length;
  const [events] = await sql<{ stored: number; retried: number }[]>`
    select count(*)::int as stored, (count(*) filter (where attempts > 1))::int as retried from stripe_event`;
  return {
    purchases: market.bought.length,
    "paid for": market.bought.filter((it) => it.paidAt !== null).length,
    "checkout answers": [...market.answers].map(([answer, n]) => `${answer}: ${n}`).join(", "),
    "delivery attempts": deliveries.length,
    "events stored": events?.stored ?? 0,
    "processed at a later attempt": events?.retried ?? 0,
    duplicates: of("duplicate"),
    "corrupted copies": of("corrupted"),
    "dropped attempts": deliveries.filter((it) => it.status === "dropped").length,
    "failed attempts": deliveries.filter((it) => it.kind !== "corrupted" && !isTaken(it) && it.status !== "dropped")
      .length,
    kills: world.servers.kills.length,
    "database restarts": disasters.restarts.length,
    "database down, longest (ms)": Math.max(0, ...disasters.restarts.map(({ down, up }) => up - down)),
    "commits cut": world.proxy.cuts.COMMIT,
    "statements cut": world.proxy.cuts.statement,
    "troubles of the API": disasters.apiTroubles,
    "payment to grant p50 (ms)": percentile(grants, 50),
    "payment to grant p99 (ms)": percentile(grants, 99),
    "stranded events": stranded.length,
    "stranded p99 (ms)": percentile(stranded, 99),
    "stranded longest (ms)": percentile(stranded, 100),
    "quiet after (ms)": facts.settledMs === null ? "never" : facts.settledMs,
    "duration (s)": (facts.durationMs / 1000).toFixed(1),
    "load average": os.loadavg()[0]?.toFixed(2) ?? "?",
    ...Object.fromEntries(Object.keys(FINDINGS).map((kind) => [kind, facts.findings[kind as keyof Findings].length])),
    "servers that ended by themselves": world.servers.crashes.length,
  };
}

/** The figures as lines, one below the other. */
export function table(figures: Figures): string {
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  return Object.entries(figures)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}`)
    .join("\n");
}

/** Whether the receiver has accepted it. */
export function isTaken({ status }: Delivery): boolean {
  return typeof status === "number" && status >= 200 && status < 300;
}

/** From the payment to the grant, in ms, ascending. */
async function grantTimes(sql: postgres.Sql, bought: Bought[]): Promise<number[]> {
  const rows = await sql<{ id: string; at: number }[]>`
    select id, (extract(epoch from credits_granted_at) * 1000)::float8 as at from billing_order
    where credits_granted_at is not null`;
  const grantedAt = new Map(rows.map((row) => [row.id, row.at]));
  return bought
    .flatMap(({ orderId, paidAt }) => (paidAt === null ? [] : [(grantedAt.get(orderId) ?? Number.NaN) - paidAt]))
    .filter((ms) => !Number.isNaN(ms))
    .sort((a, b) => a - b);
}

/**
 * Of events that were stored before a kill or a restart and settled after it: how long that took, in ms, ascending, from
 * the kill, or from when the database was back.
 */
async function strandedTimes(sql: postgres.Sql, world: World, disasters: Log): Promise<number[]> {
  const rows = await sql<{ received: number; settled: number }[]>`
    select (extract(epoch from received_at) * 1000)::float8 as received,
      (extract(epoch from processed_at) * 1000)::float8 as settled
    from stripe_event where processed_at is not null`;
  const blows = [...world.servers.kills.map((at) => ({ down: at, up: at })), ...disasters.restarts];
  return blows
    .flatMap(({ down, up }) =>
      rows.filter(({ received, settled }) => received < down && settled > down).map((row) => row.settled - up),
    )
    .sort((a, b) => a - b);
}

function percentile(ascending: number[], share: number): number {
  const index = Math.min(ascending.length - 1, Math.floor((ascending.length * share) / 100));
  return Math.round(ascending[index] ?? 0);
}
