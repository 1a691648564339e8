import { type RefObject, useEffect, useState } from "react";
import { Icon } from "./icon";

/** Puts what stands in a field on the clipboard; only where the browser can. */
export function CopyButton({ field }: { field: RefObject<HTMLInputElement> }) {
  const [canCopy, setCanCopy] = useState(false);
  const [copied, setCopied] = useState(false);
  useEffect(() => setCanCopy("clipboard" in navigator), []);
  if (!canCopy) return null;

  async function copy() {
    field.current?.select();
    await navigator.clipboard.writeText(field.current?.value ?? "").then(
      () => setCopied(true),
      // Not allowed: the text is selected, for copying by hand.
      () => setCopied(false),
    );
  }

  return (
    <button type="button" className="btn btn-secondary min-w-28" onClick={copy}>
      {copied ? <Icon name="check" /> : null}
      <span aria-live="polite">{copied ? "Kopiert" : "Kopieren"}</span>
    </button>
  );
}
