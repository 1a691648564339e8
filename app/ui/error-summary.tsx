import type { MouseEvent } from "react";
import { useErrorFocus } from "./use-error-focus";

interface Problem {
  /** The id of the input that must change; null when no input is at fault. */
  field: string | null;
  text: string;
}

/** What is wrong with a form, above it; takes the focus without JavaScript, too, and each time there is something new. */
export function ErrorSummary({ title, problems }: { title: string; problems: Problem[] }) {
  const box = useErrorFocus(title);
  return (
    <div ref={box} tabIndex={-1} autoFocus className="mb-6 rounded-md border-2 border-danger px-4 py-3">
      <div role="alert">
        <h2 className="text-base font-semibold text-danger">{title}</h2>
        <ul className="mt-1 grid gap-1">
          {problems.map(({ field, text }) => (
            <li key={field ?? text}>
              {field ? (
                <a className="link target" href={`#${field}`} onClick={goToField}>
                  {text}
                </a>
              ) : (
                text
              )}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** What the browser does itself, kept from the router, who would forget why the form was refused. */
function goToField(event: MouseEvent<HTMLAnchorElement>): void {
  event.preventDefault();
  const { hash } = event.currentTarget;
  window.history.replaceState(window.history.state, "", hash);
  document.getElementById(hash.slice(1))?.focus();
}
