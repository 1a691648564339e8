import { pathToFileURL } from "node:url";
import postgres from "postgres";
import { hashPassword } from "../app/auth/password.server";

export const DEMO_PASSWORD = "demo-passwort-1234";

const TENANTS = [
  { id: "lr_tenant_alpen", slug: "alpen-messe-ag", name: "Alpen Messe AG" },
  { id: "lr_tenant_jura", slug: "jura-events-gmbh", name: "Jura Events GmbH" },
];

export const DEMO_USERS = [
  {
    id: "lr_user_owner_alpen",
    tenant: "lr_tenant_alpen",
    name: "Anna Alpen",
    email: "owner@alpen.example",
    role: "OWNER",
    operator: false,
  },
  {
    id: "lr_user_viewer_alpen",
    tenant: "lr_tenant_alpen",
    name: "Valentin Alpen",
    email: "viewer@alpen.example",
    role: "VIEWER",
    operator: false,
  },
  {
    id: "lr_user_owner_jura",
    tenant: "lr_tenant_jura",
    name: "Julia Jura",
    email: "owner@jura.example",
    role: "OWNER",
    operator: false,
  },
  {
    id: "lr_user_operator",
    tenant: null,
    name: "Olivia Betrieb",
    email: "operator@leadradar.example",
    role: null,
    operator: true,
  },
  {
    id: "lr_user_kontrolle",
    tenant: null,
    name: "Konrad Kontrolle",
    email: "kontrolle@leadradar.example",
    role: null,
    operator: true,
  },
];

/** The nine packages; amounts in cents of CHF, credits usable for 365 days. */
export const DEMO_SKUS = [
  ...(
    [
      [1, 3_900, 5],
      [3, 11_700, 10],
      [5, 19_500, 20],
      [10, 29_000, 30],
    ] as const
  ).map(([n, cents, order]) => licencePack("30d", 30, n, cents, order)),
  ...(
    [
      [1, 39_900, 110],
      [3, 119_700, 120],
      [5, 199_500, 130],
      [10, 299_000, 140],
    ] as const
  ).map(([n, cents, order]) => licencePack("365d", 365, n, cents, order)),
  {
    id: "lr_sku_slot_1",
    priceId: "price_lr_slot_1",
    name: "1 Geräte-Slot",
    cents: 9_900,
    license30d: 0,
    license365d: 0,
    slots: 1,
    order: 200,
  },
];

function licencePack(key: "30d" | "365d", days: number, n: number, cents: number, order: number) {
  return {
    id: `lr_sku_${key}_${n}`,
    priceId: `price_lr_${key}_${n}`,
    name: `${n} ${n === 1 ? "Lizenz" : "Lizenzen"} für ${days} Tage`,
    cents,
    license30d: key === "30d" ? n : 0,
    license365d: key === "365d" ? n : 0,
    slots: 0,
    order,
  };
}

/**
 * Fills in the demo tenants, users and packages. Safe to run twice: ids are stable and what exists stays as it is, but for
 * the Stripe price ids named in `prices` (SKU id to price id), which are set, for a Stripe account of one's own.
 */
export async function seed(databaseUrl: string, prices: Record<string, string> = {}): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const passwordHash = await hashPassword(DEMO_PASSWORD);
    for (const it of TENANTS) {
      await sql`insert into tenant (id, slug, name) values (${it.id}, ${it.slug}, ${it.name}) on conflict do nothing`;
    }
    for (const it of DEMO_USERS) {
      await sql`
        insert into app_user (id, tenant_id, name, email, password_hash, role, operator)
        values (${it.id}, ${it.tenant}, ${it.name}, ${it.email}, ${passwordHash}, ${it.role}, ${it.operator})
        on conflict do nothing`;
    }
    for (const it of DEMO_SKUS) {
      const ownPrice = prices[it.id] ?? null;
      await sql`
        insert into billing_sku (id, name, stripe_price_id, currency, amount_cents, grant_license_30d, grant_license_365d,
          grant_device_slots, credit_expires_in_days, sort_order)
        values (${it.id}, ${it.name}, ${ownPrice ?? it.priceId}, 'CHF', ${it.cents}, ${it.license30d}, ${it.license365d}, ${it.slots}, 365, ${it.order})
        on conflict (id) do update set stripe_price_id = excluded.stripe_price_id, updated_at = now()
        where ${ownPrice !== null} and billing_sku.stripe_price_id <> excluded.stripe_price_id`;
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** `lr_sku_30d_1=price_abc` arguments as a map. Throws for an argument of another form or an unknown SKU. */
function priceArguments(args: readonly string[]): Record<string, string> {
  const prices: Record<string, string> = {};
  for (const arg of args) {
    const [sku = "", price = ""] = arg.split("=");
    if (!DEMO_SKUS.some((it) => it.id === sku) || !/^price_\w+$/.test(price)) {
      throw new Error(`Expected <sku id>=<price id>, such as lr_sku_30d_1=price_123, and got ${arg}.`);
    }
    prices[sku] = price;
  }
  return prices;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const url = process.env.DATABASE_URL;
  try {
    if (!url) throw new Error("DATABASE_URL is missing.");
    await seed(url, priceArguments(process.argv.slice(2)));
    console.log("Seeded tenants, users and packages.");
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
