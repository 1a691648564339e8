import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import postgres from "postgres";
import { migrate } from "../../db/migrate";
import { seed } from "../../db/seed";
import { startPostgres } from "../sandbox/postgres";
import { freePort } from "../support/ports";
import { type AppServer, startAppServer } from "../support/server";
import { comparePages, signInAt } from "./load";

/**
 * `npm run bench:operator`: the operator's lists over a million events and a hundred thousand orders, beside the same lists over a thousand,
 * on two servers asked in turn. Only ratios mean anything. Smaller with BENCH_EVENTS.
 */
const FULL = Number(process.env.BENCH_EVENTS || 1_000_000);
const SMALL = 1_000;
const STAFF = "operator@leadradar.example";

/** What an operator asks for; `{tenant}` and so on stand for rows that both databases have. */
const LISTS = [
  "/operator/events",
  "/operator/events?status=PROCESSED",
  "/operator/events?status=IGNORED",
  "/operator/events?status=RETRY",
  "/operator/events?status=FAILED",
  "/operator/events?type=charge.refunded",
  "/operator/events?type=charge.refunded&status=FAILED",
  "/operator/events?tenant=bench_7",
  "/operator/orders",
  "/operator/orders?status=PAID",
  "/operator/orders?status=DISPUTED",
  "/operator/orders?pruefung=1",
  "/operator/orders?tenant=bench_7",
  "/operator/orders?suche=bench-7%40bench.example",
  "/operator/tenants",
  "/operator/tenants?suche=bench",
  "/operator/coupons",
  "/operator/audit",
  "/operator/audit?tenant=bench_7",
];

async function main(): Promise<void> {
  execFileSync(process.execPath, ["node_modules/@remix-run/dev/dist/cli.js", "build"], { stdio: "ignore" });
  const folder = mkdtempSync(path.join(os.tmpdir(), "leadradar-bench-"));
  chmodSync(folder, 0o755);
  const pg = await startPostgres({ dataDir: path.join(folder, "postgres"), port: await freePort() });
  const servers: AppServer[] = [];
  try {
    for (const [name, events] of [
      ["full", FULL],
      ["small", SMALL],
    ] as const) {
      await pg.createDatabase(name);
      await migrate(pg.url(name));
      await seed(pg.url(name));
      await fill(pg.url(name), events);
      servers.push(await startAppServer({ databaseUrl: pg.url(name) }));
    }
    const [full, small] = servers;
    if (!full || !small) throw new Error("Two servers are needed.");
    console.log(
      `${FULL} events and ${FULL / 10} orders beside ${SMALL} and ${SMALL / 10}; load ${os.loadavg()[0]?.toFixed(2)}`,
    );
    const [one, other] = [await signInAt(full.origin, STAFF), await signInAt(small.origin, STAFF)];
    for (const list of LISTS) await comparePages(list, [full.origin, one, list], [small.origin, other, list]);
    for (const list of ["/operator/events", "/operator/orders"]) {
      const far = await farPage(full, one, list);
      await comparePages(`${list}, page 40`, [full.origin, one, far], [full.origin, one, list]);
    }
  } finally {
    for (const server of servers) await server.stop();
    await pg.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Fills events, a tenth as many orders, and a hundredth as many tenants, codes and audit entries; rare states stay rare. */
async function fill(url: string, events: number): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const [orders, tenants] = [events / 10, Math.max(10, events / 1_000)];
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`
      insert into tenant (id, slug, name, created_at)
      select 'bench_' || n, 'bench-' || n, 'Bench ' || n, now() - n * interval '1 hour' from generate_series(1, ${tenants}::int) as n`;
    await tx`
      insert into app_user (id, tenant_id, name, email, role)
      select 'bench_user_' || n, 'bench_' || n, 'Bench ' || n, 'bench-' || n || '@bench.example', 'OWNER' from generate_series(1, ${tenants}::int) as n`;
    await tx`
      insert into billing_order (id, tenant_id, sku_id, user_id, status, currency, amount_cents, stripe_price_id, grant_license_30d,
        stripe_checkout_session_id, stripe_payment_intent_id, review_reason, created_at)
      select 'order_' || n, 'bench_' || t, 'lr_sku_30d_1', 'bench_user_' || t,
        case when n % 1000 = 0 then 'DISPUTED' when n % 4 = 0 then 'EXPIRED' else 'PAID' end, 'CHF', 3900, 'price_lr_30d_1', 1,
        'cs_' || n, 'pi_' || n, case when n % 1000 = 0 then 'SHORTFALL: 1 × LICENSE_30D already spent' end,
        now() - n * interval '4 minutes'
      from (select n, n % ${tenants}::int + 1 as t from generate_series(1, ${orders}::int) as n) as o`;
    await tx`
      insert into stripe_event (id, type, payload, status, attempts, error_message, next_attempt_at, tenant_id, order_id, stripe_created_at,
        received_at, processed_at)
      select 'evt_' || n,
        (array['checkout.session.completed', 'charge.succeeded', 'payment_intent.succeeded', 'payment_intent.created', 'charge.refunded'])[n % 5 + 1],
        '{"id":"evt_' || n || '","object":"event"}',
        case when n % 10000 = 0 then 'FAILED' when n % 5 = 3 then 'IGNORED' else 'PROCESSED' end, 1,
        case when n % 10000 = 0 then 'ORDER_UNKNOWN: order_x' end,
        case when n % 20000 = 0 then now() + interval '1 day' end,
        case when n % 5 <> 3 then 'bench_' || t end, case when n % 5 <> 3 then 'order_' || o end,
        at, at, at
      from (
        select n, n / 10 + 1 as o, (n / 10 + 1) % ${tenants}::int + 1 as t, now() - n * interval '24 seconds' as at
        from generate_series(1, ${events - 11}::int) as n) as e`;
    await tx`
      insert into promo_code (code, grant_license_30d, created_at)
      select 'BENCH-' || n, 1, now() - n * interval '1 minute' from generate_series(1, ${orders / 10}::int) as n`;
    await tx`
      insert into audit_entry (actor_user_id, action, subject_type, subject_id, tenant_id, trace_id)
      select 'lr_user_operator', 'TENANT_CHANGED', 'TENANT', 'bench_' || n % ${tenants}::int + 1, 'bench_' || n % ${tenants}::int + 1, 'bench'
      from generate_series(1, ${orders}::int) as n`;
  });
  await sql`vacuum analyze`;
  await sql.end();
}

/** The address of the page that forty clicks on «Ältere» lead to. */
async function farPage(server: AppServer, cookie: string, list: string): Promise<string> {
  let at = list;
  for (let page = 1; page < 40; page++) {
    const text = await (await fetch(`${server.origin}${at}`, { headers: { cookie } })).text();
    const links = [...text.matchAll(/href="([^"]*cursor=[^"]*)"/g)].map((match) =>
      String(match[1]).replaceAll("&amp;", "&"),
    );
    at = links.at(-1) ?? at;
  }
  return at;
}

await main();
