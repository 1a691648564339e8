import { Form, Link } from "@remix-run/react";
import { Confirm, ConfirmButtons } from "./confirm";
import { Field, SelectField } from "./field";
import { Refused } from "./operator-order";
import { SubmitButton } from "./submit-button";
import type { AdjustmentRow, ApprovalWords } from "./tenant-words";

interface Refusal {
  code: string;
  message: string;
  values: Record<string, string>;
  fields: Record<string, string>;
}

/** Corrections of balances, with what can still be decided. `named`: with the tenant, in a list over all. */
export function AdjustmentList({ rows, named = false }: { rows: AdjustmentRow[]; named?: boolean }) {
  return (
    <ul>
      {rows.map((row) => (
        <li key={row.id} className="border-line border-t py-4 first:border-0">
          {named ? (
            <Link className="link" to={`/operator/tenants/${encodeURIComponent(row.tenant.id)}`}>
              {row.tenant.name}
            </Link>
          ) : null}
          <p className="flex flex-wrap justify-between gap-x-6">
            <span className="font-medium">{row.what}</span>
            <span className={row.isOpen ? "text-notice" : "text-soft"}>{row.state}</span>
          </p>
          <p className="wrap-anywhere text-soft">«{row.reason}»</p>
          <p className="text-sm text-mute">{row.asked}</p>
          {row.decided ? <p className="wrap-anywhere text-sm text-mute">{row.decided}</p> : null}
          {row.isOpen && !named ? <Decide row={row} /> : null}
        </li>
      ))}
    </ul>
  );
}

function Decide({ row: { id, isMine } }: { row: AdjustmentRow }) {
  return (
    <div className="mt-2 flex flex-wrap items-center gap-3">
      {isMine ? (
        <p className="text-sm text-soft">Die zweite Person muss eine andere sein.</p>
      ) : (
        <Link
          id={`zustimmen-${id}`}
          className="btn btn-secondary"
          to={`?bestaetigen=zustimmen&korrektur=${encodeURIComponent(id)}`}
          preventScrollReset
        >
          Zustimmen
        </Link>
      )}
      <Link
        id={`ablehnen-${id}`}
        className="btn btn-secondary"
        to={`?bestaetigen=ablehnen&korrektur=${encodeURIComponent(id)}`}
        preventScrollReset
      >
        {isMine ? "Zurückziehen" : "Ablehnen"}
      </Link>
    </div>
  );
}

/** Asks before somebody else's correction is booked: what it does now, which may differ from when it was asked for. */
export function ApproveQuestion({ question }: { question: ApprovalWords }) {
  const { id, what, reason, asked, effect, refusal } = question;
  return (
    <Confirm title="Der Korrektur zustimmen?" back="." trigger={`zustimmen-${id}`}>
      <p className="mt-3 font-medium">{what}</p>
      <p className="mt-1 text-soft">{effect}</p>
      <p className="wrap-anywhere mt-1 text-soft">«{reason}»</p>
      <p className="mt-1 text-sm text-mute">{asked}</p>
      {refusal ? (
        <>
          <p className="mt-3 text-danger">{refusal} Sie kann nur abgelehnt werden.</p>
          <ConfirmButtons back=".">{null}</ConfirmButtons>
        </>
      ) : (
        <Form method="post" action=".">
          <input type="hidden" name="intent" value="approve" />
          <input type="hidden" name="adjustmentId" value={id} />
          <ConfirmButtons back=".">
            <SubmitButton intent="approve" busy="Wird gebucht …">
              Zustimmen und buchen
            </SubmitButton>
          </ConfirmButtons>
        </Form>
      )}
    </Confirm>
  );
}

/** The page with the question of a correction. */
const ASK_HERE = "?bestaetigen=korrektur";

