import { Form, Link } from "@remix-run/react";
import { useEffect } from "react";
import { ErrorSummary } from "./error-summary";
import { Field } from "./field";
import { PageHead } from "./page-head";
import { SecretField } from "./secret-field";
import { SubmitButton } from "./submit-button";

const LIST = "/admin/devices";

/** A new device: its name. `error`: what is wrong with the name that was typed. `off`: why none can be recorded now. */
export function DeviceForm({
  nonce,
  name,
  error,
  off,
}: {
  nonce: string;
  name: string | undefined;
  error: string | undefined;
  off: string | null;
}) {
  return (
    <div className="max-w-form">
      {error ? (
        <ErrorSummary title="Das Gerät wurde nicht gespeichert" problems={[{ field: "name", text: error }]} />
      ) : null}
      <Form method="post" className="grid gap-6">
        <input type="hidden" name="nonce" value={nonce} />
        <Field
          label="Name"
          name="name"
          hint="Zum Beispiel Stand 1, Halle 3"
          error={error}
          defaultValue={name}
          autoComplete="off"
          required
          maxLength={80}
        />
        <div className="grid gap-2">
          <div className="flex flex-wrap gap-3">
            <SubmitButton busy="Wird gespeichert …" disabled={off !== null} describedBy={off ? "grund" : undefined}>
              Gerät erfassen
            </SubmitButton>
            <Link className="btn btn-secondary" to={LIST}>
              Abbrechen
            </Link>
          </div>
          {off ? (
            <p id="grund" className="text-sm text-soft">
              {off}
            </p>
          ) : null}
        </div>
      </Form>
    </div>
  );
}

/** The one answer that shows a new device's key. */
export function DeviceKey({ name, apiKey }: { name: string; apiKey: string }) {
  // The title of a page comes from its loader, and the loader never hears of what the action has made.
  useEffect(() => {
    document.title = "Gerät erfasst – LeadRadar";
  }, []);
  return (
    <>
      <PageHead title="Gerät erfasst" intro={name} />
      <div className="grid max-w-form gap-6">
        <KeyField apiKey={apiKey} />
        <Link className="btn btn-primary justify-self-start" to={LIST}>
          Fertig
        </Link>
      </div>
    </>
  );
}

function KeyField({ apiKey }: { apiKey: string }) {
  return (
    <div className="grid gap-1.5">
      <div>
        <label className="label" htmlFor="schluessel">
          Schlüssel
        </label>
        <p id="schluessel-hinweis" className="hint">
          Dieser Schlüssel wird nur jetzt angezeigt. Geben Sie ihn im Gerät ein.
        </p>
      </div>
      <SecretField id="schluessel" testId="api-key" value={apiKey} describedBy="schluessel-hinweis" />
    </div>
  );
}
