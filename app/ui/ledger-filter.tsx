import { Form, Link } from "@remix-run/react";
import { CREDIT_TYPES } from "~/billing/credit-types";
import { LEDGER_REASONS } from "~/billing/ledger-reasons";
import { Field, SelectField } from "./field";
import { CREDIT_NAME, REASON_NAME } from "./words.de";

/** What the address says, by name. */
export type FilterValues = Record<string, string>;

/** Which movements are shown. A plain form whose answer is an address, so that a filter can be kept and sent. */
export function LedgerFilter({
  values,
  errors,
  isSet,
}: {
  values: FilterValues;
  errors: Record<string, string>;
  isSet: boolean;
}) {
  const date = (name: string, label: string) => (
    <Field
      label={label}
      name={name}
      placeholder="TT.MM.JJJJ"
      defaultValue={values[name] ?? ""}
      error={errors[name]}
      className="basis-36"
      autoComplete="off"
    />
  );
  return (
    <Form
      // Another filter is another form: the fields show what the address says.
      key={JSON.stringify(values)}
      method="get"
      role="search"
      aria-label="Bewegungen filtern"
      className="mb-8 flex flex-wrap items-start gap-3 rounded-lg bg-sunken p-4"
    >
      <SelectField
        label="Credit"
        name="type"
        defaultValue={values.type ?? ""}
        options={[["", "Alle"], ...CREDIT_TYPES.map((type): [string, string] => [type, CREDIT_NAME[type]])]}
      />
      <SelectField
        label="Grund"
        name="reason"
        defaultValue={values.reason ?? ""}
        options={[["", "Alle"], ...LEDGER_REASONS.map((reason): [string, string] => [reason, REASON_NAME[reason]])]}
      />
      {date("from", "Von")}
      {date("to", "Bis und mit")}
      {values.lot ? <input type="hidden" name="lot" value={values.lot} /> : null}
      <div className="flex gap-1.5 pt-7">
        <button type="submit" className="btn btn-secondary min-h-10">
          Filtern
        </button>
        {isSet ? (
          <Link className="btn btn-ghost min-h-10" to="/admin/billing/ledger">
            Zurücksetzen
          </Link>
        ) : null}
      </div>
    </Form>
  );
}
