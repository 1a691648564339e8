import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { listChanges } from "~/billing/audit.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { parseQuery } from "~/http/parse.server";
import { pageLoader } from "~/http/respond.server";
import { firstOfBatch, streamBatch } from "~/operations/coupon-codes.server";
import { couponDeskQuery } from "~/operations/coupon-form.server";
import { AuditList } from "~/ui/audit-list";
import { auditRows } from "~/ui/audit-words";
import { batchDetails, batchTitle, batchToast } from "~/ui/coupon-words";
import { DefinitionList, Icon, PageHead, Toast, useCleanAddress } from "~/ui/kit";
import { Section } from "~/ui/section";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Gutscheincodes – LeadRadar" }];

/** Codes that were made together: all of them, to copy or to keep as a file. */
export function loader({ request, params }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const sql = database();
    const batchId = params.batchId ?? "";
    const first = await firstOfBatch(sql, batchId);
    if (!first) throw new DomainError("NOT_FOUND");
    const codes: string[] = [];
    for await (const rows of streamBatch(sql, batchId)) codes.push(...rows.map((row) => row.code));
    const changes = await listChanges(sql, { subject: { type: "COUPON", id: batchId } }, null, 50);
    const toast = parseQuery(request, couponDeskQuery).erledigt === "angelegt" ? batchToast(codes.length) : null;
    const name = batchTitle(codes.length);
    return {
      title: `${toast ? `${toast.title}: ` : ""}${name} – LeadRadar`,
      codes: codes.join("\n"),
      details: batchDetails(first, codes.length),
      changes: auditRows(changes.items),
      query: new URLSearchParams({ batch: batchId }).toString(),
      ...{ name, toast },
    };
  });
}

export default function Batch() {
  const { name, codes, details, changes, query, toast } = useLoaderData<typeof loader>();
  useCleanAddress(toast !== null);
  return (
    <>
      <Toast toast={toast} />
      <Link className="link target mb-3" to="/operator/coupons">
        ← Gutscheincodes
      </Link>
      <PageHead
        title={name}
        intro="Zusammen angelegt, mit denselben Bedingungen."
        action={
          <a className="btn btn-primary" href={`/operator/coupons.csv?${query}`} download>
            <Icon name="download" /> CSV herunterladen
          </a>
        }
      />
      <div className="grid gap-x-14 gap-y-12 xl:grid-cols-2">
        <section aria-labelledby="codes" className="min-w-0">
          <h2 id="codes" className="mb-4 text-lg font-semibold tracking-tight">
            Codes
          </h2>
          <textarea
            className="input code"
            rows={14}
            value={codes}
            readOnly
            aria-labelledby="codes"
            spellCheck={false}
          />
          <p className="mt-3 text-soft">
            <Link className="link target" to={`/operator/coupons?${query}`}>
              Stand und Einlösungen jedes Codes
            </Link>
          </p>
        </section>
        <div className="grid content-start gap-y-12">
          <Section id="angaben" title="Angaben">
            <DefinitionList items={details} />
          </Section>
          <Section id="aenderungen" title="Änderungen">
            {changes.length > 0 ? (
              <AuditList rows={changes} beside />
            ) : (
              <p className="text-soft">Noch keine Änderung von Hand.</p>
            )}
          </Section>
        </div>
      </div>
    </>
  );
}
