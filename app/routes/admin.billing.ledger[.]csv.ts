import type { LoaderFunctionArgs } from "@remix-run/node";
import { requireAdmin } from "~/auth/access.server";
import { statementQuery } from "~/billing/schemas.server";
import { streamLedger } from "~/billing/statement.server";
import { statementFilter } from "~/billing/statement-query.server";
import { database } from "~/db/client.server";
import { csvHead, csvLine } from "~/http/csv.server";
import { download } from "~/http/download.server";
import { parseQuery } from "~/http/parse.server";
import { methodNotAllowed, pageLoader } from "~/http/respond.server";
import { formatTimestamp } from "~/ui/format";
import { LEDGER_COLUMNS, ledgerCells } from "~/ui/ledger-words";

/** The statement as a file for Excel, with the page's filter. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { tenantId, tenantSlug } = await requireAdmin(request);
    const filter = statementFilter(parseQuery(request, statementQuery));
    async function* pieces() {
      yield csvHead(LEDGER_COLUMNS);
      for await (const rows of streamLedger(database(), tenantId, filter)) {
        yield rows.map((row) => csvLine(ledgerCells(row))).join("");
      }
    }
    const today = formatTimestamp(new Date()).slice(0, 10).split(".").reverse().join("-");
    return download(request, { name: `kontoauszug-${tenantSlug}-${today}.csv`, type: "text/csv", pieces: pieces() });
  });
}

export const action = methodNotAllowed("GET");
