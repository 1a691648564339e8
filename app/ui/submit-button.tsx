import { useNavigation } from "@remix-run/react";
import type { ReactNode } from "react";

/**
 * The button of a form that the router sends. While it is under way it says so and ignores further clicks. `intent`: the form's field of that
 * name, where a page has several forms.
 */
export function SubmitButton({
  children,
  busy,
  intent,
  tone = "primary",
  disabled = false,
  describedBy,
}: {
  children: ReactNode;
  /** What the button says meanwhile: "Wird gespeichert …". */
  busy: string;
  intent?: string;
  tone?: "primary" | "secondary" | "danger";
  disabled?: boolean;
  describedBy?: string | undefined;
}) {
  const { formData } = useNavigation();
  const isBusy = formData !== undefined && (intent === undefined || formData.get("intent") === intent);
  return (
    <button
      type="submit"
      className={`btn btn-${tone}`}
      disabled={disabled}
      aria-disabled={isBusy || undefined}
      aria-describedby={describedBy}
      onClick={(event) => {
        if (isBusy) event.preventDefault();
      }}
    >
      {isBusy ? busy : children}
    </button>
  );
}
