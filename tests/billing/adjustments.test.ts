import { randomUUID } from "node:crypto";
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
    await expect(ask(id, 1, olivia, { expiresAt: creditExpiry(new Date(), -2) })).rejects.toMatchObject({
      code: "INVALID_BODY",
      details: { fields: { bis: "Dieser Tag ist vorbei." } },
    });
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

  test("a forged decision is found by verify", async () => {
    const id = await tenant();
    const open = await ask(id, 11);
    const found = async () =>
      (await verifyBooks(shop.db.app)).findings.filter((it) => it.subject.includes(open.id)).map((it) => it.rule);
    expect(await found()).toEqual([]);
    await shop.db.owner.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`alter table adjustment drop constraint adjustment_four_eyes`;
      await tx`update adjustment set status = 'BOOKED', decided_by = requested_by, decided_at = now() where id = ${open.id}`;
    });
    expect(await found()).toEqual(["ADJUSTMENT", "ADJUSTMENT"]);
  });
});
