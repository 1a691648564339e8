import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { parseQuery } from "~/http/parse.server";
import { pageLoader } from "~/http/respond.server";
import { listAdjustments } from "~/operations/adjustments.server";
import { tenantQuery } from "~/operations/tenant-forms.server";
import { listTenants, TENANT_KEY } from "~/operations/tenants.server";
import { Badge } from "~/ui/badge";
import { formatDate } from "~/ui/format";
import { Icon } from "~/ui/icon";
import { EmptyState, Field, PageHead, Pagination } from "~/ui/kit";
import { pageLinks } from "~/ui/list-words";
import { OperatorFilter } from "~/ui/operator-filter";
import { AdjustmentList } from "~/ui/tenant-adjustments";
import { adjustmentRows } from "~/ui/tenant-words";

const ROWS = 50;

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = () => [{ title: "Konten – LeadRadar" }];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { userId } = await requireOperator(request);
    const { cursor, suche } = parseQuery(request, tenantQuery);
    const [{ page, total }, waiting] = await Promise.all([
      listTenants(database(), suche?.trim(), readCursor(cursor ?? null, TENANT_KEY), ROWS),
      listAdjustments(database(), "waiting"),
    ]);
    const words: [string, string] = ["Konto", "Konten"];
    const filtered = Boolean(suche?.trim());
    return {
      rows: page.items.map((it) => ({
        id: it.id,
        name: it.name,
        slug: it.slug,
        country: it.country,
        users: it.users,
        created: formatDate(it.createdAt),
        disabled: it.disabledAt !== null,
      })),
      pages: page.items.length > 0 ? pageLinks(page, { total, words, filtered, url: new URL(request.url) }) : null,
      waiting: adjustmentRows(waiting, userId),
      ...{ suche, filtered },
    };
  });
}

export default function Tenants() {
  const { rows, pages, waiting, suche, filtered } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHead
        title="Konten"
        intro="Wer bei uns Kunde ist, mit Personen, Guthaben und Korrekturen."
        action={
          <Link className="btn btn-primary" to="/operator/tenants/new">
            Konto anlegen
          </Link>
        }
      />
      {waiting.length > 0 ? (
        <section aria-labelledby="warten" className="mb-10 rounded-lg bg-notice-wash p-6">
          <h2 id="warten" className="mb-2 font-semibold text-notice">
            {waiting.length === 1
              ? "1 Korrektur wartet auf eine zweite Person"
              : `${waiting.length} Korrekturen warten auf eine zweite Person`}
          </h2>
          <AdjustmentList rows={waiting} named />
        </section>
      ) : null}
      <OperatorFilter label="Konten suchen" to="/operator/tenants" values={{ suche }} isSet={filtered}>
        <Field
          label="Suche"
          name="suche"
          type="search"
          hint="Anfang des Namens, Kürzel, ID oder E-Mail einer Person."
          defaultValue={suche ?? ""}
          className="min-w-0 basis-72"
          autoComplete="off"
        />
      </OperatorFilter>
      {rows.length > 0 ? (
        <TenantTable rows={rows} />
      ) : (
        <EmptyState text={filtered ? "Kein Konto passt zu dieser Suche." : "Noch kein Konto."} />
      )}
      {pages ? <Pagination pages={pages} /> : null}
    </>
  );
}

type Row = ReturnType<typeof useLoaderData<typeof loader>>["rows"][number];

function TenantTable({ rows }: { rows: Row[] }) {
  return (
    <table className="table table-rows">
      <caption className="sr-only">Konten, neuste zuerst</caption>
      <thead>
        <tr>
          <th scope="col">Konto</th>
          <th scope="col" className="max-sm:hidden">
            Land
          </th>
          <th scope="col">Status</th>
          <th scope="col" className="text-end">
            Personen
          </th>
          <th scope="col" className="max-sm:hidden">
            Angelegt
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <th scope="row" className="wrap-anywhere">
              <Link
                className="underline decoration-line-strong underline-offset-3"
                to={`/operator/tenants/${encodeURIComponent(row.id)}`}
              >
                {row.name}
              </Link>
              <span className="block text-sm font-normal text-mute">{row.slug}</span>
            </th>
            <td className="max-sm:hidden">{row.country}</td>
            <td>
              <Badge
                tone={row.disabled ? "danger" : "positive"}
                icon={<Icon name={row.disabled ? "lock" : "check-circle"} />}
              >
                {row.disabled ? "Gesperrt" : "Aktiv"}
              </Badge>
            </td>
            <td className="num text-end">{row.users}</td>
            <td className="num text-soft max-sm:hidden">{row.created}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
