import type postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { verifyBooks } from "~/billing/verification.server";
import {
  columnsFor,
  type Dice,
  deleteLot,
  deleteRows,
  dice,
  editRow,
  insertRow,
  pick,
  type Tampering,
} from "../support/tampering";
import {
  editLot,
  editOrder,
  editProof,
  forgeChainAndHead,
  giveAway,
  LOT_EDITS,
  ORDER_EDITS,
  PROOF_EDITS,
  renameLot,
} from "../support/tampering-around";
import { isNamed, openTamperingLab, says, type TamperingLab } from "../support/tampering-lab";

const TAMPERINGS = Number(process.env.TAMPERINGS || 60);
const SEED = Number(process.env.TAMPERING_SEED || 20_261_122);

let lab: TamperingLab;
beforeAll(async () => {
  lab = await openTamperingLab();
});
afterEach(() => lab.restore());
afterAll(() => lab?.shop.close());

type Kind = (tx: postgres.TransactionSql, roll: Dice) => Promise<Tampering>;

const FORGED = ["no", "row", "chain"] as const;

/** One of each, again and again: which row, lot, order or column it hits is rolled. */
const KINDS: Kind[] = [
  ...FORGED.map(
    (forged): Kind =>
      (tx, roll) =>
        editRow(tx, pick(roll, lab.rows), pick(roll, columnsFor(forged)), forged),
  ),
  ...[false, true].flatMap((forged): Kind[] => [
    (tx, roll) => {
      const lot = pick(roll, lab.longLots);
      return deleteRows(tx, lot, [pick(roll, lab.rowsOf(lot).slice(1, -1))], forged);
    },
    (tx, roll) => {
      const lot = pick(roll, lab.lots);
      return deleteRows(tx, lot, lab.rowsOf(lot).slice(-1 - Math.floor(roll() * 3)), forged);
    },
    (tx, roll) => {
      const lot = pick(roll, lab.longLots);
      return deleteRows(tx, lot, lab.rowsOf(lot).slice(0, 1), forged);
    },
    (tx, roll) => {
      const lot = pick(roll, lab.lots);
      return deleteRows(tx, lot, lab.rowsOf(lot), forged);
    },
    (tx, roll) => renameLot(tx, pick(roll, lab.lots), forged),
    (tx, roll) => giveAway(tx, pick(roll, lab.lots), forged),
  ]),
  (tx, roll) => deleteLot(tx, pick(roll, lab.lots)),
  ...FORGED.map(
    (forged): Kind =>
      (tx, roll) => {
        const row = pick(roll, lab.rows);
        const id = pick(roll, [-Number(row.id), Number(row.id) - 1]);
        return insertRow(tx, row, String(id), forged);
      },
  ),
  ...(["no", "row"] as const).map(
    (forged): Kind =>
      (tx, roll) => {
        const lot = pick(roll, lab.lots);
        const last = Number(lab.rowsOf(lot).at(-1));
        return insertRow(tx, { id: String(last), balance_id: lot }, String(last + 1), forged);
      },
  ),
  (tx, roll) => editLot(tx, pick(roll, lab.lots), pick(roll, Object.keys(LOT_EDITS))),
  (tx, roll) => editOrder(tx, pick(roll, lab.orders), pick(roll, Object.keys(ORDER_EDITS))),
  (tx, roll) => editProof(tx, pick(roll, lab.lots), pick(roll, PROOF_EDITS)),
  (tx, roll) => forgeChainAndHead(tx, pick(roll, lab.lots)),
];

describe("books that nobody touched", () => {
  test("have something of everything and no findings", async () => {
    const { db } = lab.shop;
    const reasons = await db.owner<{ reason: string }[]>`select distinct reason from tenant_credit_ledger order by 1`;
    expect(reasons.map(({ reason }) => reason)).toEqual([
      "CREDIT_CONSUME",
      "CREDIT_EXPIRE",
      "STRIPE_DISPUTE_LOST",
      "STRIPE_PURCHASE",
      "STRIPE_REFUND",
      "STRIPE_REFUND_REVERSAL",
    ]);
    expect(lab.orders.length).toBeGreaterThanOrEqual(60);
    expect(lab.longLots.length).toBeGreaterThan(3);
    expect(await verifyBooks(db.app)).toEqual({ rows: lab.rows.length, lots: lab.lots.length, findings: [] });
  });
});

describe("what a superuser did is found and named", () => {
  test(`${TAMPERINGS} tamperings of seed ${SEED}`, { timeout: 30_000 + TAMPERINGS * 1_000 }, async () => {
    const roll = dice(SEED);
    const missed: string[] = [];
    for (let i = 0; i < TAMPERINGS; i++) {
      const kind = KINDS[i % KINDS.length] as Kind;
      const { what, names } = await lab.asSuperuser((tx) => kind(tx, roll));
      const { findings } = await verifyBooks(lab.shop.db.app);
      if (!isNamed(findings, names)) missed.push(`${i}: ${what}: ${findings.map(says).join("; ") || "no finding"}`);
      await lab.restore();
    }
    expect(missed).toEqual([]);
    expect((await verifyBooks(lab.shop.db.app)).findings).toEqual([]);
  });

  test("every column of the ledger, of a lot and of the proof", async () => {
    const kinds: Kind[] = [
      ...FORGED.flatMap((forged) =>
        columnsFor(forged).map(
          (it): Kind =>
            (tx, roll) =>
              editRow(tx, pick(roll, lab.rows), it, forged),
        ),
      ),
      ...Object.keys(LOT_EDITS).map(
        (it): Kind =>
          (tx, roll) =>
            editLot(tx, pick(roll, lab.lots), it),
      ),
      ...Object.keys(ORDER_EDITS).map(
        (it): Kind =>
          (tx, roll) =>
            editOrder(tx, pick(roll, lab.orders), it),
      ),
      ...PROOF_EDITS.map(
        (it): Kind =>
          (tx, roll) =>
            editProof(tx, pick(roll, lab.lots), it),
      ),
    ];
    const roll = dice(SEED + 1);
    const missed: string[] = [];
    for (const kind of kinds) {
      const { what, names } = await lab.asSuperuser((tx) => kind(tx, roll));
      const { findings } = await verifyBooks(lab.shop.db.app);
      if (!isNamed(findings, names)) missed.push(`${what}: ${findings.map(says).join("; ") || "no finding"}`);
      await lab.restore();
    }
    expect(missed).toEqual([]);
  });
});