/** Asks why a correction is refused, or one's own taken back. */
export function RejectQuestion({ row: { id, isMine, what }, error }: { row: AdjustmentRow; error: Refusal | null }) {
  const verb = isMine ? "Zurückziehen" : "Ablehnen";
  return (
    <Confirm title={isMine ? "Korrektur zurückziehen?" : "Korrektur ablehnen?"} back="." trigger={`ablehnen-${id}`}>
      <Refused error={error} title="Es wurde nichts geändert" />
      <p className="mt-2 text-soft">{what}. Sie wird nicht gebucht.</p>
      <Form
        method="post"
        action={`?bestaetigen=ablehnen&korrektur=${encodeURIComponent(id)}`}
        className="mt-4 grid gap-5"
      >
        <input type="hidden" name="intent" value="reject" />
        <input type="hidden" name="adjustmentId" value={id} />
        <Field
          label="Grund"
          name="grund"
          maxLength={500}
          autoComplete="off"
          defaultValue={error?.values.grund ?? ""}
          error={error?.fields.grund}
        />
        <ConfirmButtons back=".">
          <SubmitButton intent="reject" busy={isMine ? "Wird zurückgezogen …" : "Wird abgelehnt …"} tone="danger">
            {verb}
          </SubmitButton>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}

/** A correction to be: the fields first, then what it would do, then it is booked or asked for. */
export function AdjustmentQuestion({
  credits,
  values,
  error,
  preview,
  nonce,
}: {
  credits: Array<[string, string]>;
  values: Record<string, string>;
  error: Refusal | null;
  preview: string[] | null;
  nonce: string;
}) {
  return (
    <Confirm title="Korrektur buchen?" back="." trigger="korrektur">
      <Refused error={error} title="Es wurde nichts gebucht" />
      {preview ? (
        <Form method="post" action={ASK_HERE} className="mt-3">
          {["typ", "menge", "bis", "grund", "nonce"].map((name) => (
            <input key={name} type="hidden" name={name} value={values[name] ?? ""} />
          ))}
          <input type="hidden" name="intent" value="adjust" />
          {preview.map((sentence) => (
            <p key={sentence} className="mt-1 text-soft">
              {sentence}
            </p>
          ))}
          <p className="wrap-anywhere mt-1 text-soft">«{values.grund}»</p>
          <ConfirmButtons back=".">
            <SubmitButton intent="adjust" busy="Wird gebucht …">
              Korrektur buchen
            </SubmitButton>
          </ConfirmButtons>
        </Form>
      ) : (
        <AdjustmentForm
          credits={credits}
          values={values}
          fields={error?.fields ?? {}}
          // What was asked for with the old one is another correction: the next click is meant.
          nonce={error?.code === "INVALID_STATE" ? nonce : (values.nonce ?? nonce)}
        />
      )}
    </Confirm>
  );
}

function AdjustmentForm({
  credits,
  values,
  fields,
  nonce,
}: {
  credits: Array<[string, string]>;
  values: Record<string, string>;
  fields: Record<string, string>;
  nonce: string;
}) {
  return (
    <Form method="post" action={ASK_HERE} className="mt-4 grid gap-5">
      <input type="hidden" name="intent" value="adjust-preview" />
      <input type="hidden" name="nonce" value={nonce} />
      <SelectField label="Credit" name="typ" options={credits} defaultValue={values.typ} error={fields.typ} />
      <Field
        label="Menge"
        name="menge"
        hint="5 gibt, -2 nimmt."
        inputMode="text"
        autoComplete="off"
        defaultValue={values.menge ?? ""}
        error={fields.menge}
      />
      <Field
        label="Gültig bis und mit"
        name="bis"
        placeholder="TT.MM.JJJJ"
        hint="Wer nimmt, nennt den Tag der vorhandenen Credits."
        autoComplete="off"
        defaultValue={values.bis ?? ""}
        error={fields.bis}
      />
      <Field
        label="Begründung"
        name="grund"
        hint="Steht im Kontoauszug des Kontos."
        maxLength={500}
        autoComplete="off"
        defaultValue={values.grund ?? ""}
        error={fields.grund}
      />
      <ConfirmButtons back=".">
        <SubmitButton intent="adjust-preview" busy="Wird geprüft …">
          Weiter
        </SubmitButton>
      </ConfirmButtons>
    </Form>
  );
}
