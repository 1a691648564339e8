import { Form, Link } from "@remix-run/react";
import type { DifferenceGroup, DifferenceRow } from "./difference-words";
import { Icon } from "./icon";
import { SubmitButton } from "./submit-button";

/** What differs, kind by kind, each with its remedy. The first that can be mended has the page's primary button. */
export function Differences({ groups, title, busy }: { groups: DifferenceGroup[]; title: string; busy: boolean }) {
  const first = groups.findIndex((group) => group.remedy === "reconcile");
  return (
    <section aria-labelledby="abweichungen" className="mt-10">
      <h2 id="abweichungen" className="text-lg font-semibold tracking-tight">
        {title}
      </h2>
      {groups.map((group, i) => (
        <div key={`${group.kind} ${group.remedy}`} className="mt-5" data-testid={`art-${group.kind}`}>
          <h3 className="flex items-center gap-2 text-base font-medium text-danger">
            <Icon name="alert" /> {group.name}
          </h3>
          <p className="text-soft">{group.meaning}</p>
          <DifferenceTable caption={group.name} rows={group.rows} more={group.more} />
          <Remedy group={group} primary={i === first} busy={busy} />
        </div>
      ))}
    </section>
  );
}

/** Rows of differences: the subject, its tenant, and what stands where. */
export function DifferenceTable({
  caption,
  rows,
  more,
}: {
  caption: string;
  rows: DifferenceRow[];
  more: string | null;
}) {
  return (
    <>
      <table className="table">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Betrifft</th>
            <th scope="col" className="max-sm:hidden">
              Konto
            </th>
            <th scope="col">Was wo steht</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, subject, to, tenant, detail }) => (
            <tr key={key}>
              <th scope="row" className="code">
                {to ? (
                  <Link className="link" to={to}>
                    {subject}
                  </Link>
                ) : (
                  subject
                )}
                {tenant ? <span className="block text-sm font-normal text-soft sm:hidden">{tenant}</span> : null}
              </th>
              <td className="max-sm:hidden">{tenant ?? "Unbekannt"}</td>
              <td className="code text-soft">{detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {more ? <p className="mt-1 text-sm text-mute">{more}</p> : null}
    </>
  );
}

function Remedy({ group, primary, busy }: { group: DifferenceGroup; primary: boolean; busy: boolean }) {
  if (group.remedy === "reconcile") {
    return (
      <Form method="post" className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2" preventScrollReset>
        <input type="hidden" name="intent" value="reconcile" />
        <SubmitButton busy="Abgleich läuft …" intent="reconcile" tone={primary ? "primary" : "secondary"}>
          <Icon name="loop" /> {busy ? "Abgleich läuft …" : "Fehlendes Ereignis nachholen"}
        </SubmitButton>
        <p className="min-w-0 flex-1 basis-72 text-sm text-mute">
          Holt das Ereignis bei Stripe und verarbeitet es normal. Es wird kein Saldo von Hand geändert.
        </p>
      </Form>
    );
  }
  const link = group.remedy === "order" && group.to ? { to: group.to, label: "Bestellung prüfen" } : null;
  const check = group.remedy === "verify" ? { to: "#buecher", label: "Bücher prüfen" } : null;
  const way = link ?? check;
  return way ? (
    <Link className="btn btn-secondary mt-3" to={way.to}>
      {way.label}
    </Link>
  ) : null;
}
