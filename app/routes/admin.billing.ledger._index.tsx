import { data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { Form, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { readCursor } from "~/billing/paging.server";
import { statementQuery } from "~/billing/schemas.server";
import { balancesAt, countLedger, LEDGER_KEY, listLedger } from "~/billing/statement.server";
import { statementFilter, statementInstant } from "~/billing/statement-query.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { parseQuery } from "~/http/parse.server";
import { pageLoader } from "~/http/respond.server";
import { EmptyState, Field, Icon, PageHead, Pagination } from "~/ui/kit";
import { type FilterValues, LedgerFilter } from "~/ui/ledger-filter";
import { LedgerTable } from "~/ui/ledger-table";
import { balanceWords, ledgerWords } from "~/ui/ledger-words";
import { pageLinks } from "~/ui/list-words";

const ROWS = 25;
const FILTERS = ["type", "reason", "from", "to", "lot", "at"];
/** What somebody may have typed wrongly, and can mend here. */
const TYPED = ["from", "to", "at"];

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data && Object.keys(data.errors).length > 0 ? "Fehler: " : ""}Kontoauszug – LeadRadar` },
];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { tenantId } = await requireAdmin(request);
    const url = new URL(request.url);
    const values: FilterValues = {};
    for (const name of FILTERS) if (url.searchParams.get(name)) values[name] = url.searchParams.get(name) ?? "";
    const filterQuery = new URLSearchParams(values).toString();
    const page = { values, isFiltered: filterQuery !== "", csv: `/admin/billing/ledger.csv?${filterQuery}` };
    try {
      return { ...page, ...(await statement(tenantId, request, page.isFiltered)), errors: {} as FilterValues };
    } catch (thrown) {
      const errors = thrown instanceof DomainError ? (thrown.details.fields ?? {}) : {};
      const isTyped = Object.keys(errors).length > 0 && Object.keys(errors).every((name) => TYPED.includes(name));
      if (!isTyped) throw thrown;
      return data({ ...page, rows: null, pages: null, balance: null, errors }, { status: 400 });
    }
  });
}

async function statement(tenantId: string, request: Request, filtered: boolean) {
  const query = parseQuery(request, statementQuery);
  const cursor = readCursor(query.cursor ?? null, LEDGER_KEY);
  const filter = statementFilter(query);
  const at = statementInstant(query);
  const [page, total, balances] = await Promise.all([
    listLedger(database(), tenantId, filter, cursor, ROWS),
    countLedger(database(), tenantId, filter),
    at ? balancesAt(database(), tenantId, at) : null,
  ]);
  const links = { total, words: ["Bewegung", "Bewegungen"] as [string, string], filtered, url: new URL(request.url) };
  return {
    rows: ledgerWords(page.items),
    pages: page.items.length > 0 ? pageLinks(page, links) : null,
    balance: at && balances ? balanceWords(balances, at) : null,
  };
}

export default function Ledger() {
  const { values, isFiltered, csv, rows, pages, balance, errors } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHead
        title="Kontoauszug"
        intro="Jede Bewegung Ihres Guthabens, lückenlos und unveränderlich."
        action={
          <a className="btn btn-primary" href={csv} download>
            <Icon name="download" /> CSV herunterladen
          </a>
        }
      />
      <LedgerFilter values={values} errors={errors} isSet={isFiltered} />
      {balance ? (
        <section aria-labelledby="stand" className="mb-8">
          <h2 id="stand" className="text-base font-medium">
            {balance.title}
          </h2>
          <dl className="mt-2 flex flex-wrap gap-x-10 gap-y-2">
            {balance.counts.map(({ name, count }) => (
              <div key={name}>
                <dt className="text-sm text-mute">{name}</dt>
                <dd className="num text-xl font-semibold" data-testid={`stand-${name}`}>
                  {count}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ) : null}
      {rows && rows.length > 0 ? <LedgerTable rows={rows} /> : null}
      {rows?.length === 0 ? <NoRows isFiltered={isFiltered} /> : null}
      {pages ? <Pagination pages={pages} /> : null}
      <Form method="get" className="mt-12 flex max-w-form flex-wrap items-start gap-3 border-line border-t pt-6">
        <Field
          key={values.at}
          label="Guthaben an einem Tag"
          name="at"
          hint="Was am Ende dieses Tages da war."
          placeholder="TT.MM.JJJJ"
          defaultValue={values.at ?? ""}
          error={errors.at}
          className="basis-56"
          autoComplete="off"
        />
        <button type="submit" className="btn btn-secondary mt-12 min-h-10">
          Anzeigen
        </button>
      </Form>
    </>
  );
}

function NoRows({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    const action = { label: "Zurücksetzen", to: "/admin/billing/ledger" };
    return <EmptyState text="Keine Bewegung passt zu diesem Filter." action={action} />;
  }
  return <EmptyState text="Noch keine Bewegung." action={{ label: "Pakete ansehen", to: "/admin/billing/packages" }} />;
}
