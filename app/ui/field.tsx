import type { ComponentProps } from "react";
import { Icon } from "./icon";

interface FieldProps extends Omit<ComponentProps<"input">, "id"> {
  label: string;
  name: string;
  hint?: string | undefined;
  error?: string | undefined;
  optional?: boolean;
}

/** A labelled text field with its hint and, when it was refused, the reason. The id is the name: an error summary links to it. */
export function Field({ label, name, hint, error, optional, className, ...input }: FieldProps) {
  const described = [error ? `${name}-fehler` : null, hint ? `${name}-hinweis` : null].filter(Boolean).join(" ");
  return (
    <div className={className}>
      <label className="label" htmlFor={name}>
        {label}
        {optional ? <span className="hint font-normal"> Freiwillig</span> : null}
      </label>
      {hint ? (
        <p id={`${name}-hinweis`} className="hint">
          {hint}
        </p>
      ) : null}
      <input
        id={name}
        name={name}
        className="input mt-1.5"
        aria-invalid={error ? true : undefined}
        aria-describedby={described || undefined}
        {...input}
      />
      <FieldError name={name} error={error} />
    </div>
  );
}

/** Why a field was refused, under it. */
export function FieldError({ name, error }: { name: string; error: string | undefined }) {
  if (!error) return null;
  return (
    <p id={`${name}-fehler`} className="mt-1.5 flex gap-1.5 text-sm text-danger">
      <Icon name="alert" className="mt-0.5 size-4" />
      <span>
        <span className="sr-only">Fehler: </span>
        {error}
      </span>
    </p>
  );
}

/** A native choice with a label and, when it was refused, the reason. */
export function SelectField({
  label,
  name,
  options,
  error,
  ...select
}: Omit<ComponentProps<"select">, "id"> & {
  label: string;
  name: string;
  options: Array<[value: string, word: string]>;
  error?: string | undefined;
}) {
  return (
    <div>
      <label className="label" htmlFor={name}>
        {label}
      </label>
      <span className="select mt-1.5">
        <select
          id={name}
          name={name}
          className="input"
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? `${name}-fehler` : undefined}
          {...select}
        >
          {options.map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
        <Icon name="chevron-down" />
      </span>
      <FieldError name={name} error={error} />
    </div>
  );
}
