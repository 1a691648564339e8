import { Form, Link } from "@remix-run/react";
import { Field, FieldGroup } from "./field";
import { PreviewPanel } from "./preview-panel";
import { SubmitButton } from "./submit-button";

const NEW = { anzahl: "1", license30d: "0", license365d: "0", slots: "0", tage: "365", hoechstens: "1" };
const LIST = "/operator/coupons";
const TRIO = "grid items-start gap-5 sm:grid-cols-3";

/** «Code anlegen»: what the codes are good for. `values`: what was typed before, null: nothing yet. */
export function CouponMaker({
  values: typed,
  fields,
  nonce,
}: {
  values: Record<string, string> | null;
  fields: Record<string, string>;
  nonce: string;
}) {
  const values: Record<string, string> = typed ?? NEW;
  const field = (name: string) => ({
    name,
    defaultValue: values[name] ?? "",
    error: fields[name],
    autoComplete: "off",
  });
  const whole = (name: string) => ({ ...field(name), inputMode: "numeric" as const });
  return (
    <Form method="post" action={`${LIST}/new`} noValidate className="max-w-form">
      <input type="hidden" name="intent" value="preview" />
      <input type="hidden" name="nonce" value={values.nonce ?? nonce} />
      <FieldGroup title="Codes">
        <div className={TRIO}>
          <Field
            label="Code"
            hint="Leer lassen, um Codes zu erzeugen."
            optional
            className="sm:col-span-2"
            autoCapitalize="characters"
            spellCheck={false}
            {...field("code")}
          />
          <Field label="Anzahl Codes" hint="1 bis 1000." {...whole("anzahl")} />
        </div>
        <Field label="Partner" optional {...field("partner")} />
      </FieldGroup>
      <FieldGroup title="Credits je Einlösung">
        <div className={TRIO}>
          <Field label="Lizenzen 30 Tage" {...whole("license30d")} />
          <Field label="Lizenzen 365 Tage" {...whole("license365d")} />
          <Field label="Geräte-Slots" {...whole("slots")} />
        </div>
        <Field
          label="Einlösbar in Tagen"
          hint="So lange gelten die Credits ab der Einlösung des Codes, 1 bis 3650."
          className="sm:max-w-[calc((100%-2.5rem)/3*2+1.25rem)]"
          {...whole("tage")}
        />
      </FieldGroup>
      <Limits field={field} />
      <div className="flex flex-wrap gap-3">
        <SubmitButton intent="preview" busy="Wird geprüft …">
          Vorschau
        </SubmitButton>
        <Link className="btn btn-ghost" to={LIST}>
          Abbrechen
        </Link>
      </div>
    </Form>
  );
}

function Limits({
  field,
}: {
  field: (name: string) => { name: string; defaultValue: string; error: string | undefined };
}) {
  return (
    <FieldGroup title="Wann und wie oft">
      <div className={TRIO}>
        <Field label="Gültig von" hint="Ab Beginn dieses Tages." placeholder="TT.MM.JJJJ" optional {...field("von")} />
        <Field
          label="Gültig bis und mit"
          hint="Bis Ende dieses Tages."
          placeholder="TT.MM.JJJJ"
          optional
          {...field("bis")}
        />
        <Field
          label="Höchstens einlösbar"
          hint="Leer: jedes Konto einmal."
          optional
          inputMode="numeric"
          {...field("hoechstens")}
        />
      </div>
    </FieldGroup>
  );
}

/** What would be made and what it may cost, before it is. */
export function CouponPreview({ sentences, values }: { sentences: string[]; values: Record<string, string> }) {
  const save = { intent: "create", label: "Anlegen", busy: "Wird angelegt …" };
  return (
    <PreviewPanel title="Das wird angelegt" values={values} save={save} back={LIST}>
      {sentences.map((sentence) => (
        <p key={sentence} className="wrap-anywhere mt-2 text-soft">
          {sentence}
        </p>
      ))}
    </PreviewPanel>
  );
}
