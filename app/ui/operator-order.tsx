import { Form, Link, useSubmit } from "@remix-run/react";
import { Confirm, ConfirmButtons } from "./confirm";
import { ErrorSummary } from "./error-summary";
import { Field } from "./field";
import { Icon } from "./icon";
import { SubmitButton } from "./submit-button";

interface Refusal {
  message: string;
  values: Record<string, string>;
  fields: Record<string, string>;
}

/** Why a form was not taken, above it; nothing while all is well. */
export function Refused({ error, title }: { error: Refusal | null; title: string }) {
  if (!error) return null;
  const fields = Object.entries(error.fields);
  const problems =
    fields.length > 0 ? fields.map(([field, text]) => ({ field, text })) : [{ field: null, text: error.message }];
  return <ErrorSummary title={title} problems={problems} />;
}

/** Asks how much is paid back and why, and says what it takes back. With JavaScript the sentence follows the amount. */
export function RefundQuestion({
  question: { amount, most, currency, fault, effect, reason, nonce },
  error,
}: {
  question: {
    amount: string;
    most: string;
    currency: string;
    fault: string | null;
    effect: string | null;
    reason: string;
    nonce: string;
  };
  error: Refusal | null;
}) {
  const submit = useSubmit();
  const values = error?.values ?? {};
  const fields = error?.fields ?? {};
  return (
    <Confirm title="Rückerstatten?" back="." trigger="rueckerstatten">
      <Refused error={error} title="Es wurde nichts rückerstattet" />
      <Form method="post" action="?bestaetigen=rueckerstatten" className="mt-4 grid gap-5">
        <input type="hidden" name="nonce" value={values.nonce ?? nonce} />
        <input type="hidden" name="bestaetigen" value="rueckerstatten" />
        <Field
          label={`Betrag in ${currency}`}
          name="betrag"
          inputMode="decimal"
          autoComplete="off"
          hint={`Höchstens ${most}.`}
          defaultValue={values.betrag ?? amount}
          error={fields.betrag ?? fault ?? undefined}
          onBlur={(event) => {
            const form = new FormData(event.currentTarget.form ?? undefined);
            if (form.get("betrag") === amount) return;
            const query = {
              bestaetigen: "rueckerstatten",
              betrag: String(form.get("betrag")),
              grund: String(form.get("grund")),
            };
            submit(query, { method: "get", replace: true, preventScrollReset: true });
          }}
        />
        {effect ? (
          <p role="status" className="text-soft">
            {effect}
          </p>
        ) : null}
        <Field
          label="Grund"
          name="grund"
          maxLength={500}
          autoComplete="off"
          defaultValue={values.grund ?? reason}
          error={fields.grund}
        />
        <ConfirmButtons back=".">
          <input type="hidden" name="intent" value="refund" />
          <SubmitButton intent="refund" busy="Wird rückerstattet …" tone="danger">
            Rückerstatten
          </SubmitButton>
          <button type="submit" formMethod="get" className="btn btn-secondary">
            Vorschau
          </button>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}

/** Asks for the note with which a person's look ends. */
export function ReviewQuestion({ isUngranted, error }: { isUngranted: boolean; error: Refusal | null }) {
  return (
    <Confirm title="Prüfung abschliessen?" back="." trigger="pruefung">
      <Refused error={error} title="Die Prüfung wurde nicht abgeschlossen" />
      <p className="mt-2 text-soft">
        {isUngranted
          ? "Es wird nichts gutgeschrieben. Solange die Zahlung nicht zur Bestellung passt, kann der nächste Abgleich die Prüfung wieder setzen. "
          : "Der Hinweis verschwindet beim Konto. "}
        Ihr Vermerk bleibt im Protokoll.
      </p>
      <Form method="post" action="?bestaetigen=pruefung" className="mt-4 grid gap-5">
        <input type="hidden" name="intent" value="resolve" />
        <Field
          label="Vermerk"
          name="grund"
          maxLength={500}
          autoComplete="off"
          defaultValue={error?.values.grund ?? ""}
          error={error?.fields.grund}
        />
        <ConfirmButtons back=".">
          <SubmitButton intent="resolve" busy="Wird abgeschlossen …">
            Prüfung abschliessen
          </SubmitButton>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}

/** Why a person must look, and the way to end it. */
export function ReviewPanel({ review: { title, raw } }: { review: { title: string; raw: string } }) {
  return (
    <section aria-labelledby="in-pruefung" className="mb-10 rounded-lg bg-notice-wash p-6">
      <h2 id="in-pruefung" className="flex items-center gap-2 font-semibold text-notice">
        <Icon name="eye" /> {title}
      </h2>
      <p className="code wrap-anywhere mt-1 text-soft">{raw}</p>
      <Link id="pruefung" className="btn btn-secondary mt-4" to="?bestaetigen=pruefung" preventScrollReset>
        Prüfung abschliessen
      </Link>
    </section>
  );
}

/** The refunds that staff have asked for; one without an answer can be asked for again. */
export function RefundList({
  refunds,
}: {
  refunds: Array<{
    id: string;
    amount: string;
    state: string;
    isOpen: boolean;
    why: string | null;
    detail: string | null;
    who: string;
    reason: string;
    when: string;
  }>;
}) {
  return (
    <ul>
      {refunds.map(({ id, amount, state, isOpen, why, detail, who, reason, when }) => (
        <li key={id} className="border-line border-t py-3 first:border-0">
          <p className="flex flex-wrap justify-between gap-x-6">
            <span>
              <span className="num font-medium">{amount}</span> <span className="text-soft">{state}</span>
            </span>
            <span className="num text-sm text-mute">{when}</span>
          </p>
          <p className="wrap-anywhere text-sm text-soft">
            {who}: «{reason}»
          </p>
          {why ? <p className="text-sm text-soft">{why}</p> : null}
          {detail ? <p className="code wrap-anywhere text-sm text-mute">{detail}</p> : null}
          {isOpen ? (
            <Form method="post" action="." className="mt-2">
              <input type="hidden" name="intent" value="resend" />
              <input type="hidden" name="refund" value={id} />
              <SubmitButton intent="resend" busy="Wird gesendet …" tone="secondary">
                Nochmals senden
              </SubmitButton>
              <p className="hint mt-1">Ohne Gefahr: Stripe zahlt denselben Auftrag nie zweimal.</p>
            </Form>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

/** What Stripe said about the order. */
export function OrderEvents({
  events,
}: {
  events: Array<{ id: string; type: string; status: string; fault: string | null; iso: string; when: string }>;
}) {
  if (events.length === 0) return <p className="text-soft">Noch kein Ereignis.</p>;
  return (
    <ul>
      {events.map(({ id, type, status, fault, iso, when }) => (
        <li key={id} className="border-line border-t py-2.5 first:border-0">
          <Link className="link wrap-anywhere" to={`/operator/events/${id}`}>
            {type}
          </Link>
          <p className="flex flex-wrap justify-between gap-x-4 text-sm text-mute">
            <span>{status}</span>
            <time dateTime={iso} className="num">
              {when}
            </time>
          </p>
          {fault ? <p className="code wrap-anywhere text-sm text-mute">{fault}</p> : null}
        </li>
      ))}
    </ul>
  );
}
