import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Form, Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { operatorAction } from "~/http/operator-action.server";
import { parseQuery } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import { eventFilter, eventQuery, replayRequest } from "~/operations/event-filter.server";
import { maskPayload } from "~/operations/event-payload.server";
import { countEvents, EVENT_KEY, listEvents, listEventTypes, readEvent } from "~/operations/events.server";
import { askForReplay } from "~/operations/replays.server";
import { latestTask } from "~/operations/tasks.server";
import { Confirm, ConfirmButtons } from "~/ui/confirm";
import { pageTitle } from "~/ui/device-words";
import { EVENT_STATE_NAMES, EventBadge } from "~/ui/event-badge";
import { EventFilterBar } from "~/ui/event-filter";
import { EventList } from "~/ui/event-list";
import { EventActions, EventFacts, EventFault, EventPayload } from "~/ui/event-panel";
import { allEvents, type EventWords, eventDays, eventPages, eventWords } from "~/ui/event-words";
import { EmptyState, PageHead, Pagination, Toast } from "~/ui/kit";
import { runningToast } from "~/ui/replay-words";
import { SubmitButton } from "~/ui/submit-button";

const ROWS = 25;
const PAGE = "/operator/events";
const FILTERS = ["status", "type", "suche", "von", "bis"];
const QUESTION = "wiederholen";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Ereignisse – LeadRadar" }];

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const url = new URL(request.url);
    const values = filterValues(url);
    const [types, latest] = await Promise.all([listEventTypes(database()), latestTask(database(), "REPLAY")]);
    const page = {
      title: pageTitle("Ereignisse", refusedIn(context), null),
      values,
      isFiltered: Object.keys(values).length > 0,
      states: EVENT_STATE_NAMES,
      types,
      running: runningToast(latest),
    };
    try {
      return { ...page, list: await list(request, values), errors: {} as Record<string, string> };
    } catch (thrown) {
      const errors = thrown instanceof DomainError ? (thrown.details.fields ?? {}) : {};
      const isTyped = Object.keys(errors).length > 0 && Object.keys(errors).every((name) => FILTERS.includes(name));
      if (!isTyped) throw thrown;
      return data({ ...page, title: `Fehler: ${page.title}`, list: null, errors }, { status: 400 });
    }
  });
}

/** What the address says, by the filter's fields. */
function filterValues({ searchParams }: URL): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of FILTERS) if (searchParams.get(name)) values[name] = searchParams.get(name) ?? "";
  const subject = searchParams.get("order") || searchParams.get("tenant");
  return subject && !values.suche ? { ...values, suche: subject } : values;
}

async function list(request: Request, values: Record<string, string>) {
  const sql = database();
  const query = parseQuery(request, eventQuery);
  const filter = await eventFilter(sql, query);
  const cursor = readCursor(query.cursor ?? null, EVENT_KEY);
  const [page, count] = await Promise.all([listEvents(sql, filter, cursor, ROWS), countEvents(sql, filter)]);
  const openId = query.ereignis ?? (query.bestaetigen ? null : page.items[0]?.id);
  const open = openId ? await readEvent(sql, openId) : null;
  const here = new URLSearchParams({ ...values, ...(query.cursor ? { cursor: query.cursor } : {}) });
  const isFiltered = Object.keys(values).length > 0;
  const links = new URL(`${PAGE}?${new URLSearchParams(values)}`, request.url);
  return {
    days: eventDays(page.items, new Date()),
    pages: eventPages(page, count, { isFiltered, url: links }),
    all: count.count > 0 || !count.isAll ? allEvents(count) : null,
    isAsked: query.bestaetigen === QUESTION,
    here: `${PAGE}${here.size > 0 ? `?${here}` : ""}`,
    add: `${PAGE}?${here.size > 0 ? `${here}&` : ""}`,
    open: open && eventWords(open, maskPayload(open.payload)),
  };
}

/** What has begun in the meantime is shown also after a refusal. */
export const shouldRevalidate = () => true;

/** Replays all events of the filter in the address. */
export function action(args: ActionFunctionArgs) {
  return operatorAction(args, {
    "replay-all": async (actor) => {
      const filter = await eventFilter(database(), parseQuery(args.request, eventQuery));
      const task = await askForReplay(database(), actor, replayRequest(filter));
      return redirect(`/operator/replays/${task}`, 303);
    },
  });
}

type List = NonNullable<ReturnType<typeof useLoaderData<typeof loader>>["list"]>;

