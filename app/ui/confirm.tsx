import { Link, useNavigate } from "@remix-run/react";
import { type ReactNode, useEffect, useRef } from "react";

/**
 * A question before something is spent or blocked, as the first block of the page. It is an address of its own (`?bestaetigen=…`), so that it
 * works without JavaScript; with it the same block is a modal dialog. "Abbrechen" and Escape lead to `back`, and the focus
 * returns to the link with the id `trigger`.
 */
export function Confirm({
  title,
  children,
  back,
  trigger,
}: {
  title: string;
  /** What it will do, then the form with the buttons. */
  children: ReactNode;
  back: string;
  trigger: string;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const navigate = useNavigate();
  useEffect(() => {
    const box = dialog.current;
    if (!box) return;
    box.close();
    box.showModal();
    return () => {
      // After the page without the question is there. A refusal comes first: it could not take the focus from a modal dialog.
      setTimeout(() => {
        (document.querySelector<HTMLElement>("#meldung[role=alert]") ?? document.getElementById(trigger))?.focus();
      });
    };
  }, [trigger]);
  return (
    <dialog
      ref={dialog}
      open
      aria-labelledby="frage"
      onCancel={(event) => {
        event.preventDefault();
        navigate(back, { preventScrollReset: true });
      }}
      className="static mx-0 mb-8 w-full max-w-form rounded-lg border border-line-strong bg-canvas p-6 text-ink shadow-float sm:p-7 [&:modal]:fixed [&:modal]:m-auto [&:modal]:max-w-[min(32rem,calc(100vw-2rem))]"
    >
      <h2 id="frage" tabIndex={-1} autoFocus className="text-lg font-semibold tracking-tight outline-none">
        {title}
      </h2>
      {children}
    </dialog>
  );
}

/** The buttons of a question: the verb itself, then "Abbrechen". */
export function ConfirmButtons({ children, back }: { children: ReactNode; back: string }) {
  return (
    <div className="mt-6 flex flex-wrap gap-3">
      {children}
      <Link className="btn btn-secondary" to={back} preventScrollReset>
        Abbrechen
      </Link>
    </div>
  );
}
