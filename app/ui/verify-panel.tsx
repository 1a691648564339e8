import { Form } from "@remix-run/react";
import { DifferenceTable } from "./difference-table";
import type { DifferenceGroup } from "./difference-words";
import { Icon } from "./icon";
import { SubmitButton } from "./submit-button";

/** How far the check of the books is, or what it came to; worded by `verifyWords`. */
export interface VerifyWords {
  state: "running" | "broken" | "fine" | "faults";
  text: string;
  who: string;
  done: number;
  total: number;
}

/** «Bücher prüfen»: asks for the check, shows its progress and what it found. */
export function VerifyPanel({ check, groups }: { check: VerifyWords | null; groups: DifferenceGroup[] }) {
  const isRunning = check?.state === "running";
  return (
    <section id="buecher" aria-labelledby="buecher-titel" className="mt-14 scroll-mt-8">
      <h2 id="buecher-titel" className="text-lg font-semibold tracking-tight">
        Bücher prüfen
      </h2>
      <p className="mt-1 max-w-[62ch] text-soft">
        Rechnet jede Bewegung und jedes Guthaben von Anfang an nach. Es wird nur gelesen, Käufe gehen weiter.
      </p>
      <Form method="post" className="mt-4" preventScrollReset>
        <input type="hidden" name="intent" value="verify" />
        <SubmitButton busy="Prüfung läuft …" intent="verify" tone="secondary">
          {isRunning ? "Prüfung läuft …" : "Bücher prüfen"}
        </SubmitButton>
      </Form>
      {check ? (
        <div className="mt-4" role="status" data-testid="pruefung">
          <p className="flex items-start gap-2">
            <VerifyIcon state={check.state} />
            <span className="min-w-0">{check.text}</span>
          </p>
          {isRunning && check.total > 0 ? (
            <progress
              className="mt-2 h-2 w-full max-w-form accent-accent"
              aria-label="Geprüfte Guthaben"
              value={check.done}
              max={check.total}
            />
          ) : null}
          <p className="text-sm text-mute">{check.who}</p>
        </div>
      ) : null}
      {groups.map((group) => (
        <div key={`${group.kind} ${group.remedy}`} className="mt-4">
          <h3 className="font-medium text-danger">{group.name}</h3>
          <DifferenceTable caption={`Geprüft: ${group.name}`} rows={group.rows} more={group.more} />
        </div>
      ))}
    </section>
  );
}

function VerifyIcon({ state }: { state: VerifyWords["state"] }) {
  if (state === "fine") return <Icon name="check-circle" className="mt-0.5 size-5 text-positive" />;
  if (state === "running") return <Icon name="clock" className="mt-0.5 size-5 text-info" />;
  return <Icon name="cross-circle" className="mt-0.5 size-5 text-danger" />;
}
