import type { ComponentProps, ReactNode } from "react";
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
      <Select
        id={name}
        name={name}
        options={options}
        wrapper="mt-1.5"
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${name}-fehler` : undefined}
        {...select}
      />
      <FieldError name={name} error={error} />
    </div>
  );
}

/** A choice by itself, for where the label stands elsewhere. `wrapper`: classes around it. */
export function Select({
  options,
  wrapper = "",
  ...select
}: ComponentProps<"select"> & { options: Array<[value: string, word: string]>; wrapper?: string }) {
  return (
    <span className={`select ${wrapper}`}>
      <select className="input" {...select}>
        {options.map(([value, word]) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
      </select>
      <Icon name="chevron-down" />
    </span>
  );
}

/** Fields that belong together, under a heading. */
export function FieldGroup({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="mb-8 border-line border-b pb-8">
      <legend className="mb-4 text-lg font-semibold tracking-tight">{title}</legend>
      <div className="grid gap-5">{children}</div>
    </fieldset>
  );
}
