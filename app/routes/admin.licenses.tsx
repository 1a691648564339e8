import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { ACTIVATION_KEY, listActivations, previewSpending } from "~/billing/licences.server";
import { readOverview } from "~/billing/overview.server";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { pageLoader } from "~/http/respond.server";
import { ActivationTable } from "~/ui/activation-table";
import { EmptyState, LicenceBadge, PageHead, Pagination, RefusedNote, SPENDING, SpendingQuestion } from "~/ui/kit";
import { activationWords } from "~/ui/licence-words";
import { pageLinks } from "~/ui/list-words";
import { overviewWords } from "~/ui/overview-words";
import { askedType, spendingQuestion } from "~/ui/spending-words";

const ROWS = 25;

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = () => [{ title: "Lizenzen – LeadRadar" }];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { tenantId, canSpend } = await requireAdmin(request);
    const url = new URL(request.url);
    const cursor = readCursor(url.searchParams.get("cursor"), ACTIVATION_KEY);
    const [overview, { page, total }] = await Promise.all([
      readOverview(database(), tenantId),
      listActivations(database(), tenantId, cursor, ROWS),
    ]);
    const { licence, credits } = overviewWords(overview);
    const asked = canSpend ? askedType(url.searchParams.get("bestaetigen")) : null;
    const preview = asked ? previewSpending(overview, asked) : null;
    const words = ["Aktivierung", "Aktivierungen"] as [string, string];
    return {
      licence,
      left:
        licence.state === "active" || licence.state === "soon"
          ? daysLeft(overview.entitlement.validUntil, overview.readAt)
          : null,
      // What the head's button activates: 365 days before 30.
      next: (["LICENSE_365D", "LICENSE_30D"] as const).find((type) => previewSpending(overview, type)) ?? null,
      balances: credits.filter(({ type }) => type !== "DEVICE_SLOT").map(({ name, usable }) => ({ name, usable })),
      question: asked && preview ? spendingQuestion(overview, asked, preview) : null,
      activations: activationWords(page.items, overview.readAt),
      pages: page.items.length > 0 ? pageLinks(page, { total, words, filtered: false, url }) : null,
      nonce: crypto.randomUUID(),
      canSpend,
    };
  });
}

/** Days rounded up. */
function daysLeft(validUntil: Date | null, now: Date): string | null {
  if (!validUntil) return null;
  const days = Math.ceil((validUntil.getTime() - now.getTime()) / 86_400_000);
  return days === 1 ? "1 Tag" : `${days} Tage`;
}

export default function Licences() {
  const { licence, left, next, balances, question, activations, pages, nonce, canSpend } =
    useLoaderData<typeof loader>();
  return (
    <>
      {question ? <SpendingQuestion question={question} nonce={nonce} back="/admin/licenses" /> : null}
      <PageHead
        title="Lizenzen"
        intro="Bis wann Ihr Konto arbeiten kann und woher die Laufzeit kommt."
        action={<Extend next={next} canSpend={canSpend} />}
      />
      {canSpend ? null : <RefusedNote id="nur-lesen" />}
      <section
        aria-label="Stand der Lizenz"
        className="flex flex-wrap items-end justify-between gap-x-12 gap-y-6 rounded-lg bg-sunken p-7"
      >
        <div>
          <p className="flex flex-wrap items-center gap-3 text-soft">
            {licence.until?.label}
            <LicenceBadge state={licence.state} />
          </p>
          {licence.until ? (
            <time dateTime={licence.until.iso} className="num mt-1 block text-3xl font-semibold tracking-tight">
              {licence.until.day}
            </time>
          ) : (
            <p className="mt-3 text-md">Mit einem Credit schalten Sie Ihr Konto frei.</p>
          )}
        </div>
        <dl className="flex flex-wrap gap-x-10 gap-y-4">
          {left ? <Figure term="Verbleibend" value={left} /> : null}
          {balances.map(({ name, usable }) => (
            <Figure key={name} term={`Guthaben ${name.replace("Lizenz ", "")}`} value={String(usable)} />
          ))}
        </dl>
      </section>
      <section aria-labelledby="aktivierungen" className="mt-14">
        <h2 id="aktivierungen" className="mb-3 text-lg font-semibold tracking-tight">
          Aktivierungen
        </h2>
        {activations.length > 0 ? (
          <ActivationTable rows={activations} />
        ) : (
          <EmptyState text="Noch keine Aktivierung." />
        )}
        {pages ? <Pagination pages={pages} /> : null}
      </section>
    </>
  );
}

function Figure({ term, value }: { term: string; value: string }) {
  return (
    <div>
      <dt className="text-sm text-soft">{term}</dt>
      <dd className="num text-lg font-medium">{value}</dd>
    </div>
  );
}

/** "Lizenz verlängern" asks first; without a credit there is one to buy. */
function Extend({ next, canSpend }: { next: "LICENSE_365D" | "LICENSE_30D" | null; canSpend: boolean }) {
  if (!next) {
    return (
      <Link className="btn btn-primary" to="/admin/billing/packages">
        Paket kaufen
      </Link>
    );
  }
  if (!canSpend) {
    return (
      <button type="button" className="btn btn-primary" disabled aria-describedby="nur-lesen">
        Lizenz verlängern
      </button>
    );
  }
  const { ask } = SPENDING[next];
  return (
    <Link id={ask} className="btn btn-primary" to={`/admin/licenses?bestaetigen=${ask}`} preventScrollReset>
      Lizenz verlängern
    </Link>
  );
}
