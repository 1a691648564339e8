import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { readOrderHistory } from "~/billing/order-history.server";
import { database } from "~/db/client.server";
import { pageLoader } from "~/http/respond.server";
import { BuyForm, DefinitionList, Icon, Mark, OrderBadge, RefusedNote } from "~/ui/kit";
import { timelineOf } from "~/ui/order-timeline";
import { orderWords } from "~/ui/order-words";
import { Timeline } from "~/ui/timeline";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data ? `${data.pack}, ${data.number}` : "Bestellung"} – LeadRadar` },
];

export function loader({ request, params }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { tenantId, canSpend } = await requireAdmin(request);
    const history = await readOrderHistory(database(), tenantId, params.orderId ?? "");
    return { ...orderWords(history), timeline: timelineOf(history), nonce: crypto.randomUUID(), canSpend };
  });
}

type Words = ReturnType<typeof useLoaderData<typeof loader>>;

export default function Order() {
  const words = useLoaderData<typeof loader>();
  const { pack, status, inReview, intro, sentence, timeline, details, company, again, canSpend, printed } = words;
  return (
    <>
      <div className="mb-8 hidden justify-between print:flex">
        <Mark />
        <p>{printed}</p>
      </div>
      <nav aria-label="Zurück" className="mb-4">
        <Link className="target inline-flex items-center gap-2 text-soft hover:text-ink" to="/admin/billing/orders">
          <Icon name="arrow-left" /> Bestellungen
        </Link>
      </nav>
      <header className="mb-10 flex flex-wrap items-start justify-between gap-x-6 gap-y-4">
        <div className="min-w-0">
          <p className="mb-1 hidden print:block">Zahlungsbeleg</p>
          <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
            <h1 className="text-2xl font-semibold tracking-tight">{pack}</h1>
            <OrderBadge status={status} inReview={inReview} />
          </div>
          <p className="mt-2 text-md text-soft">{intro}</p>
          {sentence ? <p className="mt-3 max-w-[62ch]">{sentence}</p> : null}
          {inReview ? <p className="mt-3 max-w-[62ch]">Wir prüfen diese Bestellung. Sie müssen nichts tun.</p> : null}
          {again && !canSpend ? (
            <div className="mt-3">
              <RefusedNote id="nur-lesen" />
            </div>
          ) : null}
        </div>
        <WayOn words={words} />
      </header>
      <div className="grid gap-x-14 gap-y-12 xl:grid-cols-[minmax(0,11fr)_minmax(0,6fr)]">
        <section aria-labelledby="verlauf" className="print:order-2">
          <h2 id="verlauf" className="mb-6 text-lg font-semibold tracking-tight">
            Verlauf
          </h2>
          <Timeline entries={timeline} />
        </section>
        <section aria-labelledby="angaben" className="print:order-1">
          <h2 id="angaben" className="mb-3 text-lg font-semibold tracking-tight">
            Angaben
          </h2>
          <DefinitionList
            items={[
              ...details,
              {
                term: "Firma",
                value: company.map((line) => (
                  <span key={line} className="block">
                    {line}
                  </span>
                )),
              },
            ]}
          />
          <p className="no-print mt-6 text-sm text-mute">
            Diese Seite lässt sich als Zahlungsbeleg drucken.{" "}
            <Link className="link" to="/admin/billing/accounting">
              Angaben zur Firma ändern
            </Link>
          </p>
        </section>
      </div>
    </>
  );
}

/** The one thing to do next, by the state of the order; often nothing. */
function WayOn({ words: { payUrl, again, receiptUrl, canSpend, nonce } }: { words: Words }) {
  if (payUrl && canSpend) {
    return (
      <a className="btn btn-primary" href={payUrl}>
        <Icon name="external" /> Zahlung fortsetzen
      </a>
    );
  }
  if (again) {
    const refusedId = canSpend ? undefined : "nur-lesen";
    return (
      <BuyForm sku={again} nonce={nonce} primary refused={!canSpend} describedBy={refusedId} label="Erneut kaufen" />
    );
  }
  if (!receiptUrl) return null;
  return (
    <a className="btn btn-primary" href={receiptUrl} target="_blank" rel="noreferrer">
      <Icon name="external" /> Beleg bei Stripe öffnen
    </a>
  );
}
