import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { signedIn, type Visitor, visitor } from "../support/http";
import { asServer } from "../support/ledger";
import { freePort } from "../support/ports";
import { startAppServer } from "../support/server";
import { type Stack, startStack } from "../support/stack";

let stack: Stack;
let operator: Visitor;
beforeAll(async () => {
  stack = await startStack();
  operator = await signedIn(stack.origin, "operator@leadradar.example");
});
afterAll(() => stack?.stop());

const PAGE = "/operator/health";

/** The page's lines: what each says, by its key. */
async function lines(): Promise<Record<string, string>> {
  const html = (await (await operator.get(PAGE)).text()).replaceAll(/<script[\s\S]*?<\/script>/g, "");
  const parts = html.split('data-testid="zustand-').slice(1);
  return Object.fromEntries(
    parts.map((part) => {
      const words = part
        .replaceAll("<!-- -->", "")
        .replaceAll(/<[^>]+>/g, " ")
        .replaceAll(/\s+/g, " ");
      return [part.slice(0, part.indexOf('"')), words.slice(words.indexOf(">") + 1)];
    }),
  );
}

/** The gauges of a server, by name. */
async function gauges(origin = stack.origin): Promise<Record<string, number>> {
  const answer = await visitor(origin).get("/metrics");
  expect(answer.status).toBe(200);
  const rows = (await answer.text()).split("\n").filter((line) => line.startsWith("billing_"));
  return Object.fromEntries(rows.map((line) => [line.split(" ")[0], Number(line.split(" ")[1])]));
}

const ready = async (origin = stack.origin) => (await visitor(origin).get("/readyz")).status;

async function event(change: { status: string; minutesAgo: number; next?: boolean; error?: string }): Promise<void> {
  const { status, minutesAgo, next = false, error = null } = change;
  await stack.db.owner`
    insert into stripe_event (id, type, payload, status, attempts, error_message, received_at, next_attempt_at)
    values (${crypto.randomUUID()}, 'charge.refunded', '{}', ${status}, 3, ${error}, now() - make_interval(mins => ${minutesAgo}),
      case when ${next} then now() + interval '1 day' end)`;
}

const report = (differences: Array<Record<string, string>>, minutesAgo: number, complete = true) => stack.db.owner`
  insert into reconciliation_report (started_at, finished_at, window_from, complete, differences, details)
  values (now() - make_interval(mins => ${minutesAgo}), now() - make_interval(mins => ${minutesAgo}), now() - interval '40 days',
    ${complete}, ${differences.length}, ${JSON.stringify({ differences, books: {} })})`;

beforeEach(async () => {
  await stack.db.owner`delete from stripe_event`;
});

