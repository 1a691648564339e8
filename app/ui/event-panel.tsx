import { Form, Link } from "@remix-run/react";
import type { EventWords } from "./event-words";
import { Icon } from "./icon";
import { JsonViewer } from "./json-viewer";
import { DefinitionList } from "./kit";
import { SubmitButton } from "./submit-button";

/** Why an event could not be processed. */
export function EventFault({ fault }: { fault: EventWords["fault"] }) {
  if (!fault) return null;
  return (
    <div className="mb-6 flex gap-3 rounded-md bg-danger-wash px-4 py-3">
      <Icon name="alert" className="mt-0.5 size-5 text-danger" />
      <div className="min-w-0">
        <p className="font-medium text-danger">{fault.title}</p>
        <p className="mt-0.5 text-soft">{fault.text}</p>
      </div>
    </div>
  );
}

/** What is known of an event. */
export function EventFacts({ event }: { event: EventWords }) {
  const { tenant, order, times, attempts, release } = event;
  const link = (to: string, name: string) => (
    <Link className="link" to={to}>
      {name}
    </Link>
  );
  return (
    <DefinitionList
      items={[
        { term: "Konto", value: tenant ? link(tenant.to, tenant.name) : "Ohne Konto" },
        { term: "Bestellung", value: order ? link(order.to, order.number) : "Ohne Bestellung" },
        ...times.map(({ term, at, none }) => ({
          term,
          value: at ? (
            <time dateTime={at.iso} className="num">
              {at.text}
            </time>
          ) : (
            none
          ),
        })),
        { term: "Versuche", value: attempts },
        { term: "API-Version", value: release },
      ]}
    />
  );
}

/** The payload, without personal data. `heading`: h2 on the event's own page, h3 beside the list. */
export function EventPayload({ event, heading: Heading }: { event: EventWords; heading: "h2" | "h3" }) {
  return (
    <section aria-labelledby="payload">
      <Heading id="payload" className="mb-3 font-medium">
        Inhalt
      </Heading>
      {event.lines ? (
        <JsonViewer label="Inhalt des Ereignisses als JSON" lines={event.lines} />
      ) : (
        <p className="text-soft">Der Inhalt ist kein gültiges JSON und wird nicht gezeigt.</p>
      )}
      <p className="mt-2 text-sm text-mute">Angaben zu Personen und Karten sind durch ••• ersetzt. {event.cut}</p>
    </section>
  );
}

/** The event's one action, and the way to its JSON. */
export function EventActions({ event, refused }: { event: EventWords; refused: string | null }) {
  return (
    <>
      <div className="flex flex-wrap gap-3">
        <Form method="post" action={`/operator/events/${event.id}`}>
          <input type="hidden" name="intent" value="replay" />
          <SubmitButton busy="Wird verarbeitet …" intent="replay" disabled={refused !== null} describedBy="gefahrlos">
            <Icon name="loop" /> Erneut verarbeiten
          </SubmitButton>
        </Form>
        {event.lines ? (
          <a className="btn btn-secondary" href={`/operator/events/${event.id}/json`}>
            Als JSON öffnen
          </a>
        ) : null}
      </div>
      <p id="gefahrlos" className="mt-3 text-sm text-mute">
        {refused ?? "Gefahrlos: Eine Bestellung wird nie zweimal gutgeschrieben."}
      </p>
    </>
  );
}
