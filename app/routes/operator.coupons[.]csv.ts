import type { LoaderFunctionArgs } from "@remix-run/node";
import { requireOperator } from "~/auth/access.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { csvHead, csvLine } from "~/http/csv.server";
import { download } from "~/http/download.server";
import { parseQuery } from "~/http/parse.server";
import { methodNotAllowed, pageLoader } from "~/http/respond.server";
import { firstOfBatch, streamBatch } from "~/operations/coupon-codes.server";
import { couponQuery } from "~/operations/coupon-form.server";
import { BATCH_COLUMNS, batchCells } from "~/ui/coupon-words";
import { formatTimestamp } from "~/ui/format";

/** The codes of a batch as a file for Excel. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const { batch = "" } = parseQuery(request, couponQuery);
    if (!(await firstOfBatch(database(), batch))) throw new DomainError("NOT_FOUND");
    async function* pieces() {
      yield csvHead(BATCH_COLUMNS);
      for await (const rows of streamBatch(database(), batch))
        yield rows.map((row) => csvLine(batchCells(row))).join("");
    }
    const today = formatTimestamp(new Date()).slice(0, 10).split(".").reverse().join("-");
    return download(request, { name: `gutscheincodes-${today}.csv`, type: "text/csv", pieces: pieces() });
  });
}

export const action = methodNotAllowed("GET");
