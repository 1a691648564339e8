import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { countOrders, listOrders, ORDER_KEY } from "~/billing/order-history.server";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { pageLoader } from "~/http/respond.server";
import { EmptyState, OrderBadge, PageHead, Pagination } from "~/ui/kit";
import { pageLinks } from "~/ui/list-words";
import { type OrderRow, orderRows } from "~/ui/order-words";

const ROWS = 25;

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = () => [{ title: "Bestellungen – LeadRadar" }];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { tenantId } = await requireAdmin(request);
    const url = new URL(request.url);
    const cursor = readCursor(url.searchParams.get("cursor"), ORDER_KEY);
    const [page, total] = await Promise.all([
      listOrders(database(), tenantId, cursor, ROWS),
      countOrders(database(), tenantId),
    ]);
    const words = ["Bestellung", "Bestellungen"] as [string, string];
    const pages = page.items.length > 0 ? pageLinks(page, { total, words, filtered: false, url }) : null;
    return { ...orderRows(page.items), pages };
  });
}

export default function Orders() {
  const { rows, amountHead, pages } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHead
        title="Bestellungen"
        intro="Jeder Kauf mit Zahlung, Gutschrift und Beleg."
        action={
          <Link className="btn btn-primary" to="/admin/billing/packages">
            Paket kaufen
          </Link>
        }
      />
      {rows.length > 0 ? (
        <OrderTable rows={rows} amountHead={amountHead} />
      ) : (
        <EmptyState text="Noch keine Bestellung." action={{ label: "Pakete ansehen", to: "/admin/billing/packages" }} />
      )}
      {pages ? <Pagination pages={pages} /> : null}
    </>
  );
}

function OrderTable({ rows, amountHead }: { rows: OrderRow[]; amountHead: string }) {
  return (
    <table className="table table-rows">
      <caption className="sr-only">Bestellungen, neuste zuerst</caption>
      <thead>
        <tr>
          <th scope="col" className="max-sm:hidden">
            Datum
          </th>
          <th scope="col">Paket</th>
          <th scope="col" className="max-sm:hidden">
            Status
          </th>
          <th scope="col" className="text-end">
            {amountHead}
          </th>
          <th scope="col" className="text-end max-xl:hidden">
            Bestellnummer
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td className="num text-soft max-sm:hidden">
              <time dateTime={row.iso}>{row.when}</time>
            </td>
            <th scope="row">
              <Link
                className="underline decoration-line-strong underline-offset-3"
                to={`/admin/billing/orders/${row.id}`}
              >
                {row.pack}
              </Link>
              <span className="block text-sm font-normal text-soft xl:hidden">
                <span className="num block sm:hidden">{row.when}</span>
                <span className="code block">{row.number}</span>
                <span className="mt-1 block sm:hidden">
                  <OrderBadge status={row.status} inReview={row.inReview} />
                </span>
              </span>
            </th>
            <td className="max-sm:hidden">
              <OrderBadge status={row.status} inReview={row.inReview} />
            </td>
            <td className="num text-end">
              {row.amount}
              {row.refunded ? <span className="block text-sm text-mute">{row.refunded}</span> : null}
            </td>
            <td className="code text-end text-soft max-xl:hidden">{row.number}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
