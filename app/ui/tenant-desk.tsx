import { Form, Link } from "@remix-run/react";
import { Confirm, ConfirmButtons } from "./confirm";
import { Field, SelectField } from "./field";
import { Refused } from "./operator-order";
import { SubmitButton } from "./submit-button";

/** Where else there is something about a tenant. */
export function TenantLinks({ id }: { id: string }) {
  const tenant = encodeURIComponent(id);
  return (
    <nav aria-label="Zu diesem Konto" className="mb-10 flex flex-wrap gap-x-6 gap-y-1">
      <Link className="link target" to={`/operator/orders?tenant=${tenant}`}>
        Bestellungen
      </Link>
      <Link className="link target" to={`/operator/events?tenant=${tenant}`}>
        Ereignisse
      </Link>
      <Link className="link target" to={`/operator/audit?tenant=${tenant}`}>
        Protokoll
      </Link>
    </nav>
  );
}

/** What is left in each lot, and the way to correct it. */
export function LotList({
  lots,
}: {
  lots: Array<{ key: string; name: string; usable: number; held: number; lastDay: string; to: string }>;
}) {
  if (lots.length === 0) return <p className="text-soft">Kein Guthaben.</p>;
  return (
    <table className="table">
      <caption className="sr-only">Credits nach Verfall</caption>
      <thead>
        <tr>
          <th scope="col">Credit</th>
          <th scope="col" className="text-end">
            Verfügbar
          </th>
          <th scope="col" className="text-end">
            Gesperrt
          </th>
          <th scope="col">Gültig bis und mit</th>
        </tr>
      </thead>
      <tbody>
        {lots.map(({ key, name, usable, held, lastDay, to }) => (
          <tr key={key}>
            <th scope="row">{name}</th>
            <td className="num text-end">{usable}</td>
            <td className="num text-end">{held}</td>
            <td>
              <span className="num block">{lastDay}</span>
              <Link className="link text-sm" to={to} preventScrollReset>
                Korrigieren
                <span className="sr-only">
                  : {name}, {lastDay}
                </span>
              </Link>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A tenant's name and country, and shutting it out. */
export function TenantForm({
  tenant,
  countries,
  values,
  fields,
}: {
  tenant: { name: string; country: string; slug: string; disabled: boolean };
  countries: Array<[string, string]>;
  values: Record<string, string>;
  fields: Record<string, string>;
}) {
  return (
    <>
      <Form method="post" action="." className="grid gap-5" key={`${tenant.name} ${tenant.country}`}>
        <input type="hidden" name="intent" value="save" />
        <Field
          label="Name"
          name="name"
          maxLength={120}
          autoComplete="off"
          hint={`Kürzel: ${tenant.slug}`}
          defaultValue={values.name ?? tenant.name}
          error={fields.name}
        />
        <SelectField
          label="Land"
          name="country"
          options={countries}
          defaultValue={values.country ?? tenant.country}
          error={fields.country}
        />
        <div className="flex flex-wrap gap-3">
          <SubmitButton intent="save" busy="Wird gespeichert …" tone="secondary">
            Speichern
          </SubmitButton>
          <Link
            id="sperren"
            className="btn btn-secondary"
            to={`?bestaetigen=${tenant.disabled ? "freigeben" : "sperren"}`}
            preventScrollReset
          >
            {tenant.disabled ? "Konto freigeben" : "Konto sperren"}
          </Link>
        </div>
      </Form>
      {tenant.disabled ? <p className="mt-4 text-danger">Dieses Konto ist gesperrt.</p> : null}
    </>
  );
}

interface Refusal {
  message: string;
  values: Record<string, string>;
  fields: Record<string, string>;
}

/** Asks before a tenant is shut out or let in again, and why. */
export function BarQuestion({ bars, name, error }: { bars: boolean; name: string; error: Refusal | null }) {
  return (
    <Confirm title={bars ? `Konto «${name}» sperren?` : `Konto «${name}» freigeben?`} back="." trigger="sperren">
      <Refused error={error} title="Es wurde nichts geändert" />
      <p className="mt-2 text-soft">
        {bars
          ? "Seine Personen werden abgemeldet und können sich nicht mehr anmelden. Seine Geräte werden abgewiesen. Was schon bezahlt ist, wird weiter gutgeschrieben."
          : "Seine Personen können sich wieder anmelden, seine Geräte arbeiten wieder."}
      </p>
      <Form method="post" action={`?bestaetigen=${bars ? "sperren" : "freigeben"}`} className="mt-4 grid gap-5">
        <input type="hidden" name="intent" value={bars ? "disable" : "enable"} />
        <Field
          label="Grund"
          name="grund"
          maxLength={500}
          autoComplete="off"
          defaultValue={error?.values.grund ?? ""}
          error={error?.fields.grund}
        />
        <ConfirmButtons back=".">
          <SubmitButton
            intent={bars ? "disable" : "enable"}
            busy={bars ? "Wird gesperrt …" : "Wird freigegeben …"}
            tone={bars ? "danger" : "primary"}
          >
            {bars ? "Konto sperren" : "Konto freigeben"}
          </SubmitButton>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}
