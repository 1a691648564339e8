import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import postgres from "postgres";
import { migrate } from "../../db/migrate";
import { DEMO_SKUS, seed as seedDemo } from "../../db/seed";
import { type LocalPostgres, startPostgres } from "../sandbox/postgres";
import { seeded } from "../sandbox/random";
import { type LocalStripe, startLocalStripe } from "../sandbox/stripe";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy";
import { freePort } from "../support/ports";
import { TEST_SECRET_KEY, TEST_WEBHOOK_SECRET } from "../support/server";
import { type Balancer, startBalancer } from "./balancer";
import { type Servers, startServers } from "./servers";

/** Few enough that an answer comes sooner than the server dies. */
const DELIVERIES_AT_ONCE = 12;
const DELIVERIES_PER_CONNECTION = 4;
const EXTRA_TENANTS = 20;
/** Quick, and long enough in sum to outlive every outage of the run. */
const RETRY_DELAYS_MS = [150, 300, 600, 1_000, 1_500, 2_000, 3_000, ...Array.from({ length: 12 }, () => 3_000)];

/** Everything a run needs, on free ports of this machine. */
export interface World {
  pg: LocalPostgres;
  databaseUrl: string;
  stripe: LocalStripe;
  proxy: FaultProxy;
  balancer: Balancer;
  servers: Servers;
  /** Where buyers and deliveries go. */
  origin: string;
  /** The owner of each tenant. */
  owners: Map<string, string>;
  /** From now on every commit is heard of. */
  stopCutting(): void;
  close(): Promise<void>;
}

/** What takes down again what was started, oldest first. */
type Undo = Array<() => unknown>;

/** What decides the world's chance; `cutPercent`: so many of a hundred commits of the first server are never heard of by it. */
export interface Chance {
  seed: number;
  cutPercent: number;
}

/** Builds the world; what was built is taken down again when something fails. */
export async function buildWorld(chance: Chance): Promise<World> {
  const undo: Undo = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await build(chance, undo, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function build({ seed, cutPercent }: Chance, undo: Undo, close: World["close"]): Promise<World> {
  const pg = await startDatabase(undo);
  const databaseUrl = pg.url("billing");
  const owners = await fill(databaseUrl);

  const commits = seeded(seed, "commits");
  let cutting = true;
  const proxy = await startFaultProxy({ port: Number(new URL(databaseUrl).port) }, () => {
    return cutting && commits.percent(cutPercent);
  });
  undo.push(() => proxy.close());

  const stripe = await startLocalStripe({
    secretKey: TEST_SECRET_KEY,
    retryDelaysMs: RETRY_DELAYS_MS,
    deliveriesAtOnce: DELIVERIES_AT_ONCE,
    deliveriesPerConnection: DELIVERIES_PER_CONNECTION,
    prices: DEMO_SKUS.map((sku) => ({
      id: sku.priceId,
      productName: sku.name,
      unitAmount: sku.cents,
      currency: "chf",
    })),
  });
  undo.push(() => stripe.close());

  const ports = [await freePort(), await freePort()];
  const balancer = await startBalancer(ports, seeded(seed, "balancer"));
  undo.push(() => balancer.close());
  const origin = `http://127.0.0.1:${balancer.port}`;
  const behindProxy = new URL(databaseUrl);
  behindProxy.port = String(proxy.port);
  // One of the two suffices for lost replies, and the proxy costs as much as anything else that we do here.
  const servers = await startServers(
    [behindProxy.href, databaseUrl].map((url, place) => ({
      port: ports[place],
      databaseUrl: url,
      stripeBase: stripe.url,
      env: { APP_ORIGIN: origin, LOG_LEVEL: "error" },
    })),
  );
  undo.push(() => servers.stop());
  stripe.control.setWebhook({ url: `${origin}/api/webhooks/stripe`, secrets: [TEST_WEBHOOK_SECRET] });
  const stopCutting = () => {
    cutting = false;
  };
  return { pg, databaseUrl, stripe, proxy, balancer, servers, origin, owners, stopCutting, close };
}

async function startDatabase(undo: Undo): Promise<LocalPostgres> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "leadradar-chaos-"));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  // as root, the database runs as somebody else, who must get in
  chmodSync(folder, 0o755);
  const pg = await startPostgres({
    dataDir: path.join(folder, "postgres"),
    port: await freePort(),
    // Processes die here, the machine does not: what the kernel holds survives without fsync. synchronous_commit stays on,
    // or a crash of the server would lose what it had only in its own memory.
    settings: { max_connections: "100", fsync: "off", shared_buffers: "256MB" },
  });
  undo.push(() => pg.stop());
  await pg.createDatabase("billing");
  await migrate(pg.url("billing"));
  await seedDemo(pg.url("billing"));
  return pg;
}

/** More tenants, each with an owner who has the demo's password. Answers every tenant's owner. */
async function fill(databaseUrl: string): Promise<Map<string, string>> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    for (let i = 1; i <= EXTRA_TENANTS; i += 1) {
      const id = `chaos_tenant_${i}`;
      await sql`insert into tenant (id, slug, name) values (${id}, ${`chaos-${i}`}, ${`Chaos ${i} AG`})`;
      await sql`
        insert into app_user (id, tenant_id, name, email, password_hash, role)
        select ${`chaos_user_${i}`}, ${id}, ${`Owner ${i}`}, ${`owner${i}@chaos.example`}, password_hash, 'OWNER'
        from app_user where id = 'lr_user_owner_alpen'`;
    }
    const rows = await sql<{ tenant: string; email: string }[]>`
      select tenant_id as tenant, email from app_user where role = 'OWNER' order by tenant_id`;
    return new Map(rows.map(({ tenant, email }) => [tenant, email]));
  } finally {
    await sql.end({ timeout: 5 });
  }
}
