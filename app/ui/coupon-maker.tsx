import { Form, Link } from "@remix-run/react";
import { type ReactNode, useEffect, useRef } from "react";
import { Field } from "./field";
import { SubmitButton } from "./submit-button";

const NEW = { anzahl: "1", license30d: "0", license365d: "0", slots: "0", tage: "365", hoechstens: "1" };
const LIST = "/operator/coupons";

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
  const trio = "grid items-start gap-5 sm:grid-cols-3";
  return (
    <Form method="post" action={`${LIST}/new`} noValidate className="grid max-w-form gap-8">
      <input type="hidden" name="intent" value="preview" />
      <input type="hidden" name="nonce" value={values.nonce ?? nonce} />
      <Part title="Codes">
        <div className={trio}>
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
      </Part>
      <Part title="Credits je Einlösung">
        <div className={trio}>
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
      </Part>
      <Part title="Wann und wie oft">
        <div className={trio}>
          <Field
            label="Gültig von"
            hint="Ab Beginn dieses Tages."
            placeholder="TT.MM.JJJJ"
            optional
            {...field("von")}
          />
          <Field
            label="Gültig bis und mit"
            hint="Bis Ende dieses Tages."
            placeholder="TT.MM.JJJJ"
            optional
            {...field("bis")}
          />
          <Field label="Höchstens einlösbar" hint="Leer: jedes Konto einmal." optional {...whole("hoechstens")} />
        </div>
      </Part>
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

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="grid gap-5">
      <legend className="mb-4 text-lg font-semibold tracking-tight">{title}</legend>
      {children}
    </fieldset>
  );
}

/** What would be made and what it may cost, before it is. «Ändern» leads back to the form with all that was typed. */
export function CouponPreview({ sentences, values }: { sentences: string[]; values: Record<string, string> }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const typed = Object.entries(values).filter(([name]) => name !== "intent");
  const hidden = (names: (name: string) => boolean) =>
    typed
      .filter(([name]) => names(name))
      .map(([name, value]) => <input key={name} type="hidden" name={name} value={value} />);
  return (
    <section aria-labelledby="vorschau" className="max-w-form rounded-lg bg-sunken p-7">
      <h2
        ref={heading}
        id="vorschau"
        tabIndex={-1}
        autoFocus
        className="text-lg font-semibold tracking-tight outline-none"
      >
        Das wird angelegt
      </h2>
      {sentences.map((sentence) => (
        <p key={sentence} className="wrap-anywhere mt-2 text-soft">
          {sentence}
        </p>
      ))}
      <div className="mt-6 flex flex-wrap gap-3">
        <Form method="post" action={`${LIST}/new`}>
          {hidden(() => true)}
          <input type="hidden" name="intent" value="create" />
          <SubmitButton busy="Wird angelegt …">Anlegen</SubmitButton>
        </Form>
        <Form method="get" action={`${LIST}/new`}>
          {hidden((name) => name !== "nonce")}
          <button type="submit" className="btn btn-secondary">
            Ändern
          </button>
        </Form>
        <Link className="btn btn-ghost" to={LIST}>
          Abbrechen
        </Link>
      </div>
    </section>
  );
}
