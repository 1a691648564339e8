import { data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { AUDIT_KEY, countChanges, listChanges } from "~/billing/audit.server";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { parseQuery } from "~/http/parse.server";
import { pageLoader } from "~/http/respond.server";
import { auditQuery, findAuditFilter, listStaff } from "~/operations/audit-filter.server";
import { AuditFilterForm } from "~/ui/audit-filter";
import { AuditList } from "~/ui/audit-list";
import { ACTION_NAME, auditRows, SUBJECT_NAME } from "~/ui/audit-words";
import { EmptyState, PageHead, Pagination } from "~/ui/kit";
import { pageLinks } from "~/ui/list-words";

const ROWS = 50;
const WORDS: [one: string, many: string] = ["Eintrag", "Einträgen"];
/** What somebody may have typed wrongly, and can mend here. */
const TYPED = ["wer", "tenant", "art", "id", "trace"];

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data && Object.keys(data.errors).length > 0 ? "Fehler: " : ""}Protokoll – LeadRadar` },
];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const values: Record<string, string> = {};
    for (const name of [...TYPED, "aktion"]) {
      const value = new URL(request.url).searchParams.get(name);
      if (value) values[name] = value;
    }
    const isSet = Object.keys(values).length > 0;
    const choices = {
      actions: [["", "Alle"], ...Object.entries(ACTION_NAME)] as Array<[string, string]>,
      subjects: [["", "Alles"], ...Object.entries(SUBJECT_NAME)] as Array<[string, string]>,
      staff: await listStaff(database()),
    };
    try {
      return {
        ...(await entries(request, isSet)),
        ...{ values, isSet, choices },
        errors: {} as Record<string, string>,
      };
    } catch (thrown) {
      const errors = thrown instanceof DomainError ? (thrown.details.fields ?? {}) : {};
      const isTyped = Object.keys(errors).length > 0 && Object.keys(errors).every((name) => TYPED.includes(name));
      if (!isTyped) throw thrown;
      return data({ rows: null, pages: null, ...{ values, isSet, choices, errors } }, { status: 400 });
    }
  });
}

async function entries(request: Request, filtered: boolean) {
  const sql = database();
  const query = parseQuery(request, auditQuery);
  const filter = await findAuditFilter(sql, query);
  const [page, total] = await Promise.all([
    listChanges(sql, filter, readCursor(query.cursor ?? null, AUDIT_KEY), ROWS),
    countChanges(sql, filter),
  ]);
  const links = { total, words: WORDS, filtered, url: new URL(request.url) };
  return { rows: auditRows(page.items), pages: page.items.length > 0 ? pageLinks(page, links) : null };
}

export default function Audit() {
  const { rows, pages, values, isSet, choices, errors } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHead title="Protokoll" intro="Wer was wann geändert hat. Einträge ändern sich nie." />
      <AuditFilterForm {...{ values, isSet, choices, errors }} />
      {rows && rows.length > 0 ? <AuditList rows={rows} /> : null}
      {rows?.length === 0 ? (
        <EmptyState text={isSet ? "Kein Eintrag passt zu diesem Filter." : "Noch keine Änderung."} />
      ) : null}
      {pages ? <Pagination pages={pages} /> : null}
    </>
  );
}
