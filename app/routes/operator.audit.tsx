import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { AUDIT_KEY, type AuditFilter, countChanges, listChanges } from "~/billing/audit.server";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { parseQuery } from "~/http/parse.server";
import { pageLoader } from "~/http/respond.server";
import { auditQuery, listStaff } from "~/operations/audit-filter.server";
import { AuditList } from "~/ui/audit-list";
import { ACTION_NAME, auditRows } from "~/ui/audit-words";
import { SelectField } from "~/ui/field";
import { EmptyState, Field, PageHead, Pagination } from "~/ui/kit";
import { pageLinks } from "~/ui/list-words";
import { OperatorFilter } from "~/ui/operator-filter";

const ROWS = 50;

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = () => [{ title: "Protokoll – LeadRadar" }];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const { cursor, ...values } = parseQuery(request, auditQuery);
    const filter: AuditFilter = {
      action: values.aktion,
      actorUserId: values.wer,
      tenantId: values.tenant,
      traceId: values.trace,
      subject: values.art && values.id ? { type: values.art, id: values.id } : undefined,
    };
    const [page, total, staff] = await Promise.all([
      listChanges(database(), filter, readCursor(cursor ?? null, AUDIT_KEY), ROWS),
      countChanges(database(), filter),
      listStaff(database()),
    ]);
    const isSet = Object.keys(values).length > 0;
    const words: [string, string] = ["Eintrag", "Einträgen"];
    return {
      rows: auditRows(page.items),
      pages:
        page.older || page.newer ? pageLinks(page, { total, words, filtered: isSet, url: new URL(request.url) }) : null,
      staff: [["", "Alle"], ...staff.map((it) => [it.id, it.name])] as Array<[string, string]>,
      actions: [["", "Alle"], ...Object.entries(ACTION_NAME)] as Array<[string, string]>,
      ...{ values, isSet },
    };
  });
}

export default function Audit() {
  const { rows, pages, staff, actions, values, isSet } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHead title="Protokoll" intro="Wer was wann geändert hat. Einträge ändern sich nie." />
      <OperatorFilter label="Protokoll filtern" to="/operator/audit" values={values} isSet={isSet}>
        <SelectField label="Wer" name="wer" defaultValue={values.wer ?? ""} options={staff} />
        <SelectField label="Was" name="aktion" defaultValue={values.aktion ?? ""} options={actions} />
        <Field
          label="Trace-ID"
          name="trace"
          defaultValue={values.trace ?? ""}
          className="min-w-0 basis-44"
          autoComplete="off"
        />
        {(["tenant", "art", "id"] as const).map((name) =>
          values[name] ? <input key={name} type="hidden" name={name} value={values[name]} /> : null,
        )}
      </OperatorFilter>
      {rows.length > 0 ? (
        <AuditList rows={rows} />
      ) : (
        <EmptyState text={isSet ? "Kein Eintrag passt zu diesem Filter." : "Noch keine Änderung."} />
      )}
      {pages ? <Pagination pages={pages} /> : null}
    </>
  );
}
