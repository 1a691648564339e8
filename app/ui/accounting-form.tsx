import { Form } from "@remix-run/react";
import { useEffect, useRef, useState } from "react";
import type { AccountingValues } from "~/billing/accounting-form";
import type { FieldWords } from "./accounting-words";
import { Field, FieldGroup, SelectField } from "./field";
import { SubmitButton } from "./submit-button";
import { useUnsavedWarning } from "./use-unsaved-warning";

type Texts = Partial<Record<keyof AccountingValues, string>>;

interface AccountingFormProps {
  groups: Array<{ title: string; fields: FieldWords[] }>;
  /** What is saved, or what was typed when it was refused. */
  values: Texts;
  /** Why it was not saved, and what is wrong with which field. */
  error: { fields: Texts } | null;
  /** Changes with each save. */
  version: string;
  /** The id of the reason why nothing can be changed. */
  refusedId: string | undefined;
}

/** Who is billed. Its own address is its target, so that a refusal is not shown beside the success before it. */
export function AccountingForm({ groups, values, error, version, refusedId }: AccountingFormProps) {
  const [unsaved, setUnsaved] = useState(false);
  useEffect(() => setUnsaved(error !== null), [error]);
  useUnsavedWarning(unsaved);
  // Saved fields show what was saved, in its notation. What is being typed stays, whatever others save meanwhile.
  const shown = useRef(version);
  if (!unsaved) shown.current = version;
  return (
    <Form
      key={shown.current}
      method="post"
      action="/admin/billing/accounting"
      noValidate
      className="max-w-form"
      onInput={() => setUnsaved(true)}
      onSubmit={() => setUnsaved(false)}
    >
      <fieldset
        disabled={!!refusedId}
        aria-describedby={refusedId}
        className="disabled:[&_.input]:bg-sunken disabled:[&_.input]:text-soft"
      >
        {groups.map(({ title, fields }) => (
          <FieldGroup key={title} title={title}>
            <div className="grid items-start gap-5 sm:grid-cols-3">
              {fields.map(({ name, options, className = "sm:col-span-3", ...words }) => {
                const field = { ...words, name, defaultValue: values[name], error: error?.fields[name] };
                return (
                  <div key={name} className={className}>
                    {options ? <SelectField {...field} options={options} /> : <Field {...field} />}
                  </div>
                );
              })}
            </div>
          </FieldGroup>
        ))}
        <SubmitButton busy="Wird gespeichert …" disabled={!!refusedId} describedBy={refusedId}>
          Speichern
        </SubmitButton>
      </fieldset>
    </Form>
  );
}
