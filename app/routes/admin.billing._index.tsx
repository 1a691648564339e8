import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { listActiveSkus } from "~/billing/catalog.server";
import { redeemCoupon } from "~/billing/coupons.server";
import { creditHistory, historyBegins } from "~/billing/credit-history";
import { SPENDING_ACTIONS } from "~/billing/credit-types";
import { previewSpending, spendCredit } from "~/billing/licences.server";
import { readOverview } from "~/billing/overview.server";
import { spendingForm } from "~/billing/schemas.server";
import { movementsSince } from "~/billing/statement.server";
import { database } from "~/db/client.server";
import { parseForm } from "~/http/parse.server";
import { pageAction, pageLoader, refusedIn } from "~/http/respond.server";
import type { loader as billingLoader } from "~/routes/admin.billing";
import { CouponForm } from "~/ui/coupon-form";
import { CreditChart } from "~/ui/credit-chart";
import { drawCreditChart } from "~/ui/credit-chart.server";
import { CreditRows } from "~/ui/credit-rows";
import { EmptyState, LicencePanel, PageHead, RefusedNote, SpendingQuestion, Toast } from "~/ui/kit";
import { LotTable } from "~/ui/lot-table";
import { priceListWords } from "~/ui/offer-words";
import { overviewWords } from "~/ui/overview-words";
import { PriceList } from "~/ui/price-list";
import { askedType, spendingQuestion } from "~/ui/spending-words";

export const meta: MetaFunction<typeof loader, { "routes/admin.billing": typeof billingLoader }> = ({
  data,
  matches,
}) => {
  if (data?.refused) return [{ title: `Fehler: ${data.refused}: Übersicht – LeadRadar` }];
  const billing = matches.find((match) => match.id === "routes/admin.billing");
  const toast = billing?.data?.toast;
  return [{ title: `${toast ? `${toast.title}: ` : ""}Übersicht – LeadRadar` }];
};

export { pageHeaders as headers } from "~/http/page-headers";

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const admin = await requireAdmin(request);
    const sql = database();
    const begin = historyBegins(new Date());
    const [overview, skus, movements] = await Promise.all([
      readOverview(sql, admin.tenantId),
      listActiveSkus(sql),
      movementsSince(sql, admin.tenantId, begin),
    ]);
    const history = creditHistory(overview.credits, movements, overview.readAt);
    const asked = admin.canSpend ? askedType(new URL(request.url).searchParams.get("bestaetigen")) : null;
    const preview = asked ? previewSpending(overview, asked) : null;
    return {
      ...overviewWords(overview),
      question: asked && preview ? spendingQuestion(overview, asked, preview) : null,
      drawing: history ? drawCreditChart(history) : null,
      refused: refusedIn(context),
      packages: priceListWords(skus),
      nonce: crypto.randomUUID(),
      canSpend: admin.canSpend,
    };
  });
}

/** Spends one credit, or redeems a code. */
export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return pageAction(args, async () => {
    const { tenantId, userId } = await requireAdmin(request, "spend");
    const form = await parseForm(request, spendingForm);
    const who = { tenantId, userId, deviceId: null, requestKey: `form:${form.nonce}` };
    if (form.intent === "redeem") {
      const { id } = await redeemCoupon(database(), { ...who, code: form.code });
      return redirect(`/admin/billing?eingeloest=${id}`, 303);
    }
    const { id } = await spendCredit(database(), { ...who, type: SPENDING_ACTIONS[form.action] });
    return redirect(`/admin/billing?aktiviert=${id}`, 303);
  });
}

export default function Overview() {
  const { licence, urgent, question, credits, lots, drawing, packages, nonce, canSpend } =
    useLoaderData<typeof loader>();
  const failure = useActionData<typeof action>();
  const error = failure && "error" in failure ? failure.error : null;
  const codeError = error?.values.intent === "redeem" ? (error.fields.code ?? error.message) : undefined;
  const refusedId = canSpend ? null : "nur-lesen";
  return (
    <>
      {error ? <Toast toast={{ tone: "danger", ...error.toast }} /> : null}
      {/* A refusal has answered the question; the router does not read the page anew after one. */}
      {question && !error ? <SpendingQuestion question={question} nonce={nonce} back="/admin/billing" /> : null}
      <PageHead
        title="Übersicht"
        action={
          <Link className={`btn ${urgent ? "btn-secondary" : "btn-primary"}`} to="/admin/billing/packages">
            Paket kaufen
          </Link>
        }
      />
      {canSpend ? null : <RefusedNote id="nur-lesen" />}
      <div className="grid gap-x-14 gap-y-10 xl:grid-cols-[minmax(0,22rem)_minmax(0,1fr)]">
        <LicencePanel licence={licence} />
        <section aria-labelledby="guthaben">
          <h2 id="guthaben" className="text-lg font-semibold tracking-tight">
            Guthaben
          </h2>
          <CreditRows credits={credits} urgent={urgent} refusedId={refusedId} />
        </section>
      </div>

      <Expiries lots={lots} drawing={drawing} />
      {packages ? <Prices packages={packages} nonce={nonce} refusedId={refusedId} /> : null}

      {/* Not named by its heading: "Code" is the name of the field alone. */}
      <section className="mt-14">
        <h2 className="mb-4 text-lg font-semibold tracking-tight">Gutscheincode</h2>
        <CouponForm
          nonce={nonce}
          code={codeError ? (error?.values.code ?? "") : ""}
          error={codeError}
          refusedId={refusedId}
        />
      </section>
    </>
  );
}

type Words = ReturnType<typeof useLoaderData<typeof loader>>;

/** What lapses when, beside the chart of what there was and will be. */
function Expiries({ lots, drawing }: Pick<Words, "lots" | "drawing">) {
  return (
    <section aria-labelledby="verfall" className="mt-14">
      <div className="mb-4 flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
        <div>
          <h2 id="verfall" className="text-lg font-semibold tracking-tight">
            Verfall
          </h2>
          <p className="mt-1 text-soft">Was zuerst verfällt, wird zuerst verbraucht.</p>
        </div>
        <Link className="link target" to="/admin/billing/ledger">
          Zum Kontoauszug
        </Link>
      </div>
      <div className="grid gap-x-14 gap-y-10 xl:grid-cols-2">
        {lots.rows.length > 0 ? (
          <div className="max-w-form">
            <LotTable lots={lots.rows} />
            {lots.more ? <p className="mt-3 text-sm text-mute">{lots.more}</p> : null}
          </div>
        ) : (
          <EmptyState
            text="Noch kein Guthaben. Mit dem ersten Paket erscheint es hier."
            action={{ label: "Pakete ansehen", to: "/admin/billing/packages" }}
          />
        )}
        {drawing ? <CreditChart drawing={drawing} /> : null}
      </div>
    </section>
  );
}

function Prices({
  packages,
  nonce,
  refusedId,
}: {
  packages: NonNullable<Words["packages"]>;
  nonce: string;
  refusedId: string | null;
}) {
  return (
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
      <PriceList columns={packages.columns} nonce={nonce} refusedId={refusedId} />
    </section>
  );
}
