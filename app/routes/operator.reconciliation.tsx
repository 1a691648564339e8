import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Form, Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { NEWEST_MIGRATION } from "~/db/schema.server";
import { env, isLivemode } from "~/env.server";
import { operatorAction } from "~/http/operator-action.server";
import { parseQuery } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import { readHealth } from "~/operations/health.server";
import { readBooksPage, readRuns } from "~/operations/reconciliation-page.server";
import { reconciliationQuery } from "~/operations/reconciliation-query.server";
import { REPORT_KEY } from "~/operations/reports.server";
import { requestTask } from "~/operations/tasks.server";
import { STRIPE_API_VERSION, stripeClient } from "~/stripe/gateway.server";
import { drawBooks } from "~/ui/books-chart.server";
import { Differences } from "~/ui/difference-table";
import { healthNotice } from "~/ui/health-words";
import { Icon, PageHead, Pagination, Toast, useCleanAddress } from "~/ui/kit";
import { OpenRun } from "~/ui/open-run";
import { runWords, stateWords } from "~/ui/reconciliation-page-words";
import { ReconciliationPanel } from "~/ui/reconciliation-panel";
import { drawRuns } from "~/ui/report-table.server";
import { SubmitButton } from "~/ui/submit-button";
import { usePolling } from "~/ui/use-polling";
import { VerifyPanel } from "~/ui/verify-panel";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Abgleich – LeadRadar" }];

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const query = parseQuery(request, reconciliationQuery);
    const [sql, now] = [database(), new Date()];
    const cursor = readCursor(query.cursor ?? null, REPORT_KEY);
    const setting = { livemode: isLivemode(env()), apiVersion: STRIPE_API_VERSION, expectedSchema: NEWEST_MIGRATION };
    const [books, runs, health] = await Promise.all([
      readBooksPage(sql, { currency: query.waehrung, asked: query.abgleich }, now),
      readRuns(sql, cursor, query.bericht),
      readHealth(sql, stripeClient(), setting),
    ]);
    const url = new URL(request.url);
    const { checks, ...words } = stateWords(
      books,
      { month: query.monat, verifying: query.pruefung !== undefined },
      now,
    );
    const { rows, ...list } = runWords(runs, url);
    const subject = refusedIn(context) ?? words.toast?.title;
    return {
      ...words,
      title: `${subject ? `${subject}: ` : ""}Abgleich – LeadRadar`,
      drawing: drawBooks(books.figures, books.currency),
      ...list,
      runs: drawRuns(books.last ? checks : [], rows),
      notice: healthNotice(health),
    };
  });
}

/** After a refusal the router would keep what it has read, and with it a run that has ended since. */
export const shouldRevalidate = () => true;

/** Asks for a run of the reconciliation, or for a check of the books. Neither writes a balance. */
export function action(args: ActionFunctionArgs) {
  return operatorAction(args, {
    reconcile: async (actor) => {
      const id = await requestTask(database(), actor, "RECONCILE", {});
      return redirect(`/operator/reconciliation?abgleich=${id}`, 303);
    },
    verify: async (actor) => {
      const id = await requestTask(database(), actor, "VERIFY", {});
      return redirect(`/operator/reconciliation?pruefung=${id}#buecher`, 303);
    },
  });
}

export default function Reconciliation() {
  const page = useLoaderData<typeof loader>();
  const { panel, sums, groups, reconciling, verifying, toast, notice } = page;
  const failure = useActionData<typeof action>();
  const busy = reconciling !== null;
  usePolling(busy || verifying !== null, 1_000);
  useCleanAddress(toast !== null);
  return (
    <>
      <Toast toast={failure && "error" in failure ? refusal(failure.error, page) : toast} />
      <PageHead
        title="Abgleich"
        intro="Stripe, Bestellungen und Kontoauszug müssen dasselbe sagen."
        action={<RunButton busy={busy} primary={!groups.some((it) => it.remedy === "reconcile")} />}
      />
      {notice ? <Notice text={notice} /> : null}
      <ReconciliationPanel panel={panel} sums={sums} />
      {groups.length > 0 ? <Differences groups={groups} title={page.groupsTitle} busy={busy} /> : null}
      <Charts drawing={page.drawing} others={page.currencies} at={page.figuresAt} />
      <section aria-labelledby="pruefungen" className="mt-14">
        <h2 id="pruefungen" className="text-lg font-semibold tracking-tight">
          Prüfungen
        </h2>
        {page.open ? <OpenRun run={page.open} /> : null}
        <Drawing markup={page.runs} />
        {page.pages ? <Pagination pages={page.pages} /> : null}
      </section>
      <VerifyPanel check={page.check} groups={page.checkGroups} />
    </>
  );
}

type Page = ReturnType<typeof useLoaderData<typeof loader>>;

/** A second click is told since when the first one's work runs; anything else as everywhere. */
function refusal(
  error: { code: string; toast: { title: string; text: string }; values: Record<string, string> },
  { reconciling, verifying }: Page,
) {
  const running = error.values.intent === "verify" ? verifying : reconciling;
  return error.code === "INVALID_STATE" && running ? running : { tone: "danger" as const, ...error.toast };
}

function RunButton({ busy, primary }: { busy: boolean; primary: boolean }) {
  return (
    <div className="flex flex-wrap items-center gap-3">
      {busy ? (
        <Link className="link target" to="/operator/reconciliation" reloadDocument>
          Stand aktualisieren
        </Link>
      ) : null}
      <Form method="post">
        <input type="hidden" name="intent" value="reconcile" />
        <SubmitButton busy="Abgleich läuft …" intent="reconcile" tone={primary ? "primary" : "secondary"}>
          {busy ? "Abgleich läuft …" : "Jetzt abgleichen"}
        </SubmitButton>
      </Form>
    </div>
  );
}

function Notice({ text }: { text: string }) {
  return (
    <p className="mb-6 flex flex-wrap items-center gap-x-4 gap-y-1 rounded-lg bg-notice-wash px-5 py-3 text-notice">
      <span className="flex min-w-0 flex-1 basis-72 items-start gap-3">
        <Icon name="alert" className="mt-0.5 size-5" />
        <span className="min-w-0 text-soft">{text}</span>
      </span>
      <Link className="link target" to="/operator/health">
        Zustand ansehen
      </Link>
    </p>
  );
}

function Charts({ drawing, others, at }: { drawing: string; others: Page["currencies"]; at: string }) {
  return (
    <div className="mt-12">
      <Drawing className="grid gap-x-12 gap-y-4 xl:grid-cols-2" markup={drawing} />
      <p className="mt-4 flex flex-wrap gap-x-5 gap-y-1 text-sm text-mute">
        <span>{at}</span>
        {others.map((it) => (
          <Link key={it.name} className="link" to={it.to}>
            in {it.name}
          </Link>
        ))}
        <a className="link" href="/operator/reconciliation.csv" download>
          Werte als CSV herunterladen
        </a>
      </p>
    </div>
  );
}

/** What the loader has drawn from numbers, escaped text and fixed words. */
function Drawing({ markup, className }: { markup: string; className?: string }) {
  // biome-ignore lint/security/noDangerouslySetInnerHtml: React's own markup, made by the loader
  return <div className={className} dangerouslySetInnerHTML={{ __html: markup }} />;
}
