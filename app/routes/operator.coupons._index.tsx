import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { parseQuery } from "~/http/parse.server";
import { pageLoader } from "~/http/respond.server";
import { COUPON_KEY, listCoupons } from "~/operations/coupon-codes.server";
import { couponQuery } from "~/operations/coupon-form.server";
import { Badge } from "~/ui/badge";
import { type CouponRow, couponRows, STATE_OPTIONS } from "~/ui/coupon-words";
import { SelectField } from "~/ui/field";
import { EmptyState, Field, Icon, PageHead, Pagination } from "~/ui/kit";
import { pageLinks } from "~/ui/list-words";
import { OperatorFilter } from "~/ui/operator-filter";

const ROWS = 50;

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = () => [{ title: "Gutscheincodes – LeadRadar" }];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const { cursor, ...values } = parseQuery(request, couponQuery);
    const filter = { state: values.status, partner: values.partner, batchId: values.batch, text: values.suche?.trim() };
    const { page, total } = await listCoupons(database(), filter, readCursor(cursor ?? null, COUPON_KEY), ROWS);
    const isSet = Object.keys(values).length > 0;
    const words: [string, string] = ["Code", "Codes"];
    const url = new URL(request.url);
    return {
      rows: couponRows(page.items),
      pages: page.items.length > 0 ? pageLinks(page, { total, words, filtered: isSet, url }) : null,
      states: [["", "Alle"], ...STATE_OPTIONS] as Array<[string, string]>,
      batch: values.batch ? `/operator/coupons/batches/${encodeURIComponent(values.batch)}` : null,
      ...{ values, isSet },
    };
  });
}

export default function Coupons() {
  const { rows, pages, states, values, isSet, batch } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHead
        title="Gutscheincodes"
        intro="Codes, die Credits gewähren."
        action={
          <Link className="btn btn-primary" to="/operator/coupons/new">
            Code anlegen
          </Link>
        }
      />
      <OperatorFilter label="Codes filtern" to="/operator/coupons" values={values} isSet={isSet}>
        <Field
          label="Code beginnt mit"
          name="suche"
          type="search"
          defaultValue={values.suche ?? ""}
          className="min-w-0 basis-48"
          autoComplete="off"
        />
        <SelectField label="Stand" name="status" defaultValue={values.status ?? ""} options={states} />
        <Field
          label="Partner"
          name="partner"
          defaultValue={values.partner ?? ""}
          className="min-w-0 basis-48"
          autoComplete="off"
        />
        {values.batch ? <input type="hidden" name="batch" value={values.batch} /> : null}
      </OperatorFilter>
      {batch ? (
        <p className="mb-6 text-soft">
          Nur zusammen angelegte Codes.{" "}
          <Link className="link" to={batch}>
            Alle Codes dieser Liste kopieren oder herunterladen
          </Link>
        </p>
      ) : null}
      {rows.length > 0 ? (
        <CouponTable rows={rows} />
      ) : (
        <EmptyState text={isSet ? "Kein Code passt zu diesem Filter." : "Noch kein Gutscheincode."} />
      )}
      {pages ? <Pagination pages={pages} /> : null}
    </>
  );
}

function CouponTable({ rows }: { rows: CouponRow[] }) {
  return (
    <table className="table table-rows">
      <caption className="sr-only">Gutscheincodes, neuste zuerst</caption>
      <thead>
        <tr>
          <th scope="col">Code</th>
          <th scope="col" className="max-sm:hidden">
            Stand
          </th>
          <th scope="col" className="max-md:hidden">
            Gewährt
          </th>
          <th scope="col" className="max-lg:hidden">
            Einlösbar
          </th>
          <th scope="col" className="text-end">
            Einlösungen
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ id, code, state, grants, window, used, partner }) => (
          <tr key={id}>
            <th scope="row">
              <Link
                className="code wrap-anywhere underline decoration-line-strong underline-offset-3"
                to={`/operator/coupons/${id}`}
              >
                {code}
              </Link>
              {partner ? <span className="wrap-anywhere block text-sm font-normal text-mute">{partner}</span> : null}
              <span className="block text-sm font-normal text-soft md:hidden">{grants}</span>
              <span className="mt-1 block sm:hidden">
                <Badge tone={state.tone} icon={<Icon name={state.icon} />}>
                  {state.name}
                </Badge>
              </span>
            </th>
            <td className="max-sm:hidden">
              <Badge tone={state.tone} icon={<Icon name={state.icon} />}>
                {state.name}
              </Badge>
            </td>
            <td className="max-md:hidden">{grants}</td>
            <td className="text-soft max-lg:hidden">{window}</td>
            <td className="num text-end">{used}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
