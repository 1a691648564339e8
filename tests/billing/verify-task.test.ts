import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { verifyBooks } from "~/billing/verification.server";
import { doTasks, type Workshop } from "~/jobs/tasks.server";
import { latestTask, requestTask } from "~/operations/tasks.server";
import { dumpBooks } from "../support/books-shop";
import { openTamperingLab, type TamperingLab } from "../support/tampering-lab";

const ACTOR = { userId: "lr_user_operator", traceId: "0123456789abcdef" };

let lab: TamperingLab;
beforeAll(async () => {
  lab = await openTamperingLab();
});
afterEach(() => lab.restore());
afterAll(() => lab?.shop.close());

const workshop = (ending = new AbortController().signal): Workshop => ({
  sql: lab.shop.db.app,
  stripe: lab.shop.client,
  databaseUrl: lab.shop.db.url,
  livemode: false,
  ending,
});

describe("progress", () => {
  test("counts the lots up to all of them, and finds what the whole look finds", async () => {
    const steps: Array<{ done: number; total: number }> = [];
    const sliced = await verifyBooks(lab.shop.db.app, { onProgress: (step) => steps.push(step) });
    expect(sliced).toEqual(await verifyBooks(lab.shop.db.app));
    const total = lab.lots.length;
    expect(steps[0]).toEqual({ done: 0, total });
    expect(steps.at(-1)).toEqual({ done: total, total });
    expect(steps.length).toBeGreaterThan(3);
    expect(steps.map((it) => it.done)).toEqual([...steps.map((it) => it.done)].sort((a, b) => a - b));
  });

  test("a row of any lot that was changed is found in its slice, once", async () => {
    const ids = lab.rows.map((row) => row.id);
    for (const id of [ids[0], ids[Math.floor(ids.length / 2)], ids.at(-1)]) {
      await lab.asSuperuser((tx) => tx`update tenant_credit_ledger set note = 'forged' where id = ${id ?? ""}`);
      const { findings, rows } = await verifyBooks(lab.shop.db.app, { onProgress: () => {} });
      expect(findings.map((it) => `${it.rule} ${it.subject}`)).toEqual([`LEDGER_CHAIN ledger row ${id}`]);
      expect(rows).toBe(ids.length);
      await lab.restore();
    }
  });
});

describe("the task", () => {
  test("ends with rows, lots and findings, changes nothing, and says how far it was", async () => {
    const { db } = lab.shop;
    const before = await dumpBooks(lab.shop);
    await requestTask(db.app, ACTOR, "VERIFY", {});
    await doTasks(workshop());
    const task = await latestTask(db.app, "VERIFY");
    expect(task).toMatchObject({ done: lab.lots.length, total: lab.lots.length, failure: null });
    expect(JSON.parse(task?.result ?? "")).toEqual({
      rows: lab.rows.length,
      lots: lab.lots.length,
      findings: 0,
      named: [],
    });
    expect(await dumpBooks(lab.shop)).toEqual(before);
  });

  test("names what it finds", async () => {
    const lot = lab.longLots[0] ?? "";
    await lab.asSuperuser((tx) => tx`update tenant_credit_balance set quantity = quantity + 5 where id = ${lot}`);
    await requestTask(lab.shop.db.app, ACTOR, "VERIFY", {});
    await doTasks(workshop());
    const task = await latestTask(lab.shop.db.app, "VERIFY");
    expect(JSON.parse(task?.result ?? "")).toMatchObject({
      findings: 1,
      named: [{ rule: "LOT_SUM", subject: `lot ${lot}`, detail: expect.stringContaining("quantity") }],
    });
  });

  test("a server that stops leaves it to the next one", async () => {
    await requestTask(lab.shop.db.app, ACTOR, "VERIFY", {});
    await doTasks(workshop(AbortSignal.abort()));
    expect(await latestTask(lab.shop.db.app, "VERIFY")).toMatchObject({ finishedAt: null, failure: null });
    await doTasks(workshop());
    expect(await latestTask(lab.shop.db.app, "VERIFY")).toMatchObject({ finishedAt: expect.any(Date), failure: null });
  });
});
