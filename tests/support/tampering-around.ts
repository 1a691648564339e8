import type postgres from "postgres";
import type { Tampering } from "./tampering";

type Tx = postgres.TransactionSql;

/** What a superuser may change of a lot, with an expression that changes it whatever stands there. */
export const LOT_EDITS: Record<string, string> = {
  quantity: "quantity + 1",
  held: "held + 1",
  expires_at: "expires_at + interval '1 microsecond'",
  type: "case type when 'DEVICE_SLOT' then 'LICENSE_30D' else 'DEVICE_SLOT' end",
  tenant_id: "case tenant_id when 'lr_tenant_jura' then 'lr_tenant_alpen' else 'lr_tenant_jura' end",
  ledger_head: "reverse(ledger_head) || '0'",
  ledger_rows: "ledger_rows - 1",
};

export async function editLot(tx: Tx, lot: string, column: string): Promise<Tampering> {
  const change = tx.unsafe(LOT_EDITS[column] ?? "");
  await tx`update tenant_credit_balance set ${tx(column)} = ${change} where id = ${lot}`;
  return { what: `${column} of lot ${lot}`, names: [`lot ${lot}`] };
}

/** The id of a lot, with or without its rows and a chain that fits. */
export async function renameLot(tx: Tx, lot: string, forged: boolean): Promise<Tampering> {
  const renamed = `${lot}-x`;
  await tx`update tenant_credit_balance set id = ${renamed} where id = ${lot}`;
  if (forged) {
    await tx`update tenant_credit_ledger set balance_id = ${renamed} where balance_id = ${lot}`;
    await tx`update order_credit set balance_id = ${renamed} where balance_id = ${lot}`;
    await tx`select rewrite_chain(${renamed})`;
  }
  return { what: `lot ${lot} renamed, chain ${forged ? "forged" : "left"}`, names: [`lot ${lot}`] };
}

/** Gives a lot with all its rows, and the orders behind them, to the other tenant. */
export async function giveAway(tx: Tx, lot: string, forged: boolean): Promise<Tampering> {
  const other = tx.unsafe(LOT_EDITS.tenant_id ?? "");
  const rows = await tx<{ id: string }[]>`
    update tenant_credit_ledger set tenant_id = ${other} where balance_id = ${lot} returning id`;
  await tx`update tenant_credit_balance set tenant_id = ${other} where id = ${lot}`;
  await tx`
    update billing_order set tenant_id = ${other}, user_id = null
    where id in (select order_id from tenant_credit_ledger where balance_id = ${lot})`;
  if (forged) await tx`select rewrite_chain(${lot})`;
  const names = [`lot ${lot}`, ...(forged ? [] : rows.map(({ id }) => `ledger row ${id}`))];
  return { what: `lot ${lot} given to the other tenant, chain ${forged ? "forged" : "left"}`, names };
}

/** What a superuser may change of a paid order. */
export const ORDER_EDITS: Record<string, string> = {
  grant_license_30d: "grant_license_30d + 1",
  grant_license_365d: "grant_license_365d + 1",
  grant_device_slots: "grant_device_slots + 2",
  credits_granted_at: "null",
  status: "'PENDING'",
  tenant_id: LOT_EDITS.tenant_id ?? "",
  id: "id || 'x'",
};

export async function editOrder(tx: Tx, order: string, column: string): Promise<Tampering> {
  const rows = await tx<{ id: string }[]>`select id from tenant_credit_ledger where order_id = ${order}`;
  const change = tx.unsafe(ORDER_EDITS[column] ?? "");
  await tx`update billing_order set ${tx(column)} = ${change} where id = ${order}`;
  // An order that is not there any more can only be missed by its rows.
  const names = [`order ${order}`, ...(column === "id" ? rows.map(({ id }) => `ledger row ${id}`) : [])];
  return { what: `${column} of order ${order}`, names };
}

/** What a superuser may do to the heads that the last report vouched for, or to the report. */
export const PROOF_EDITS = ["head", "rows", "lot", "row deleted", "row added", "digest", "report deleted"] as const;

export async function editProof(tx: Tx, lot: string, edit: (typeof PROOF_EDITS)[number]): Promise<Tampering> {
  switch (edit) {
    case "head":
      await tx`update ledger_checkpoint set ledger_head = reverse(ledger_head) where balance_id = ${lot}`;
      break;
    case "rows":
      await tx`update ledger_checkpoint set ledger_rows = ledger_rows + 1 where balance_id = ${lot}`;
      break;
    case "lot":
      await tx`update ledger_checkpoint set balance_id = balance_id || 'x' where balance_id = ${lot}`;
      break;
    case "row deleted":
      await tx`delete from ledger_checkpoint where balance_id = ${lot}`;
      break;
    case "row added":
      await tx`insert into ledger_checkpoint select balance_id || 'x', tenant_id, type, expires_at, ledger_rows, ledger_head
        from ledger_checkpoint where balance_id = ${lot}`;
      break;
    case "digest":
      await tx`update reconciliation_report set digest = reverse(digest) where id = (select max(id) from reconciliation_report)`;
      break;
    case "report deleted":
      await tx`delete from reconciliation_report where id = (select max(id) from reconciliation_report)`;
      break;
  }
  return { what: `proof: ${edit}`, names: ["report "] };
}

/** A chain rewritten with the kept head made to fit: only the report's digest is left to tell. */
export async function forgeChainAndHead(tx: Tx, lot: string): Promise<Tampering> {
  await tx`update tenant_credit_ledger set note = 'forged' where balance_id = ${lot}`;
  await tx`select rewrite_chain(${lot})`;
  await tx`
    update ledger_checkpoint c set ledger_head = b.ledger_head, ledger_rows = b.ledger_rows
    from tenant_credit_balance b where b.id = c.balance_id and b.id = ${lot}`;
  return { what: `chain of lot ${lot} and its kept head forged`, names: ["report "] };
}