export default function Events() {
  const { values, isFiltered, states, types, running, list, errors } = useLoaderData<typeof loader>();
  const failure = useActionData<typeof action>();
  const error = failure && "error" in failure ? failure.error : null;
  const refusal = error && { tone: "danger" as const, ...((error.code === "INVALID_STATE" && running) || error.toast) };
  const isEmpty = list !== null && list.days.length === 0;
  return (
    <>
      <Toast toast={refusal ?? (running && { tone: "info", ...running })} />
      {list?.isAsked && list.all && !running ? <ReplayAll list={list} isFiltered={isFiltered} /> : null}
      <div data-wide>
        <PageHead title="Ereignisse" intro="Was Stripe gemeldet hat und was daraus wurde." />
        <EventFilterBar {...{ values, errors, states, types }} isSet={isFiltered} />
        {list && !isEmpty ? (
          <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-x-8 xl:grid-cols-[minmax(0,11fr)_minmax(0,9fr)]">
            <div>
              <EventList days={list.days} beside={`${list.add}ereignis=`} open={list.open?.id ?? null} />
              <Pagination pages={list.pages} />
              {list.all ? <AskForAll list={list} isFiltered={isFiltered} isRunning={running !== null} /> : null}
            </div>
            {list.open ? <Beside event={list.open} /> : null}
          </div>
        ) : null}
        {list && isEmpty ? <NoEvents list={list} isFiltered={isFiltered} /> : null}
      </div>
    </>
  );
}

function AskForAll({ list, isFiltered, isRunning }: { list: List; isFiltered: boolean; isRunning: boolean }) {
  if (isRunning) return null;
  return (
    <p className="mt-8 border-line border-t pt-6">
      <Link
        id="alle-wiederholen"
        className="btn btn-secondary"
        to={`${list.add}bestaetigen=${QUESTION}`}
        preventScrollReset
      >
        {list.all}
        {isFiltered ? " dieses Filters" : ""} erneut verarbeiten
      </Link>
    </p>
  );
}

/** The question before many events are replayed. */
function ReplayAll({ list, isFiltered }: { list: List; isFiltered: boolean }) {
  return (
    <Confirm
      title={`${list.all}${isFiltered ? " dieses Filters" : ""} erneut verarbeiten?`}
      back={list.here}
      trigger="alle-wiederholen"
    >
      <ul className="mt-3 list-disc ps-5 text-soft">
        <li>Was schon richtig ist, bleibt, wie es ist. Eine Bestellung wird nie zweimal gutgeschrieben.</li>
        <li>Was offen oder fehlgeschlagen ist, wird gutgeschrieben, wenn die Zahlung jetzt zur Bestellung passt.</li>
        <li>Bei Rückerstattungen und Anfechtungen wird Stripe neu gelesen. Credits folgen dem, was Stripe meldet.</li>
        <li>Es läuft im Hintergrund, in der Reihenfolge des Eingangs. Sie sehen das Ergebnis je Ereignis.</li>
      </ul>
      <Form method="post" action={`${list.add}index`}>
        <input type="hidden" name="intent" value="replay-all" />
        <ConfirmButtons back={list.here}>
          <SubmitButton busy="Wird begonnen …" intent="replay-all">
            Erneut verarbeiten
          </SubmitButton>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}

/** The open event, where there is room beside the list. */
function Beside({ event }: { event: EventWords }) {
  return (
    <section aria-labelledby="offen" className="card p-6 max-xl:hidden">
      <header className="mb-5 flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 id="offen" className="text-md font-semibold wrap-anywhere">
            <Link className="target" to={`${PAGE}/${event.id}`}>
              {event.type}
            </Link>
          </h2>
          <p className="code text-sm text-mute">{event.id}</p>
        </div>
        <EventBadge state={event.state} />
      </header>
      <EventFault fault={event.fault} />
      <EventFacts event={event} />
      <div className="my-6">
        <EventPayload event={event} heading="h3" />
      </div>
      <EventActions event={event} refused={null} />
    </section>
  );
}

function NoEvents({ list, isFiltered }: { list: List; isFiltered: boolean }) {
  if (list.pages.text) return <Pagination pages={list.pages} />;
  if (!isFiltered) return <EmptyState text="Noch kein Ereignis empfangen." />;
  return <EmptyState text="Kein Ereignis passt zu diesem Filter." action={{ label: "Zurücksetzen", to: PAGE }} />;
}
