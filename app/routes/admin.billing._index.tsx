import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { listActiveSkus } from "~/billing/catalog.server";
import { readOverview } from "~/billing/overview.server";
import { database } from "~/db/client.server";
import { pageLoader } from "~/http/respond.server";
import type { loader as billingLoader } from "~/routes/admin.billing";
import { CreditRows } from "~/ui/credit-rows";
import { EmptyState } from "~/ui/empty-state";
import { LicencePanel } from "~/ui/licence-panel";
import { LotTable } from "~/ui/lot-table";
import { priceListWords } from "~/ui/offer-words";
import { overviewWords } from "~/ui/overview-words";
import { PageHead } from "~/ui/page-head";
import { PriceList } from "~/ui/price-list";
import { RefusedNote } from "~/ui/refused-note";

export const meta: MetaFunction<typeof loader, { "routes/admin.billing": typeof billingLoader }> = ({ matches }) => {
  const billing = matches.find((match) => match.id === "routes/admin.billing");
  const toast = billing?.data?.toast;
  return [{ title: `${toast ? `${toast.title}: ` : ""}Übersicht – LeadRadar` }];
};

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const admin = await requireAdmin(request);
    const sql = database();
    const [overview, skus] = await Promise.all([readOverview(sql, admin.tenantId), listActiveSkus(sql)]);
    return {
      ...overviewWords(overview),
      packages: priceListWords(skus),
      nonce: crypto.randomUUID(),
      canSpend: admin.canSpend,
    };
  });
}

export default function Overview() {
  const { licence, credits, lots, packages, nonce, canSpend } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHead
        title="Übersicht"
        action={
          <Link className="btn btn-primary" to="/admin/billing/packages">
            Paket kaufen
          </Link>
        }
      />
      <div className="grid gap-x-14 gap-y-10 xl:grid-cols-[minmax(0,22rem)_minmax(0,1fr)]">
        <LicencePanel licence={licence} />
        <section aria-labelledby="guthaben">
          <h2 id="guthaben" className="text-lg font-semibold tracking-tight">
            Guthaben
          </h2>
          <CreditRows credits={credits} />
        </section>
      </div>

      <section aria-labelledby="verfall" className="mt-14">
        <h2 id="verfall" className="text-lg font-semibold tracking-tight">
          Verfall
        </h2>
        <p className="mt-1 mb-4 text-soft">Was zuerst verfällt, wird zuerst verbraucht.</p>
        {lots.length > 0 ? (
          <div className="max-w-form">
            <LotTable lots={lots} />
          </div>
        ) : (
          <EmptyState
            text="Noch kein Guthaben. Mit dem ersten Paket erscheint es hier."
            action={{ label: "Pakete ansehen", to: "/admin/billing/packages" }}
          />
        )}
      </section>

      {packages ? (
        <section aria-labelledby="pakete" className="mt-14">
          <div className="mb-6 flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
            <div>
              <h2 id="pakete" className="text-lg font-semibold tracking-tight">
                Pakete
              </h2>
              <p className="mt-1 text-soft">{packages.intro}</p>
            </div>
            <Link className="link target" to="/admin/billing/packages">
              Pakete vergleichen
            </Link>
          </div>
          {canSpend ? null : <RefusedNote id="nur-lesen" />}
          <PriceList columns={packages.columns} nonce={nonce} refusedId={canSpend ? null : "nur-lesen"} />
        </section>
      ) : null}
    </>
  );
}
