import { Form } from "@remix-run/react";
import { Field } from "./field";
import { SubmitButton } from "./submit-button";

/** "Gutscheincode": one field, one button beside it. */
export function CouponForm({
  nonce,
  code,
  error,
  refusedId,
}: {
  nonce: string;
  code: string;
  error: string | undefined;
  /** The id of the sentence that says why this person may not redeem; null when they may. */
  refusedId: string | null;
}) {
  return (
    <Form method="post" action="/admin/billing?index" className="flex max-w-form flex-wrap items-start gap-x-3 gap-y-3">
      <input type="hidden" name="intent" value="redeem" />
      <input type="hidden" name="nonce" value={nonce} />
      <Field
        label="Code"
        name="code"
        hint="Gross- und Kleinschreibung spielt keine Rolle."
        className="min-w-0 flex-1 basis-72"
        defaultValue={code}
        error={error}
        maxLength={200}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        disabled={refusedId !== null}
      />
      <div className="sm:pt-[3.0625rem]">
        <SubmitButton
          intent="redeem"
          busy="Wird eingelöst …"
          tone="secondary"
          disabled={refusedId !== null}
          describedBy={refusedId ?? undefined}
        >
          Einlösen
        </SubmitButton>
      </div>
    </Form>
  );
}
