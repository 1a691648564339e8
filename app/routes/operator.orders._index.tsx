import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { ORDER_KEY } from "~/billing/order-history.server";
import { ORDER_STATUSES, type OrderStatus } from "~/billing/order-status";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { parseQuery } from "~/http/parse.server";
import { pageLoader } from "~/http/respond.server";
import { findOrders, orderQuery } from "~/operations/orders.server";
import { SelectField } from "~/ui/field";
import { EmptyState, Field, OrderBadge, PageHead, Pagination } from "~/ui/kit";
import { pageLinks } from "~/ui/list-words";
import { OperatorFilter } from "~/ui/operator-filter";
import { type FoundOrderRow, foundOrderRows } from "~/ui/operator-order-words";

const ROWS = 50;

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = () => [{ title: "Alle Bestellungen – LeadRadar" }];

const STATUS_NAME: Record<OrderStatus, string> = {
  PENDING: "Zahlung offen",
  PROCESSING: "Zahlung wird verarbeitet",
  PAID: "Bezahlt",
  PARTIALLY_REFUNDED: "Teilweise rückerstattet",
  REFUNDED: "Rückerstattet",
  EXPIRED: "Abgelaufen",
  FAILED: "Fehlgeschlagen",
  DISPUTED: "Zahlung angefochten",
};

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const { cursor, ...values } = parseQuery(request, orderQuery);
    const filter = {
      status: values.status,
      inReview: values.pruefung === "1",
      tenantId: values.tenant,
      text: values.suche?.trim(),
    };
    const { page, total } = await findOrders(database(), filter, readCursor(cursor ?? null, ORDER_KEY), ROWS);
    const isSet = Object.keys(values).length > 0;
    const words: [string, string] = ["Bestellung", "Bestellungen"];
    return {
      rows: foundOrderRows(page.items),
      pages:
        page.items.length > 0 ? pageLinks(page, { total, words, filtered: isSet, url: new URL(request.url) }) : null,
      statuses: [["", "Alle"], ...ORDER_STATUSES.map((it) => [it, STATUS_NAME[it]])] as Array<[string, string]>,
      ...{ values, isSet },
    };
  });
}

export default function AllOrders() {
  const { rows, pages, values, statuses, isSet } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHead title="Alle Bestellungen" intro="Jeder Kauf jedes Kontos, mit allem, was daraus wurde." />
      <OperatorFilter label="Bestellungen filtern" to="/operator/orders" values={values} isSet={isSet}>
        <Field
          label="Suche"
          name="suche"
          type="search"
          defaultValue={values.suche ?? ""}
          className="min-w-0 basis-64"
          autoComplete="off"
          aria-describedby="suche-hinweis"
        />
        <SelectField label="Status" name="status" defaultValue={values.status ?? ""} options={statuses} />
        <SelectField
          label="Prüfung"
          name="pruefung"
          defaultValue={values.pruefung ?? ""}
          options={[
            ["", "Alle"],
            ["1", "Nur in Prüfung"],
          ]}
        />
        {values.tenant ? <input type="hidden" name="tenant" value={values.tenant} /> : null}
        <p id="suche-hinweis" className="hint order-last w-full">
          Nummer, Bestell-ID, Sitzung, Zahlung, Belastung, E-Mail oder Konto.
        </p>
      </OperatorFilter>
      {rows.length > 0 ? (
        <OrderTable rows={rows} />
      ) : (
        <EmptyState
          text={isSet ? "Keine Bestellung passt zu diesem Filter." : "Noch keine Bestellung."}
          {...(isSet ? { action: { label: "Zurücksetzen", to: "/operator/orders" } } : {})}
        />
      )}
      {pages ? <Pagination pages={pages} /> : null}
    </>
  );
}

function OrderTable({ rows }: { rows: FoundOrderRow[] }) {
  return (
    <table className="table table-rows">
      <caption className="sr-only">Bestellungen aller Konten, neuste zuerst</caption>
      <thead>
        <tr>
          <th scope="col" className="max-lg:hidden">
            Datum
          </th>
          <th scope="col">Bestellung</th>
          <th scope="col" className="max-md:hidden">
            Konto
          </th>
          <th scope="col" className="max-sm:hidden">
            Status
          </th>
          <th scope="col" className="text-end">
            Betrag
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td className="num text-soft max-lg:hidden">
              <time dateTime={row.iso}>{row.when}</time>
            </td>
            <th scope="row">
              <Link className="underline decoration-line-strong underline-offset-3" to={`/operator/orders/${row.id}`}>
                {row.pack}
              </Link>
              <span className="block text-sm font-normal text-soft">
                <span className="code block">{row.number}</span>
                <span className="num block lg:hidden">{row.when}</span>
                <span className="wrap-anywhere block md:hidden">{row.tenant.name}</span>
                <span className="mt-1 block sm:hidden">
                  <OrderBadge status={row.status} inReview={row.inReview} />
                </span>
              </span>
            </th>
            <td className="wrap-anywhere max-md:hidden">
              <Link className="link" to={`/operator/tenants/${row.tenant.id}`}>
                {row.tenant.name}
              </Link>
            </td>
            <td className="max-sm:hidden">
              <OrderBadge status={row.status} inReview={row.inReview} />
            </td>
            <td className="num text-end">
              {row.amount}
              {row.refunded ? <span className="block text-sm text-mute">{row.refunded}</span> : null}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
