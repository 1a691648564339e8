import { useEffect, useRef, useState } from "react";
import { Icon } from "./icon";

/** Something that is shown once, to be copied. `describedBy`: the sentence that says so. */
export function SecretField({
  id,
  testId,
  value,
  describedBy,
}: {
  id: string;
  testId: string;
  value: string;
  describedBy: string;
}) {
  const field = useRef<HTMLInputElement>(null);
  const [canCopy, setCanCopy] = useState(false);
  const [copied, setCopied] = useState(false);
  useEffect(() => setCanCopy("clipboard" in navigator), []);

  async function copy() {
    field.current?.select();
    await navigator.clipboard.writeText(value).then(
      () => setCopied(true),
      // Not allowed: the text is selected, for copying by hand.
      () => setCopied(false),
    );
  }

  return (
    <div className="flex flex-wrap gap-3">
      <input
        ref={field}
        id={id}
        data-testid={testId}
        className="input code min-w-0 flex-1 basis-72"
        value={value}
        readOnly
        autoFocus
        autoComplete="off"
        spellCheck={false}
        aria-describedby={describedBy}
        onFocus={(event) => event.currentTarget.select()}
      />
      {canCopy ? (
        <button type="button" className="btn btn-secondary min-w-28" onClick={copy}>
          {copied ? <Icon name="check" /> : null}
          <span aria-live="polite">{copied ? "Kopiert" : "Kopieren"}</span>
        </button>
      ) : null}
    </div>
  );
}
