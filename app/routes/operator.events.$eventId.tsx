import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { database } from "~/db/client.server";
import { operatorAction } from "~/http/operator-action.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import { maskPayload } from "~/operations/event-payload.server";
import { readEvent } from "~/operations/events.server";
import { askForReplay, listReplaysOf, readOnlyReplay } from "~/operations/replays.server";
import { latestTask } from "~/operations/tasks.server";
import { pageTitle } from "~/ui/device-words";
import { EventBadge } from "~/ui/event-badge";
import { EventActions, EventFacts, EventFault, EventPayload } from "~/ui/event-panel";
import { eventWords } from "~/ui/event-words";
import { Icon, Toast, useCleanAddress } from "~/ui/kit";
import { type EarlierWords, earlierWords, onlyReplayToast, runningToast } from "~/ui/replay-words";
import { usePolling } from "~/ui/use-polling";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Ereignis – LeadRadar" }];

export function loader({ request, params, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const sql = database();
    const event = await readEvent(sql, params.eventId ?? "");
    const asked = new URL(request.url).searchParams.get("wiederholung");
    const [mine, latest, earlier] = await Promise.all([
      readOnlyReplay(sql, asked, event.id),
      latestTask(sql, "REPLAY"),
      listReplaysOf(sql, event.id),
    ]);
    const toast = mine && onlyReplayToast(mine.task, mine.result, event.currency);
    return {
      title: pageTitle(`${event.type}, ${event.id}`, refusedIn(context), toast),
      event: eventWords(event, maskPayload(event.payload)),
      earlier: earlierWords(earlier, event.currency),
      running: runningToast(latest),
      isMineRunning: mine !== null && mine.task.finishedAt === null,
      toast,
    };
  });
}

/** What has been replayed in the meantime is shown also after a refusal. */
export const shouldRevalidate = () => true;

/** Replays this event. */
export function action(args: ActionFunctionArgs) {
  return operatorAction(args, {
    replay: async (actor) => {
      const { id } = await readEvent(database(), args.params.eventId ?? "");
      const task = await askForReplay(database(), actor, { eventId: id });
      return redirect(`/operator/events/${id}?wiederholung=${task}`, 303);
    },
  });
}

export default function Event() {
  const { event, earlier, running, isMineRunning, toast } = useLoaderData<typeof loader>();
  const failure = useActionData<typeof action>();
  const error = failure && "error" in failure ? failure.error : null;
  useCleanAddress(toast !== null && !isMineRunning);
  usePolling(isMineRunning, 700);
  return (
    <>
      <Toast
        toast={error ? { tone: "danger", ...((error.code === "INVALID_STATE" && running) || error.toast) } : toast}
      />
      <div data-wide>
        <nav aria-label="Zurück" className="mb-4">
          <Link className="target inline-flex items-center gap-2 text-soft hover:text-ink" to="/operator/events">
            <Icon name="arrow-left" /> Ereignisse
          </Link>
        </nav>
        <header className="mb-8">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
            <h1 className="text-2xl font-semibold tracking-tight wrap-anywhere">{event.type}</h1>
            <EventBadge state={event.state} />
          </div>
          <p className="code mt-2 text-md text-soft">{event.id}</p>
        </header>
        <div className="grid grid-cols-[minmax(0,1fr)] gap-x-14 gap-y-10 xl:grid-cols-2">
          <div>
            <EventFault fault={event.fault} />
            <EventFacts event={event} />
            <div className="mt-8">
              <EventActions event={event} refused={isMineRunning ? "Dieses Ereignis wird gerade verarbeitet." : null} />
            </div>
            <Earlier replays={earlier} />
          </div>
          <EventPayload event={event} heading="h2" />
        </div>
      </div>
    </>
  );
}

function Earlier({ replays }: { replays: EarlierWords[] }) {
  if (replays.length === 0) return null;
  return (
    <section aria-labelledby="wiederholungen" className="mt-12">
      <h2 id="wiederholungen" className="mb-2 text-lg font-semibold tracking-tight">
        Wiederholungen
      </h2>
      <ul>
        {replays.map(({ to, iso, when, who, result, why }) => (
          <li key={to} className="border-line border-t py-2.5 first:border-0">
            <div className="flex flex-wrap justify-between gap-x-6">
              <Link className="link target" to={to}>
                {result}
              </Link>
              <span className="text-sm text-mute">
                <time dateTime={iso} className="num">
                  {when}
                </time>
                , {who}
              </span>
            </div>
            {why ? <p className="text-sm text-soft">{why}</p> : null}
          </li>
        ))}
      </ul>
    </section>
  );
}
