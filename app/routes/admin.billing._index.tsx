import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { listActiveSkus } from "~/billing/catalog.server";
import { compareOffers } from "~/billing/offers";
import { readOverview } from "~/billing/overview.server";
import { database } from "~/db/client.server";
import { pageLoader } from "~/http/respond.server";
import type { loader as billingLoader } from "~/routes/admin.billing";
import { CreditRows } from "~/ui/credit-rows";
import { EmptyState } from "~/ui/empty-state";
import { LicencePanel } from "~/ui/licence-panel";
import { LotTable } from "~/ui/lot-table";
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
    return { overview, offers: compareOffers(skus), nonce: crypto.randomUUID(), canSpend: admin.canSpend };
  });
}

export default function Overview() {
  const { overview, offers, nonce, canSpend } = useLoaderData<typeof loader>();
  const { entitlement, credits, readAt } = overview;
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
        <LicencePanel entitlement={entitlement} now={readAt} />
        <section aria-labelledby="guthaben">
          <h2 id="guthaben" className="text-lg font-semibold tracking-tight">
            Guthaben
          </h2>
          <CreditRows credits={credits} now={readAt} />
        </section>
      </div>

      <section aria-labelledby="verfall" className="mt-14">
        <h2 id="verfall" className="text-lg font-semibold tracking-tight">
          Verfall
        </h2>
        <p className="mt-1 mb-4 text-soft">Was zuerst verfällt, wird zuerst verbraucht.</p>
        {credits.length > 0 ? (
          <div className="max-w-form">
            <LotTable credits={credits} now={readAt} />
          </div>
        ) : (
          <EmptyState
            text="Noch kein Guthaben. Mit dem ersten Paket erscheint es hier."
            action={{ label: "Pakete ansehen", to: "/admin/billing/packages" }}
          />
        )}
      </section>

      {offers.length > 0 ? (
        <section aria-labelledby="pakete" className="mt-14">
          <div className="mb-6 flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
            <div>
              <h2 id="pakete" className="text-lg font-semibold tracking-tight">
                Pakete
              </h2>
              <p className="mt-1 text-soft">{packagesIntro(offers)}</p>
            </div>
            <Link className="link target" to="/admin/billing/packages">
              Pakete vergleichen
            </Link>
          </div>
          {canSpend ? null : <RefusedNote id="nur-lesen" />}
          <PriceList offers={offers} nonce={nonce} refusedId={canSpend ? null : "nur-lesen"} />
        </section>
      ) : null}
    </>
  );
}

function packagesIntro(offers: Array<{ sku: { creditExpiresInDays: number } }>): string {
  const [days, ...others] = new Set(offers.map(({ sku }) => sku.creditExpiresInDays));
  const validity = others.length === 0 ? ` Credits sind ab Zahlung ${days} Tage einlösbar.` : "";
  return `Einmalzahlung über Stripe.${validity}`;
}
