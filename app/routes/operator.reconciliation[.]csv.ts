import type { ActionFunctionArgs, LoaderFunctionArgs } from "@remix-run/node";
import { requireOperator } from "~/auth/access.server";
import { database } from "~/db/client.server";
import { csvHead, csvLine } from "~/http/csv.server";
import { download } from "~/http/download.server";
import { operatorAction } from "~/http/operator-action.server";
import { pageLoader } from "~/http/respond.server";
import { bookCurrencies, recentBooks } from "~/operations/books.server";
import { BOOK_COLUMNS, bookCells } from "~/ui/books-rows";
import { formatTimestamp } from "~/ui/format";

/** The books by month and currency as a file for Excel. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const now = new Date();
    async function* pieces() {
      yield csvHead(BOOK_COLUMNS);
      for (const currency of await bookCurrencies(database())) {
        const { figures } = await recentBooks(database(), currency, now);
        yield figures.map((month) => csvLine(bookCells(month, currency))).join("");
      }
    }
    const today = formatTimestamp(now).slice(0, 10).split(".").reverse().join("-");
    return download(request, { name: `abgleich-${today}.csv`, type: "text/csv", pieces: pieces() });
  });
}

/** Nothing is done here; the guard stands all the same, so that to strangers the file does not exist. */
export function action(args: ActionFunctionArgs) {
  return operatorAction(args, {});
}
