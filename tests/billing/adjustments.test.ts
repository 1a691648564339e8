import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { consumeCredit } from "~/billing/credits.server";
import { creditExpiry } from "~/billing/expiry";
import { verifyBooks } from "~/billing/verification.server";
import { transaction } from "~/db/transaction.server";
import {
  type AdjustmentWish,
  approveAdjustment,
  listAdjustments,
  previewAdjustment,
  rejectAdjustment,
  requestAdjustment,
} from "~/operations/adjustments.server";
import { asServer, outcome } from "../support/ledger";
import { lotsOf, newBuyer, openShop, type Shop } from "../support/shop";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop?.close());

const olivia = { userId: "lr_user_operator", traceId: "trace-olivia" };
const konrad = { userId: "lr_user_kontrolle", traceId: "trace-konrad" };
const EXPIRES = creditExpiry(new Date(), 100);

const wish = (tenantId: string, delta: number, change: Partial<AdjustmentWish> = {}): AdjustmentWish => ({
  tenantId,
  type: "LICENSE_30D",
  delta,
  expiresAt: EXPIRES,
  reason: "Kulanz nach Ausfall",
  requestKey: randomUUID(),
  ...change,
});
const ask = (tenantId: string, delta: number, actor = olivia, change: Partial<AdjustmentWish> = {}) =>
  requestAdjustment(shop.db.app, actor, wish(tenantId, delta, change));
const tenant = async () => (await newBuyer(shop)).tenantId;
const lots = (tenantId: string) => lotsOf(shop, tenantId);
const audit = async (id: string) => {
  const rows = await shop.db.owner<{ line: string }[]>`
    select concat_ws(' ', action, actor_user_id, reason) as line from audit_entry where subject_id = ${id} order by id`;
  return rows.map(({ line }) => line);
};