describe("page, /metrics and /readyz say the same", () => {
  test("a fresh system", async () => {
    const [page, metrics] = [await lines(), await gauges()];
    expect(metrics).toMatchObject({
      billing_database_up: 1,
      billing_schema_fits: 1,
      billing_stripe_reachable: 1,
      billing_events_waiting: 0,
      billing_events_oldest_seconds: 0,
      billing_events_failed: 0,
      billing_reconciliation_differences: 0,
      billing_tasks_open: 0,
      billing_adjustments_waiting: 0,
      billing_refund_requests_open: 0,
      billing_price_faults: 0,
    });
    // Never run has no age.
    expect(metrics).not.toHaveProperty("billing_reconciliation_age_seconds");
    expect(page.ereignisse).toContain("keine");
    expect(page.stripe).toContain("Erreichbar");
    expect(page.abgleich).toContain("Noch nie");
    expect(page.modus).toContain("Testbetrieb: Es fliesst kein Geld.");
    expect(page.schema).toContain("In Ordnung");
    expect(await ready()).toBe(200);
  });

  test("events that wait, the oldest, and ones that failed for good", async () => {
    await event({ status: "FAILED", minutesAgo: 180, next: true, error: "ORDER_UNKNOWN" });
    await event({ status: "FAILED", minutesAgo: 5, next: true, error: "ORDER_UNKNOWN" });
    await event({ status: "FAILED", minutesAgo: 60 * 24 * 29, error: "AMOUNT_MISMATCH" });
    await event({ status: "FAILED", minutesAgo: 60 * 24 * 31, error: "AMOUNT_MISMATCH" });
    await event({ status: "PROCESSED", minutesAgo: 600 });
    const [page, metrics] = [await lines(), await gauges()];
    expect(metrics).toMatchObject({ billing_events_waiting: 2, billing_events_failed: 1 });
    expect(metrics.billing_events_oldest_seconds).toBeGreaterThanOrEqual(180 * 60);
    expect(page.ereignisse).toContain("2, das älteste seit 3 Stunden");
    expect(page.ereignisse).toContain("Verspätet");
    expect(page.gescheitert).toContain("Zu prüfen");
    expect(await (await operator.get("/operator/reconciliation")).text()).toContain("Zustand ansehen");
  });

  test("the last reconciliation, its age, and what differs", async () => {
    // The server's own loop would see that the run is old.
    const other = asServer(stack.db.url, 1);
    await other`select pg_advisory_lock(727010)`;
    await report([{ kind: "AMOUNT_DIFFERS", subject: "order x", detail: "y" }], 42);
    const [page, metrics] = [await lines(), await gauges()];
    expect(metrics).toMatchObject({ billing_reconciliation_differences: 1, billing_reconciliation_complete: 1 });
    expect(Math.round((metrics.billing_reconciliation_age_seconds ?? 0) / 60)).toBe(42);
    expect(page.abgleich).toContain("Er ist 42 Minuten her.");
    expect(page.abweichungen).toContain("1 Abweichung");
    await report([], 0, false);
    expect(await gauges()).toMatchObject({ billing_reconciliation_differences: 1, billing_reconciliation_complete: 0 });
    expect((await lines()).abgleich).toContain("Unvollständig");
    await report([], 0);
    expect(await gauges()).toMatchObject({ billing_reconciliation_differences: 0, billing_reconciliation_complete: 1 });
    await other.end();
  });

  test("what waits for people, and prices that do not fit", async () => {
    await stack.db.owner`
      insert into adjustment (tenant_id, type, delta, expires_at, reason, requested_by, request_key)
      values ('lr_tenant_alpen', 'LICENSE_30D', 500, '2031-01-01', 'x', 'lr_user_operator', 'health-1')`;
    await stack.db.owner`
      update billing_sku set price_checked_at = now(), price_fault = case when id = 'lr_sku_30d_3' then 'AMOUNT' end`;
    const [page, metrics] = [await lines(), await gauges()];
    expect(metrics).toMatchObject({ billing_adjustments_waiting: 1, billing_price_faults: 1 });
    expect(page.korrekturen).toContain("Wartet");
    expect(page.preise).toContain("Bei «3 Lizenzen für 30 Tage» stimmt der Preis nicht");
    await stack.db.owner`update billing_sku set active = false where id = 'lr_sku_30d_3'`;
    expect(await gauges()).toMatchObject({ billing_price_faults: 0 });
    await stack.db.owner`update billing_sku set active = true, price_fault = null`;
  });

  test("another schema: not ready, and all three say so", async () => {
    await stack.db.owner`insert into schema_migration (name, checksum) values ('9999_later.sql', 'x')`;
    expect(await gauges()).toMatchObject({ billing_database_up: 1, billing_schema_fits: 0 });
    expect(await ready()).toBe(503);
    expect((await lines()).schema).toMatch(/9999_later\.sql.*Passt nicht.*npm run migrate/);
    await stack.db.owner`delete from schema_migration where name = '9999_later.sql'`;
    expect(await gauges()).toMatchObject({ billing_schema_fits: 1 });
    expect(await ready()).toBe(200);
  });
});

describe("when something is away", () => {
  test("Stripe: a figure, and the page says what it means", async () => {
    const app = await startAppServer({ databaseUrl: stack.db.url, stripeBase: `http://127.0.0.1:${await freePort()}` });
    try {
      expect(await gauges(app.origin)).toMatchObject({ billing_stripe_reachable: 0, billing_database_up: 1 });
      const who = await signedIn(app.origin, "operator@leadradar.example");
      const html = await (await who.get(PAGE)).text();
      expect(html).toContain("Nicht erreichbar");
      expect(html).toContain("Bezahltes geht nicht verloren und wird nachgebucht.");
    } finally {
      await app.stop();
    }
  });

  test("the database: /metrics answers with what it has, and no old figure", async () => {
    const databaseUrl = `postgres://postgres@127.0.0.1:${await freePort()}/gone`;
    const app = await startAppServer({ databaseUrl, stripeBase: stack.stripe.url });
    try {
      expect(await gauges(app.origin)).toEqual({ billing_database_up: 0, billing_stripe_reachable: 1 });
      expect(await ready(app.origin)).toBe(503);
    } finally {
      await app.stop("SIGKILL");
    }
  });
});
