import { Form, Link } from "@remix-run/react";
import { type ReactNode, useEffect, useRef } from "react";
import { SubmitButton } from "./submit-button";

/** What a form would do, before it does. The same values go on to be saved, or back to the form to be changed. */
export function PreviewPanel({
  title,
  values,
  save: { intent, label, busy },
  back,
  children,
}: {
  title: string;
  values: Record<string, string>;
  save: { intent: string; label: string; busy: string };
  back: string;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const typed = Object.entries(values)
    .filter(([name]) => name !== "intent")
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
        {title}
      </h2>
      {children}
      <div className="mt-6 flex flex-wrap gap-3">
        <Form method="post">
          {typed}
          <input type="hidden" name="intent" value={intent} />
          <SubmitButton intent={intent} busy={busy}>
            {label}
          </SubmitButton>
        </Form>
        <Form method="post">
          {typed}
          <input type="hidden" name="intent" value="edit" />
          <SubmitButton intent="edit" busy="Ändern" tone="secondary">
            Ändern
          </SubmitButton>
        </Form>
        <Link className="btn btn-ghost" to={back}>
          Abbrechen
        </Link>
      </div>
    </section>
  );
}
