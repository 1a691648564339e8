import { Form } from "@remix-run/react";
import { Confirm, ConfirmButtons } from "./confirm";
import type { SpendingQuestion as Question } from "./spending-words";
import { SubmitButton } from "./submit-button";
import { SPENDING } from "./words.de";

/** Asks before a credit is spent, and spends it. `back`: the page that asked. */
export function SpendingQuestion({
  question: { type, title, text },
  nonce,
  back,
}: {
  question: Question;
  nonce: string;
  back: string;
}) {
  const { action, button, ask } = SPENDING[type];
  return (
    <Confirm title={title} back={back} trigger={ask}>
      <p className="mt-2 text-soft">{text}</p>
      <Form method="post" action="/admin/billing?index">
        <input type="hidden" name="intent" value="consume" />
        <input type="hidden" name="action" value={action} />
        <input type="hidden" name="nonce" value={nonce} />
        <ConfirmButtons back={back}>
          <SubmitButton intent="consume" busy={type === "DEVICE_SLOT" ? "Wird hinzugefügt …" : "Wird aktiviert …"}>
            {button}
          </SubmitButton>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}
