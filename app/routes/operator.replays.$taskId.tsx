import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { pageLoader } from "~/http/respond.server";
import { filterOfReplay } from "~/operations/event-filter.server";
import { countsOf, FAILURE_KEY, listFailures, readReplay } from "~/operations/replays.server";
import { DefinitionList, Icon, PageHead, Pagination } from "~/ui/kit";
import { pageLinks } from "~/ui/list-words";
import { ReplayFailures, ReplayProgress } from "~/ui/replay-progress";
import { failureRows, progressWords } from "~/ui/replay-words";
import { usePolling } from "~/ui/use-polling";

const ROWS = 25;
const FAILURES: [one: string, many: string] = ["Ereignis", "Ereignissen"];

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data ? `${data.progress.state}: ` : ""}Wiederholung – LeadRadar` },
];

export function loader({ request, params }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const sql = database();
    const url = new URL(request.url);
    const task = await readReplay(sql, params.taskId ?? "");
    const counts = countsOf(task);
    const page = await listFailures(sql, task.id, readCursor(url.searchParams.get("cursor"), FAILURE_KEY), ROWS);
    const total = (counts.STILL_FAILING ?? 0) + (counts.SKIPPED ?? 0);
    return {
      progress: progressWords(task, filterOfReplay(task.request), counts),
      failures: failureRows(page.items),
      pages: page.older || page.newer ? pageLinks(page, { total, words: FAILURES, filtered: false, url }) : null,
    };
  });
}

export default function Replay() {
  const { progress, failures, pages } = useLoaderData<typeof loader>();
  usePolling(!progress.isOver, 1_500);
  return (
    <>
      <nav aria-label="Zurück" className="mb-4">
        <Link className="target inline-flex items-center gap-2 text-soft hover:text-ink" to="/operator/events">
          <Icon name="arrow-left" /> Ereignisse
        </Link>
      </nav>
      <PageHead
        title="Wiederholung"
        intro="Jedes Ereignis geht nochmals den normalen Weg. Was richtig ist, bleibt, wie es ist."
        action={
          progress.isOver ? null : (
            <Link className="btn btn-secondary" to="">
              Stand aktualisieren
            </Link>
          )
        }
      />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-x-14 gap-y-10 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <ReplayProgress progress={progress} />
        <section aria-labelledby="auftrag">
          <h2 id="auftrag" className="mb-2 text-lg font-semibold tracking-tight">
            Auftrag
          </h2>
          <DefinitionList items={progress.facts} />
          {progress.event ? (
            <p className="mt-4">
              <Link className="link target" to={progress.event.to}>
                Zum Ereignis
              </Link>
            </p>
          ) : null}
        </section>
      </div>
      {failures.length > 0 ? <ReplayFailures rows={failures} /> : null}
      {pages ? <Pagination pages={pages} /> : null}
    </>
  );
}
