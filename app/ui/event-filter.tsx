import { Form, Link } from "@remix-run/react";
import { Field, SelectField } from "./field";

/** Which events are shown. A plain form whose answer is an address. `states` and `types`: value and word. */
export function EventFilterBar({
  values,
  errors,
  isSet,
  states,
  types,
}: {
  values: Record<string, string>;
  errors: Record<string, string>;
  isSet: boolean;
  states: Array<[value: string, word: string]>;
  types: string[];
}) {
  return (
    <Form
      // Another filter is another form: the fields show what the address says.
      key={JSON.stringify(values)}
      method="get"
      action="/operator/events"
      role="search"
      aria-label="Ereignisse filtern"
      className="mb-8 flex flex-wrap items-start gap-3 rounded-lg bg-sunken p-4"
    >
      <div className="min-w-0 grow basis-36">
        <SelectField
          label="Status"
          name="status"
          defaultValue={values.status ?? ""}
          options={[["", "Alle"], ...states]}
          error={errors.status}
        />
      </div>
      <div className="min-w-0 grow basis-52">
        <SelectField
          label="Typ"
          name="type"
          defaultValue={values.type ?? ""}
          options={[["", "Alle Typen"], ...types.map((type): [string, string] => [type, type])]}
          error={errors.type}
        />
      </div>
      <Field
        label="Ereignis, Bestellung oder Konto"
        name="suche"
        defaultValue={values.suche ?? ""}
        error={errors.suche}
        className="min-w-0 grow basis-56"
        autoComplete="off"
      />
      <Day name="von" label="Von" value={values.von} error={errors.von} />
      <Day name="bis" label="Bis und mit" value={values.bis} error={errors.bis} />
      <div className="flex gap-1.5 self-end">
        <button type="submit" className="btn btn-secondary min-h-10">
          Filtern
        </button>
        {isSet ? (
          <Link className="btn btn-ghost min-h-10" to="/operator/events">
            Zurücksetzen
          </Link>
        ) : null}
      </div>
    </Form>
  );
}

function Day({
  name,
  label,
  value,
  error,
}: {
  name: string;
  label: string;
  value?: string | undefined;
  error?: string | undefined;
}) {
  return (
    <Field
      label={label}
      name={name}
      placeholder="TT.MM.JJJJ"
      defaultValue={value ?? ""}
      error={error}
      className="min-w-0 grow basis-28"
      autoComplete="off"
    />
  );
}
