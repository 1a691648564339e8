import { requireAdmin } from "~/auth/access.server";
import { CREDIT_TYPES } from "~/billing/credit-types";
import { readCursor } from "~/billing/paging.server";
import { statementQuery } from "~/billing/schemas.server";
import { balancesAt, LEDGER_KEY, ledgerItem, listLedger } from "~/billing/statement.server";
import { statementFilter, statementInstant } from "~/billing/statement-query.server";
import { database } from "~/db/client.server";
import { parseQuery } from "~/http/parse.server";
import { api, methodNotAllowed } from "~/http/respond.server";

/** The statement, newest first. With `?at=` only what had happened by then, and in `balances` what there was. */
export const loader = api(async ({ request }) => {
  const { tenantId } = await requireAdmin(request);
  const query = parseQuery(request, statementQuery);
  const cursor = readCursor(query.cursor ?? null, LEDGER_KEY);
  const at = statementInstant(query);
  const [page, balances] = await Promise.all([
    listLedger(database(), tenantId, statementFilter(query), cursor, query.limit),
    at ? balancesAt(database(), tenantId, at) : null,
  ]);
  const list = { items: page.items.map(ledgerItem), nextCursor: page.older };
  return balances ? { ...list, balances: CREDIT_TYPES.map((type) => ({ type, quantity: balances[type] })) } : list;
});

export const action = methodNotAllowed("GET");
