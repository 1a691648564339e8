import { Form, Link } from "@remix-run/react";
import type { ReactNode } from "react";

/** Which rows of a list are shown: a plain form whose answer is an address. `values`: what the address says. */
export function OperatorFilter({
  label,
  to,
  values,
  isSet,
  children,
}: {
  label: string;
  /** The list without a filter. */
  to: string;
  values: Record<string, string | undefined>;
  isSet: boolean;
  children: ReactNode;
}) {
  return (
    <Form
      // Another filter is another form: the fields show what the address says.
      key={JSON.stringify(values)}
      method="get"
      action={to}
      role="search"
      aria-label={label}
      className="mb-8 flex flex-wrap items-start gap-3 rounded-lg bg-sunken p-4"
    >
      {children}
      <div className="flex gap-1.5 sm:pt-7">
        <button type="submit" className="btn btn-secondary min-h-10">
          Filtern
        </button>
        {isSet ? (
          <Link className="btn btn-ghost min-h-10" to={to}>
            Zurücksetzen
          </Link>
        ) : null}
      </div>
    </Form>
  );
}
