import { Form } from "@remix-run/react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { AccountingValues } from "~/billing/accounting-form";
import { Field, SelectField } from "./field";
import { SubmitButton } from "./submit-button";
import { useUnsavedWarning } from "./use-unsaved-warning";

type Texts = Partial<Record<keyof AccountingValues, string>>;

interface AccountingFormProps {
  /** What is saved, or what was typed when it was refused. */
  values: Texts;
  /** Why it was not saved, and what is wrong with which field. */
  error: { fields: Texts } | null;
  /** Changes with each save. */
  version: string;
  countries: Array<[value: string, word: string]>;
  /** The id of the reason why nothing can be changed. */
  refusedId: string | null;
}

/** Who is billed. Its own address is its target, so that a refusal is not shown beside the success before it. */
export function AccountingForm({ values, error, version, countries, refusedId }: AccountingFormProps) {
  const [unsaved, setUnsaved] = useState(false);
  useEffect(() => setUnsaved(error !== null), [error]);
  useUnsavedWarning(unsaved);
  // Saved fields show what was saved, in its notation. What is being typed stays, whatever others save meanwhile.
  const shown = useRef(version);
  if (!unsaved) shown.current = version;
  const field = (name: keyof AccountingValues) => ({ name, defaultValue: values[name], error: error?.fields[name] });
  return (
    <Form
      key={shown.current}
      method="post"
      action="/admin/billing/accounting"
      noValidate
      className={`max-w-form ${refusedId ? "[&_.input]:bg-sunken [&_.input]:text-soft" : ""}`}
      onInput={() => setUnsaved(true)}
      onSubmit={() => setUnsaved(false)}
    >
      <fieldset disabled={refusedId !== null} aria-describedby={refusedId ?? undefined}>
        <Group title="Firma">
          <Field label="Firma" {...field("legalName")} required autoComplete="organization" />
          <Field label="Strasse und Nummer" {...field("street")} required autoComplete="address-line1" />
          <div className="grid items-start gap-5 sm:grid-cols-[10rem_1fr]">
            <Field label="PLZ" {...field("postalCode")} required autoComplete="postal-code" />
            <Field label="Ort" {...field("city")} required autoComplete="address-level2" />
          </div>
          <SelectField label="Land" {...field("country")} options={countries} required autoComplete="country" />
        </Group>
        <Group title="MWST">
          <Field
            label="UID/MWST-Nummer"
            hint="Zum Beispiel CHE-123.456.788 MWST"
            {...field("vatNumber")}
            optional
            autoComplete="off"
          />
        </Group>
        <Group title="Kontakt">
          <Field label="Name" {...field("contactName")} optional autoComplete="name" />
          <Field label="E-Mail" {...field("contactEmail")} optional type="email" autoComplete="email" />
          <Field label="Telefon" {...field("contactPhone")} optional type="tel" autoComplete="tel" />
        </Group>
        <SubmitButton busy="Wird gespeichert …" disabled={refusedId !== null} describedBy={refusedId ?? undefined}>
          Speichern
        </SubmitButton>
      </fieldset>
    </Form>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="mb-8 border-line border-b pb-8">
      <legend className="mb-4 text-lg font-semibold tracking-tight">{title}</legend>
      <div className="grid gap-5">{children}</div>
    </fieldset>
  );
}
