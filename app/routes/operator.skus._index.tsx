import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Form, Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { database } from "~/db/client.server";
import { operatorAction } from "~/http/operator-action.server";
import { parseForm } from "~/http/parse.server";
import { pageLoader } from "~/http/respond.server";
import { listSkus, moveSku } from "~/operations/catalogue.server";
import { skuIdForm } from "~/operations/sku-form.server";
import { Badge } from "~/ui/badge";
import { EmptyState, Icon, PageHead, Toast } from "~/ui/kit";
import { type SkuRow, skuRows } from "~/ui/sku-words";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = () => [{ title: "Paketkatalog – LeadRadar" }];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const rows = skuRows(await listSkus(database()));
    return { onSale: rows.filter((it) => it.active), retired: rows.filter((it) => !it.active) };
  });
}

export function action(args: ActionFunctionArgs) {
  const { request } = args;
  const move = (to: "up" | "down") => async (actor: { userId: string; traceId: string }) => {
    const { skuId } = await parseForm(request, skuIdForm);
    await moveSku(database(), actor, skuId, to);
    return redirect("/operator/skus", 303);
  };
  return operatorAction(args, { up: move("up"), down: move("down") });
}

export default function Skus() {
  const { onSale, retired } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const error = answer && "error" in answer ? answer.error : null;
  return (
    <>
      <Toast toast={error ? { tone: "danger", ...error.toast } : null} />
      <PageHead
        title="Paketkatalog"
        intro="Was im Verkauf ist, in der Reihenfolge des Ladens."
        action={
          <Link className="btn btn-primary" to="/operator/skus/new">
            Paket anlegen
          </Link>
        }
      />
      {onSale.length > 0 ? (
        <SkuTable rows={onSale} caption="Pakete im Verkauf" />
      ) : (
        <EmptyState text="Zurzeit ist kein Paket im Verkauf." />
      )}
      {retired.length > 0 ? (
        <section aria-labelledby="weg" className="mt-14">
          <h2 id="weg" className="mb-4 text-lg font-semibold tracking-tight">
            Nicht im Verkauf
          </h2>
          <SkuTable rows={retired} caption="Pakete, die nicht im Verkauf sind" />
        </section>
      ) : null}
    </>
  );
}

function SkuTable({ rows, caption }: { rows: SkuRow[]; caption: string }) {
  return (
    <table className="table table-rows">
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Paket</th>
          <th scope="col" className="max-md:hidden">
            Inhalt
          </th>
          <th scope="col" className="text-end">
            Preis
          </th>
          <th scope="col">
            <span className="sr-only">Reihenfolge</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <th scope="row" className="wrap-anywhere">
              <Link className="underline decoration-line-strong underline-offset-3" to={`/operator/skus/${row.id}`}>
                {row.name}
              </Link>
              <span className="block text-sm font-normal text-soft md:hidden">{row.contents}</span>
              {row.hint ? <span className="block text-sm font-normal text-positive">{row.hint}</span> : null}
              {row.due ? (
                <span className="mt-1 block">
                  <Badge tone="notice" icon={<Icon name="alert" />}>
                    Abgleich nötig
                  </Badge>
                </span>
              ) : null}
            </th>
            <td className="text-soft max-md:hidden">{row.contents}</td>
            <td className="num text-end">
              {row.price}
              <span className="code wrap-anywhere block text-sm text-mute max-lg:hidden">{row.priceId}</span>
            </td>
            <td>{row.active ? <Move row={row} /> : null}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Move({ row: { id, name, isFirst, isLast } }: { row: SkuRow }) {
  return (
    <Form method="post" action="?index" className="flex justify-end gap-1" preventScrollReset>
      <input type="hidden" name="skuId" value={id} />
      <button type="submit" name="intent" value="up" className="btn btn-ghost" disabled={isFirst}>
        <Icon name="arrow-up" />
        <span className="sr-only">{name} nach vorn</span>
      </button>
      <button type="submit" name="intent" value="down" className="btn btn-ghost" disabled={isLast}>
        <Icon name="arrow-down" />
        <span className="sr-only">{name} nach hinten</span>
      </button>
    </Form>
  );
}
