import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { useActionData, useLoaderData, useSearchParams } from "@remix-run/react";
import { useEffect } from "react";
import { requireAdmin } from "~/auth/access.server";
import { listActiveSkus } from "~/billing/catalog.server";
import { placeOrder } from "~/billing/checkout.server";
import { CREDIT_TYPES } from "~/billing/credit-types";
import { buyForm } from "~/billing/schemas.server";
import { database } from "~/db/client.server";
import { env } from "~/env.server";
import { parseForm } from "~/http/parse.server";
import { pageAction, pageLoader, refusedIn } from "~/http/respond.server";
import { stripeClient } from "~/stripe/gateway.server";
import { CREDIT_TAB, EmptyState, PageHead, RefusedNote, Tabs, Toast, type ToastContent } from "~/ui/kit";
import { packageWords } from "~/ui/offer-words";
import { PackageCard } from "~/ui/package-card";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data?.refused ? `Fehler: ${data.refused}: ` : ""}Pakete – LeadRadar` },
];

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const admin = await requireAdmin(request);
    const offers = packageWords(await listActiveSkus(database()));
    return { offers, nonce: crypto.randomUUID(), canSpend: admin.canSpend, refused: refusedIn(context) };
  });
}

/** "Kaufen": places the order and sends the buyer to Stripe. */
export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return pageAction(args, async () => {
    const admin = await requireAdmin(request, "spend");
    const { skuId, nonce } = await parseForm(request, buyForm);
    const click = { skuId, requestKey: `form:${nonce}:${skuId}`, whileOpen: true };
    const { checkoutUrl } = await placeOrder(database(), stripeClient(), admin, click, env().APP_ORIGIN);
    return redirect(checkoutUrl, 303);
  });
}

export default function Packages() {
  const { offers, nonce, canSpend } = useLoaderData<typeof loader>();
  const failure = useActionData<typeof action>();
  const error = failure && "error" in failure ? failure.error : null;
  const [query] = useSearchParams();
  const kinds = CREDIT_TYPES.filter((type) => offers.some((offer) => offer.kind === type));
  const refusedOffer = offers.find((offer) => offer.id === error?.values.skuId);
  const shown = refusedOffer?.kind ?? kinds.find((type) => CREDIT_TAB[type].art === query.get("art")) ?? kinds[0];
  const toast: ToastContent | null = error ? { tone: "danger", ...error.toast } : null;
  useScrollTo(refusedOffer ? `paket-${refusedOffer.id}` : null);
  return (
    <>
      {toast ? <Toast toast={toast} /> : null}
      <PageHead title="Pakete" intro="Einmal zahlen, einlösen, wann Sie es brauchen. Kein Abo." />
      {shown ? (
        <>
          <Tabs
            label="Art der Pakete"
            tabs={kinds.map((type) => ({
              name: CREDIT_TAB[type].name,
              to: `/admin/billing/packages?art=${CREDIT_TAB[type].art}`,
              current: type === shown,
            }))}
          />
          {canSpend ? null : <RefusedNote id="nur-lesen" />}
          <ul className="grid gap-5 sm:grid-cols-2 xl:grid-cols-4">
            {offers
              .filter((offer) => offer.kind === shown)
              .map((offer) => (
                <PackageCard
                  key={offer.id}
                  offer={offer}
                  nonce={nonce}
                  refusedId={canSpend ? null : "nur-lesen"}
                  problem={offer === refusedOffer && toast ? `${toast.title}.` : null}
                />
              ))}
          </ul>
        </>
      ) : (
        <EmptyState
          text="Zurzeit ist kein Paket im Verkauf."
          action={{ label: "Zur Übersicht", to: "/admin/billing" }}
        />
      )}
      <HowItWorks />
    </>
  );
}

/** Leaves the page where the refused package is, which repeats the reason; the focus is on the message above. */
function useScrollTo(id: string | null): void {
  useEffect(() => {
    if (id) document.getElementById(id)?.scrollIntoView({ block: "nearest" });
  }, [id]);
}

const STEPS = [
  { title: "Kaufen", text: "Sie bezahlen bei Stripe und kehren hierher zurück." },
  { title: "Gutschreiben", text: "Die Credits erscheinen nach der Zahlung in Ihrem Guthaben." },
  { title: "Aktivieren", text: "Die Laufzeit beginnt erst, wenn Sie einen Credit einlösen." },
];

function HowItWorks() {
  return (
    <section aria-labelledby="ablauf" className="mt-14 border-line border-t pt-8">
      <h2 id="ablauf" className="text-lg font-semibold tracking-tight">
        So funktioniert es
      </h2>
      <ol className="mt-4 grid gap-x-10 gap-y-6 md:grid-cols-3">
        {STEPS.map((step, i) => (
          <li key={step.title} className="flex gap-4">
            <span aria-hidden="true" className="num min-w-5 text-2xl font-semibold">
              {i + 1}
            </span>
            <div>
              <h3 className="font-medium">{step.title}</h3>
              <p className="mt-0.5 text-soft">{step.text}</p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
