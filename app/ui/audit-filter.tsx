import { Field, SelectField } from "./field";
import { OperatorFilter } from "./operator-filter";

/** What the filter offers, worded by the loader. */
export interface AuditChoices {
  actions: Array<[value: string, word: string]>;
  subjects: Array<[value: string, word: string]>;
  staff: string[];
}

/** Which entries of the audit trail are shown. */
export function AuditFilterForm({
  values,
  errors,
  isSet,
  choices,
}: {
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  isSet: boolean;
  choices: AuditChoices;
}) {
  const text = (name: string, label: string, width: string) => (
    <Field
      label={label}
      name={name}
      defaultValue={values[name] ?? ""}
      error={errors[name]}
      className={`min-w-0 max-sm:basis-full ${width}`}
      autoComplete="off"
      spellCheck={false}
      {...(name === "wer" ? { list: "betrieb" } : {})}
    />
  );
  return (
    <OperatorFilter label="Protokoll filtern" to="/operator/audit" values={values} isSet={isSet}>
      {text("wer", "Wer (E-Mail)", "sm:basis-64")}
      <datalist id="betrieb">
        {choices.staff.map((email) => (
          <option key={email} value={email} />
        ))}
      </datalist>
      <div className="min-w-0 max-sm:w-full sm:w-64">
        <SelectField label="Was" name="aktion" defaultValue={values.aktion ?? ""} options={choices.actions} />
      </div>
      {text("tenant", "Konto", "sm:basis-56")}
      <div className="min-w-0 max-sm:w-full sm:w-44">
        <SelectField
          label="Betrifft"
          name="art"
          defaultValue={values.art ?? ""}
          error={errors.art}
          options={choices.subjects}
        />
      </div>
      {text("id", "Kennung", "sm:basis-64")}
      {text("trace", "Trace-ID", "sm:basis-64")}
    </OperatorFilter>
  );
}
