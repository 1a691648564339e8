import { Form } from "@remix-run/react";
import { Field, FieldGroup, SelectField } from "./field";
import { PreviewPanel } from "./preview-panel";
import type { SkuPreview } from "./sku-words";
import { SubmitButton } from "./submit-button";

type Values = Record<string, string>;

/** A SKU's fields. The amount is Stripe's and has none. First it shows what saving would alter. */
export function SkuForm({
  values,
  fields,
  prices,
  nonce,
}: {
  values: Values;
  /** What is wrong with which field. */
  fields: Record<string, string>;
  /** null: Stripe's list could not be read. */
  prices: Array<[string, string]> | null;
  nonce: string;
}) {
  const field = (name: string) => ({ name, defaultValue: values[name] ?? "", error: fields[name] });
  return (
    <Form method="post" noValidate className="max-w-form">
      <input type="hidden" name="intent" value="preview" />
      <input type="hidden" name="nonce" value={values.nonce ?? nonce} />
      {values.version ? <input type="hidden" name="version" value={values.version} /> : null}
      <FieldGroup title="Angebot">
        <Field label="Name" maxLength={120} autoComplete="off" {...field("name")} />
        <Field label="Beschreibung" maxLength={300} autoComplete="off" optional {...field("beschreibung")} />
      </FieldGroup>
      <FieldGroup title="Preis">
        <p className="hint">Betrag und Währung kommen von Stripe und werden nicht eingetippt.</p>
        {prices ? (
          <SelectField label="Stripe-Preis" options={prices} {...field("preis")} />
        ) : (
          <p className="text-notice">Die Liste der Preise ist gerade nicht zu lesen. Geben Sie die ID ein.</p>
        )}
        <Field
          label={prices ? "Oder die ID eines Preises" : "ID des Preises"}
          placeholder="price_…"
          autoComplete="off"
          optional={prices !== null}
          {...field("preisId")}
          error={fields.preisId ?? (prices ? undefined : fields.preis)}
        />
      </FieldGroup>
      <FieldGroup title="Inhalt">
        <div className="grid gap-5 sm:grid-cols-3">
          <Field label="Lizenzen 30 Tage" inputMode="numeric" autoComplete="off" {...field("license30d")} />
          <Field label="Lizenzen 365 Tage" inputMode="numeric" autoComplete="off" {...field("license365d")} />
          <Field label="Geräte-Slots" inputMode="numeric" autoComplete="off" {...field("slots")} />
        </div>
        <Field
          label="Einlösbar in Tagen"
          hint="Ab dem Tag der Zahlung, 1 bis 3650."
          inputMode="numeric"
          autoComplete="off"
          className="max-w-48"
          {...field("tage")}
        />
      </FieldGroup>
      <FieldGroup title="Verkauf">
        <label className="flex min-h-9 items-center gap-3">
          <input type="checkbox" name="aktiv" value="1" defaultChecked={values.aktiv === "1"} className="size-5" />
          Zum Verkauf freigegeben
        </label>
      </FieldGroup>
      <p className="mb-6 text-soft">
        Änderungen gelten für neue Bestellungen. Bestehende bleiben, wie sie gekauft wurden.
      </p>
      <SubmitButton intent="preview" busy="Wird geprüft …">
        Vorschau
      </SubmitButton>
    </Form>
  );
}

/** What other packages will say otherwise, if anything. */
export function BesideChanges({ rows }: { rows: Difference[] }) {
  if (rows.length === 0) return null;
  return (
    <>
      <p className="mt-4 text-soft">Damit ändert sich, was andere Pakete sparen:</p>
      <Differences rows={rows} />
    </>
  );
}

type Difference = SkuPreview["changes"][number];

function Differences({ rows }: { rows: Difference[] }) {
  return (
    <ul className="wrap-anywhere mt-4 grid gap-1">
      {rows.map(({ field, from, to }) => (
        <li key={field}>
          <span className="text-soft">{field}:</span> {from === null ? null : <del className="text-mute">{from}</del>}{" "}
          {from === null ? null : "→ "}
          {to}
        </li>
      ))}
    </ul>
  );
}

/** What saving alters for future sales, and the package as buyers will see it. Saving sends the same values. */
export function SkuPreviewPanel({
  preview: { changes, others, card },
  values,
  isNew,
  back,
}: {
  preview: SkuPreview;
  values: Values;
  isNew: boolean;
  back: string;
}) {
  const save = { intent: isNew ? "create" : "save", label: "Speichern", busy: "Wird gespeichert …" };
  return (
    <PreviewPanel title="Vorschau" values={values} save={save} back={back}>
      <p className="mt-1 text-soft">
        {changes.length > 0
          ? "Das gilt für neue Bestellungen. Bestehende bleiben, wie sie gekauft wurden."
          : "Es ändert sich nichts."}
      </p>
      <Differences rows={changes} />
      <BesideChanges rows={others} />
      {card ? (
        <div className="card mt-6 p-6">
          <h3 className="wrap-anywhere text-md font-medium">{card.name}</h3>
          {card.description ? <p className="wrap-anywhere mt-1 text-sm text-mute">{card.description}</p> : null}
          <p className="num mt-3">
            <span className="text-soft">{card.currency}</span>{" "}
            <span className="text-2xl font-semibold tracking-tight">{card.amount}</span>
          </p>
          <p className="text-sm text-mute">{card.perUnit}</p>
          <ul className="mt-3 grid gap-1 border-line border-t pt-3 text-soft">
            {card.lines.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </div>
      ) : null}
    </PreviewPanel>
  );
}
