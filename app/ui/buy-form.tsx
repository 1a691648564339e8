import { type FormEvent, useEffect, useState } from "react";
import type { Buyable } from "./offer-words";

/**
 * "Kaufen": a plain form, because the answer leads to another host. JavaScript adds the busy label and keeps a second click
 * from being sent; coming back with the browser's own button makes it ready again.
 */
export function BuyForm({
  sku,
  nonce,
  primary,
  refused,
  describedBy,
  label = "Kaufen",
}: {
  sku: Buyable;
  nonce: string;
  primary: boolean;
  /** Whether this person may not buy. */
  refused: boolean;
  /** The id of the sentence that says why not, or what went wrong last time. */
  describedBy: string | undefined;
  label?: string;
}) {
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const ready = () => setBusy(false);
    window.addEventListener("pageshow", ready);
    return () => window.removeEventListener("pageshow", ready);
  }, []);

  function send(event: FormEvent) {
    if (busy) event.preventDefault();
    else setBusy(true);
  }

  return (
    <form method="post" action="/admin/billing/packages" onSubmit={send}>
      <input type="hidden" name="skuId" value={sku.id} />
      <input type="hidden" name="nonce" value={nonce} />
      <button
        type="submit"
        className={`btn w-full min-w-34 ${primary ? "btn-primary" : "btn-secondary"}`}
        disabled={refused}
        aria-disabled={busy || undefined}
        aria-describedby={describedBy}
      >
        <span aria-live="polite">{busy ? "Wird gekauft …" : label}</span>
        <span className="sr-only">{`: ${sku.name}, ${sku.money}`}</span>
      </button>
    </form>
  );
}
