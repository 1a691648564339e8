import { createHash } from "node:crypto";
import type postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { verifyBooks } from "~/billing/verification.server";
import { forgeChainAndHead } from "../support/tampering-around";
import { isNamed, openTamperingLab, type TamperingLab } from "../support/tampering-lab";

let lab: TamperingLab;
beforeAll(async () => {
  lab = await openTamperingLab();
});
afterEach(() => lab.restore());
afterAll(() => lab?.shop.close());

/** The digest that the log has of the last report. */
async function loggedDigest(): Promise<string> {
  const [report] = await lab.shop.db.owner<{ digest: string }[]>`
    select digest from reconciliation_report order by id desc limit 1`;
  return report?.digest ?? "";
}

const check = async (digest?: string) => (await verifyBooks(lab.shop.db.app, { digest })).findings;
const someLot = () => lab.longLots[1] ?? "";

/** Every trace in the database made to fit: only the log still knows better. */
async function forgeEverything(tx: postgres.TransactionSql): Promise<string> {
  await forgeChainAndHead(tx, someLot());
  const heads = await tx<{ line: string }[]>`
    select balance_id || ' ' || ledger_rows || ' ' || ledger_head || chr(10) as line
    from ledger_checkpoint order by balance_id collate "C"`;
  return createHash("sha256")
    .update(heads.map(({ line }) => line).join(""))
    .digest("hex");
}

// `test`: what the books should notice and do not yet; each turns red once it is mended.

describe("the digest in the log is the last witness", () => {
  test("chain, kept head and the report's own digest forged: the logged digest tells", async () => {
    const logged = await loggedDigest();
    expect(await check(logged)).toEqual([]);
    await lab.asSuperuser(async (tx) => {
      const forged = await forgeEverything(tx);
      await tx`update reconciliation_report set digest = ${forged} where digest = ${logged}`;
    });
    expect(await check()).toEqual([]); // the database alone cannot know
    expect(await check(logged)).toMatchObject([{ rule: "REPORT" }]);
  });

  test("a forged report after the last one: the logged digest is not the last one any more", async () => {
    const logged = await loggedDigest();
    await lab.asSuperuser(async (tx) => {
      const forged = await forgeEverything(tx);
      await tx`insert into reconciliation_report (complete, lots, digest) values (true, ${lab.lots.length}, ${forged})`;
    });
    expect(await check(logged)).toMatchObject([{ rule: "REPORT" }]);
  });

  test("all reports gone: what they vouched for is missed", async () => {
    await lab.asSuperuser(async (tx) => {
      await forgeChainAndHead(tx, someLot());
      await tx`delete from reconciliation_report`;
    });
    expect(await check()).not.toEqual([]);
  });
});

describe("tampering never becomes the truth", () => {
  test("a reconciliation over a forged chain names the lot and keeps the old digest", async () => {
    const logged = await loggedDigest();
    await lab.asSuperuser(async (tx) => {
      await tx`update tenant_credit_ledger set note = 'forged' where balance_id = ${someLot()}`;
      await tx`select rewrite_chain(${someLot()})`;
    });
    for (const full of [false, true]) {
      const report = await lab.shop.reconcile({ full });
      expect(report.differences).toMatchObject([{ kind: "REPORT", subject: `lot ${someLot()}` }]);
      expect(report.digest).toBe(logged);
    }
    expect(isNamed(await check(), [`lot ${someLot()}`])).toBe(true);
  });

  test("a head set beforehand is not vouched for, so that the chain forged to fit it afterwards is found", async () => {
    const lot = someLot();
    const forge = async (tx: postgres.TransactionSql) => {
      await tx`update tenant_credit_ledger set note = 'forged' where balance_id = ${lot}`;
      await tx`select rewrite_chain(${lot})`;
    };
    const [head] = await lab.asSuperuser(async (tx) => {
      await forge(tx);
      return tx<{ value: string }[]>`select ledger_head as value from tenant_credit_balance where id = ${lot}`;
    });
    await lab.restore();
    await lab.asSuperuser(
      (tx) => tx`update tenant_credit_balance set ledger_head = ${head?.value ?? ""} where id = ${lot}`,
    );
    expect((await lab.shop.reconcile()).differences).toMatchObject([{ kind: "LOT_SUM", subject: `lot ${lot}` }]);
    await lab.asSuperuser(forge);
    expect(isNamed(await check(), [`lot ${lot}`])).toBe(true);
  });
});

describe("a fault hides behind nothing", () => {
  test.each(["occurred_at", "created_at", "expires_at"])("%s moved to infinity: the row is named", async (column) => {
    const id = lab.rows[7]?.id ?? "";
    await lab.asSuperuser((tx) => tx`update tenant_credit_ledger set ${tx(column)} = 'infinity' where id = ${id}`);
    expect(isNamed(await check(), [`ledger row ${id}`])).toBe(true);
  });

  test("a thousand faults of another kind: the row is named all the same", async () => {
    const id = lab.rows[7]?.id ?? "";
    await lab.asSuperuser(async (tx) => {
      await tx`insert into billing_order (tenant_id, sku_id, status, currency, amount_cents, stripe_price_id, grant_license_30d)
        select 'lr_tenant_jura', 'lr_sku_30d_3', 'PAID', 'CHF', 11700, 'price_lr_30d_3', 3 from generate_series(1, 1000)`;
      await tx`update tenant_credit_ledger set note = 'forged' where id = ${id}`;
    });
    expect(isNamed(await check(), [`ledger row ${id}`])).toBe(true);
  });

  test("every guard that is switched off is named", async () => {
    const { owner } = lab.shop.db;
    const guards = await owner<{ name: string; of: string }[]>`
      select t.tgname as name, t.tgrelid::regclass::text as of from pg_trigger t where not t.tgisinternal order by 1`;
    expect(guards.length).toBeGreaterThanOrEqual(10);
    const missed: string[] = [];
    for (const { name, of } of guards) {
      await owner`alter table ${owner(of)} disable trigger ${owner(name)}`;
      if (!isNamed(await check(), [`trigger ${name}`])) missed.push(name);
      await owner`alter table ${owner(of)} enable trigger ${owner(name)}`;
    }
    expect(missed).toEqual([]);
  });
});
