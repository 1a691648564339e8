import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { consumeCredit } from "~/billing/credits.server";
import { verifyBooks } from "~/billing/verification.server";
import { transaction } from "~/db/transaction.server";
import { dumpBooks, openShop, type Shop } from "../support/books-shop";
import { runJob } from "../support/job";
import { asServer, book } from "../support/ledger";
import { openTamperingLab, type TamperingLab } from "../support/tampering-lab";
import { fillVariedBooks } from "../support/varied-books";

let lab: TamperingLab;
beforeAll(async () => {
  lab = await openTamperingLab();
});
afterEach(() => lab.restore());
afterAll(() => lab?.shop.close());

/** With nothing set but DATABASE_URL. */
const verify = (...args: string[]) => runJob("verify", { DATABASE_URL: lab.shop.db.url }, args);
const everything = () =>
  dumpBooks(lab.shop, "stripe_event", "reconciliation_report", "ledger_checkpoint", "tenant", "app_user");

async function lastDigest(): Promise<string> {
  const [report] = await lab.shop.db.owner<{ digest: string }[]>`
    select digest from reconciliation_report order by id desc limit 1`;
  return report?.digest ?? "";
}

describe("npm run verify", () => {
  test("books in order: exits 0, says what it looked at, writes nothing", async () => {
    const before = await everything();
    const { code, output } = await verify();
    expect(output).toContain(`${lab.rows.length} ledger rows and ${lab.lots.length} lots checked`);
    expect(output).toMatch(/: 0 faults\.\n$/);
    expect(code).toBe(0);
    expect(await everything()).toEqual(before);
  });

  test("every fault is named on a line of its own; exits 1", async () => {
    const [row, lot, order] = [lab.rows[3]?.id ?? "", lab.longLots[0] ?? "", lab.orders[5] ?? ""];
    await lab.asSuperuser(async (tx) => {
      await tx`update tenant_credit_ledger set note = 'forged' where id = ${row}`;
      await tx`update tenant_credit_balance set quantity = quantity + 5 where id = ${lot}`;
      await tx`update billing_order set grant_device_slots = 9 where id = ${order}`;
    });
    const { code, output } = await verify();
    const lines = output.trim().split("\n");
    for (const name of [`ledger row ${row}`, `lot ${lot}`, `order ${order}`]) {
      expect(lines.filter((line) => line.includes(name))).toHaveLength(1);
    }
    expect(lines.at(-1)).toMatch(/: 3 faults\.$/);
    expect(code).toBe(1);
  });

  test("--digest: the one from the log passes, another one is named", async () => {
    expect((await verify("--digest", await lastDigest())).code).toBe(0);
    const { code, output } = await verify("--digest", "0".repeat(64));
    expect(code).toBe(1);
    expect(output).toContain("0".repeat(64));
  });

  test.each([["--digest"], [`--digest=${"0".repeat(64)}`], ["--digset", "0".repeat(64)]])(
    "%s: not understood is not the same as all well",
    async (...args) => {
      expect((await verify(...args)).code).toBe(1);
    },
  );

  test("the database is away: exits 1 with a line, without a stack", async () => {
    const { code, output } = await runJob("verify", { DATABASE_URL: "postgres://postgres@127.0.0.1:1/none" });
    expect(code).toBe(1);
    expect(output).toMatch(/ECONNREFUSED/);
    expect(output).not.toMatch(/\n\s+at /);
  });

  test("without DATABASE_URL: exits 1 and names it", async () => {
    const { code, output } = await runJob("verify", {});
    expect(code).toBe(1);
    expect(output).toContain("DATABASE_URL is missing.");
  });
});

describe("beside running writers", () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop();
    await fillVariedBooks(shop);
  });
  afterAll(() => shop?.close());

  test("what is not committed yet is not seen, and its locks are not waited for", async () => {
    const writer = asServer(shop.db.url, 1);
    await writer.begin(async (tx) => {
      await book(tx, { expires: "2033-01-01T00:00:00Z" });
      const [lot] = await tx`select id from tenant_credit_balance where quantity > 0 and expires_at > now() for update`;
      expect(lot).toBeDefined();
      const { code, output } = await runJob("verify", { DATABASE_URL: shop.db.url });
      expect(output).toMatch(/: 0 faults\.\n$/);
      expect(code).toBe(0);
    });
    await writer.end();
  });

  test("one snapshot: heads kept by a reconciliation meanwhile are not compared with the report before it", async () => {
    const { owner, app } = lab.shop.db;
    let check: ReturnType<typeof verifyBooks> | undefined;
    await owner.begin(async (tx) => {
      await tx`lock table ledger_checkpoint in access exclusive mode`;
      check = verifyBooks(app);
      const waiting = async () =>
        (await owner`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
          .length;
      await expect.poll(waiting).toBe(1);
      await tx`insert into ledger_checkpoint values ('new', 'lr_tenant_jura', 'LICENSE_30D', now(), 0, '')`;
    });
    expect((await check)?.findings).toEqual([]);
    expect((await verifyBooks(app)).findings).not.toEqual([]);
  });

  test("writers go on while it looks, and it finds nothing half done", async () => {
    const { app } = shop.db;
    for (let i = 0; i < 40; i++) await book(app, { tenant: "lr_tenant_jura", expires: "2033-02-01T00:00:00Z" });
    const checks = Array.from({ length: 4 }, () => verifyBooks(app));
    const spent = Array.from({ length: 40 }, () =>
      transaction(app, (tx) =>
        consumeCredit(tx, { tenantId: "lr_tenant_jura", type: "LICENSE_30D", actorUserId: null, refId: null }),
      ),
    );
    expect((await Promise.all(checks)).flatMap((it) => it.findings)).toEqual([]);
    expect(await Promise.all(spent)).toHaveLength(40);
    expect((await verifyBooks(app)).findings).toEqual([]);
  });
});