describe("a small correction", () => {
  test("is booked at once, with its reason in the ledger, once for one click", async () => {
    const id = await tenant();
    const request = wish(id, 10);
    expect(await previewAdjustment(shop.db.app, olivia, request)).toEqual({
      usable: 0,
      held: 0,
      after: 10,
      needsApproval: false,
    });
    const [one, two] = await Promise.all([1, 2].map(() => requestAdjustment(shop.db.app, olivia, request)));
    expect(one?.id).toBe(two?.id);
    expect(one).toMatchObject({ status: "BOOKED", needsApproval: false, decidedBy: olivia.userId });
    expect(await lots(id)).toEqual(["LICENSE_30D 10/0"]);
    const [row] = await shop.db.owner`
      select reason, delta, note, actor_user_id as actor from tenant_credit_ledger where ref_id = ${one?.id ?? ""}`;
    expect(row).toEqual({ reason: "MANUAL_ADJUST", delta: 10, note: "Kulanz nach Ausfall", actor: olivia.userId });
    expect(await audit(one?.id ?? "")).toEqual([
      "ADJUSTMENT_REQUESTED lr_user_operator Kulanz nach Ausfall",
      "ADJUSTMENT_BOOKED lr_user_operator Kulanz nach Ausfall",
    ]);
  });

  test("is not another one under the same click", async () => {
    const id = await tenant();
    const request = wish(id, 3);
    await requestAdjustment(shop.db.app, olivia, request);
    for (const change of [
      { delta: 4 },
      { reason: "Anderes" },
      { type: "DEVICE_SLOT" as const },
      { tenantId: await tenant() },
    ]) {
      await expect(requestAdjustment(shop.db.app, olivia, { ...request, ...change })).rejects.toMatchObject({
        code: "INVALID_STATE",
        details: { fields: { menge: expect.stringContaining("andere Korrektur") } },
      });
    }
    await expect(requestAdjustment(shop.db.app, konrad, request)).rejects.toMatchObject({ code: "INVALID_STATE" });
    expect(await lots(id)).toEqual(["LICENSE_30D 3/0"]);
  });

  test("is one of one tenant, also when two tenants' pages send one click at once", async () => {
    const requestKey = randomUUID();
    const ids = [await tenant(), await tenant()];
    const answers = await Promise.allSettled(ids.map((id) => ask(id, 3, olivia, { requestKey })));
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(answers.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "INVALID_STATE" } });
  });

  test("never goes below what is there and not frozen", async () => {
    const id = await tenant();
    await ask(id, 3);
    await shop.db.owner`update tenant_credit_balance set held = 1 where tenant_id = ${id}`;
    await expect(ask(id, -3)).rejects.toMatchObject({
      code: "INVALID_BODY",
      details: { fields: { menge: "Das Guthaben reicht nicht: verfügbar sind 2." } },
    });
    await expect(previewAdjustment(shop.db.app, olivia, wish(id, -3))).rejects.toMatchObject({ code: "INVALID_BODY" });
    await ask(id, -2);
    expect(await lots(id)).toEqual(["LICENSE_30D 1/1"]);
  });

  test("of a day that is over, or of a tenant that is not there, is refused", async () => {
    const id = await tenant();
    const over = { expiresAt: creditExpiry(new Date(), -2) };
    const refusal = { code: "INVALID_BODY", details: { fields: { bis: "Dieser Tag ist vorbei." } } };
    await expect(ask(id, 1, olivia, over)).rejects.toMatchObject(refusal);
    await expect(previewAdjustment(shop.db.app, olivia, wish(id, 1, over))).rejects.toMatchObject(refusal);
    await expect(ask("nowhere", 1)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a large correction", () => {
  test("waits for a second person, who is another one, and is booked once", async () => {
    const id = await tenant();
    const open = await ask(id, 11);
    expect(open).toMatchObject({ status: "OPEN", needsApproval: true });
    expect(await lots(id)).toEqual([]);
    expect((await listAdjustments(shop.db.app, "waiting")).map((it) => it.id)).toContain(open.id);
    await expect(approveAdjustment(shop.db.app, olivia, id, open.id)).rejects.toMatchObject({
      code: "INVALID_STATE",
      details: { fields: { korrektur: "Die zweite Person muss eine andere sein." } },
    });
    const answers = await Promise.allSettled([1, 2].map(() => approveAdjustment(shop.db.app, konrad, id, open.id)));
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await lots(id)).toEqual(["LICENSE_30D 11/0"]);
    expect((await audit(open.id)).at(-1)).toBe("ADJUSTMENT_BOOKED lr_user_kontrolle Kulanz nach Ausfall");
    await expect(approveAdjustment(shop.db.app, konrad, await tenant(), open.id)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  test("in small pieces is a large one: one person alone moves no more than ten a day and tenant", async () => {
    const id = await tenant();
    const made = await Promise.all(Array.from({ length: 20 }, () => ask(id, 1)));
    expect(made.filter(({ status }) => status === "BOOKED")).toHaveLength(10);
    expect(await lots(id)).toEqual(["LICENSE_30D 10/0"]);
    expect((await ask(id, 10, konrad)).status).toBe("BOOKED");
    expect((await ask(await tenant(), 10)).status).toBe("BOOKED");
  });

  test("is looked at again when it is agreed to: what was spent meanwhile is not there", async () => {
    const { tenantId, userId } = await newBuyer(shop);
    await ask(tenantId, 10);
    await ask(tenantId, 2, konrad);
    const open = await ask(tenantId, -12);
    const spend = () =>
      transaction(shop.db.app, (tx) =>
        consumeCredit(tx, { tenantId, type: "LICENSE_30D", actorUserId: userId, refId: null }),
      );
    const [approved, spent] = await Promise.allSettled([
      approveAdjustment(shop.db.app, konrad, tenantId, open.id),
      spend(),
    ]);
    expect([approved.status, spent.status].sort()).toEqual(["fulfilled", "rejected"]);
    expect(await lots(tenantId)).toEqual([approved.status === "fulfilled" ? "LICENSE_30D 0/0" : "LICENSE_30D 11/0"]);
  });

  test("is refused with a note, or taken back by who asked, and then decided", async () => {
    const id = await tenant();
    const [one, two] = [await ask(id, 50), await ask(id, 60)];
    await rejectAdjustment(shop.db.app, konrad, id, one.id, "Zu viel");
    await rejectAdjustment(shop.db.app, olivia, id, two.id, "Irrtum");
    expect((await listAdjustments(shop.db.app, { tenantId: id })).map((it) => [it.status, it.decisionNote])).toEqual([
      ["REJECTED", "Irrtum"],
      ["REJECTED", "Zu viel"],
    ]);
    await expect(approveAdjustment(shop.db.app, konrad, id, one.id)).rejects.toMatchObject({ code: "INVALID_STATE" });
    expect(await lots(id)).toEqual([]);
  });
});

describe("the database itself", () => {
  const DENIED = "23514";

  test("refuses the same person twice, a second decision, and a tenant's user", async () => {
    const id = await tenant();
    const server = asServer(shop.db.url, 1);
    const open = await ask(id, 11);
    const decide = (by: string) =>
      outcome(
        server`update adjustment set status = 'BOOKED', decided_by = ${by}, decided_at = now() where id = ${open.id}`,
      );
    expect(await decide(olivia.userId)).toBe(DENIED);
    expect(await decide("lr_user_owner_alpen")).toBe(DENIED);
    expect(await decide(konrad.userId)).toBe("done");
    expect(await decide(konrad.userId)).toBe("23001");
    expect(await outcome(server`update adjustment set needs_approval = false`)).toBe("42501");
    expect(await outcome(server`delete from adjustment`)).toBe("42501");
    await server.end();
  });

  test("refuses a correction in the ledger that nobody has decided", async () => {
    const id = await tenant();
    const server = asServer(shop.db.url, 1);
    const open = await ask(id, 11);
    const insert = (refId: string | null, delta: number) =>
      outcome(
        server`insert into tenant_credit_ledger (tenant_id, type, delta, reason, ref_id, expires_at)
          values (${id}, 'LICENSE_30D', ${delta}, 'MANUAL_ADJUST', ${refId}, ${EXPIRES})`,
      );
    expect(await insert(null, 1)).toBe(DENIED);
    expect(await insert(open.id, 11)).toBe(DENIED);
    await approveAdjustment(shop.db.app, konrad, id, open.id);
    expect(await insert(open.id, 11)).toBe("23505");
    await server.end();
  });

  /** The rules that name something of a correction of 5 and its ledger row, after a superuser has been at work. */
  async function tampered(work: (tx: postgres.TransactionSql, id: string) => Promise<unknown>): Promise<string[]> {
    const { id } = await ask(await tenant(), 5);
    const [row] = await shop.db.owner<{ id: string }[]>`select id from tenant_credit_ledger where ref_id = ${id}`;
    await shop.db.owner.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await work(tx, id);
    });
    const names = new RegExp(`^(adjustment ${id}|ledger row ${row?.id})$`);
    const { findings } = await verifyBooks(shop.db.app);
    return [...new Set(findings.filter((it) => names.test(it.subject)).map((it) => it.rule))].sort();
  }

  test.each<[string, (tx: postgres.TransactionSql, id: string) => Promise<unknown>, boolean]>([
    ["nothing", async () => {}, false],
    ["its quantity", (tx, id) => tx`update adjustment set delta = 6 where id = ${id}`, true],
    ["its tenant", (tx, id) => tx`update adjustment set tenant_id = 'lr_tenant_jura' where id = ${id}`, true],
    ["its decision", (tx, id) => tx`update adjustment set status = 'REJECTED' where id = ${id}`, true],
    ["all of it", (tx, id) => tx`delete from adjustment where id = ${id}`, true],
    [
      "that it needed a second person",
      (tx, id) => tx`update adjustment set needs_approval = true where id = ${id}`,
      true,
    ],
    [
      "its row's reason",
      (tx, id) => tx`update tenant_credit_ledger set reason = 'COUPON_REDEEM' where ref_id = ${id}`,
      true,
    ],
    ["its row", (tx, id) => tx`delete from tenant_credit_ledger where ref_id = ${id}`, true],
  ])("what a superuser changed is found by verify: %s", async (_, work, isFound) => {
    await shop.db.owner`alter table adjustment drop constraint if exists adjustment_four_eyes`;
    expect((await tampered(work)).includes("ADJUSTMENT")).toBe(isFound);
  });

  test("a large one that says it was small is found all the same", async () => {
    const open = await ask(await tenant(), 11);
    await shop.db.owner.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`
        update adjustment set status = 'BOOKED', needs_approval = false, decided_by = requested_by, decided_at = now()
        where id = ${open.id}`;
    });
    const found = (await verifyBooks(shop.db.app)).findings.filter((it) => it.subject.includes(open.id));
    expect(found.map((it) => it.detail)).toContain("needed a second person, and was decided by the same");
  });

  test("a forged decision is found by verify", async () => {
    const id = await tenant();
    const open = await ask(id, 11);
    const found = async () =>
      (await verifyBooks(shop.db.app)).findings.filter((it) => it.subject.includes(open.id)).map((it) => it.rule);
    expect(await found()).toEqual([]);
    await shop.db.owner.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`alter table adjustment drop constraint if exists adjustment_four_eyes`;
      await tx`update adjustment set status = 'BOOKED', decided_by = requested_by, decided_at = now() where id = ${open.id}`;
    });
    expect(await found()).toEqual(["ADJUSTMENT", "ADJUSTMENT"]);
  });
});
