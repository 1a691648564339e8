import { Form, Link } from "@remix-run/react";
import { Confirm, ConfirmButtons } from "./confirm";
import { Field, Select, SelectField } from "./field";
import { SecretField } from "./secret-field";
import { SubmitButton } from "./submit-button";
import type { PersonQuestionWords, UserRow } from "./tenant-words";

/** The people of a tenant: their role, a new way in, and shutting them out. */
export function UserList({ users, roles }: { users: UserRow[]; roles: Array<[string, string]> }) {
  return (
    <ul>
      {users.map((user) => (
        <li key={user.id} className="border-line border-t py-4 first:border-0">
          <div className="flex flex-wrap justify-between gap-x-6 gap-y-1">
            <p className="wrap-anywhere min-w-0">
              <span className="font-medium">{user.name}</span> <span className="text-soft">{user.email}</span>
            </p>
            <p className={user.disabled ? "text-danger" : "text-soft"}>{user.state}</p>
          </div>
          <div className="mt-2 flex flex-wrap items-end gap-x-3 gap-y-2">
            <Form method="post" action="." className="flex items-end gap-2" preventScrollReset>
              <input type="hidden" name="userId" value={user.id} />
              <input type="hidden" name="intent" value="user-role" />
              <label className="sr-only" htmlFor={`rolle-${user.id}`}>
                Rolle von {user.name}
              </label>
              <Select
                id={`rolle-${user.id}`}
                name="role"
                key={user.role}
                defaultValue={user.role}
                options={roles}
                wrapper="w-36"
              />
              <Button name={user.name} label="Rolle speichern" />
            </Form>
            {user.isStaff || user.disabled ? null : <Ask user={user} ask="person-link" label="Passwort-Link" />}
            {user.disabled ? <Enable user={user} /> : <Ask user={user} ask="person-sperren" label="Sperren" />}
          </div>
        </li>
      ))}
    </ul>
  );
}

function Ask({ user, ask, label }: { user: UserRow; ask: string; label: string }) {
  return (
    <Link
      id={`${ask}-${user.id}`}
      className="btn btn-secondary"
      to={`?${new URLSearchParams({ bestaetigen: ask, person: user.id })}`}
      preventScrollReset
    >
      {label}
      <span className="sr-only">: {user.name}</span>
    </Link>
  );
}

function Enable({ user }: { user: UserRow }) {
  return (
    <Form method="post" action="." preventScrollReset>
      <input type="hidden" name="userId" value={user.id} />
      <input type="hidden" name="intent" value="user-enable" />
      <Button name={user.name} label="Freigeben" />
    </Form>
  );
}

/** Asks before a person is shut out, or gets a link that replaces the one before. */
export function PersonQuestion({ question }: { question: PersonQuestionWords }) {
  const { intent, userId, trigger, title, text, verb, busy } = question;
  return (
    <Confirm title={title} back="." trigger={trigger}>
      <p className="mt-2 text-soft">{text}</p>
      <Form method="post" action=".">
        <input type="hidden" name="userId" value={userId} />
        <input type="hidden" name="intent" value={intent} />
        <ConfirmButtons back=".">
          <SubmitButton intent={intent} busy={busy} tone={intent === "user-disable" ? "danger" : "primary"}>
            {verb}
          </SubmitButton>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}

function Button({ name, label }: { name: string; label: string }) {
  return (
    <button type="submit" className="btn btn-secondary">
      {label}
      <span className="sr-only">: {name}</span>
    </button>
  );
}

/** Adds a person to a tenant. */
export function NewUserForm({
  roles,
  values,
  fields,
}: {
  roles: Array<[string, string]>;
  values: Record<string, string>;
  fields: Record<string, string>;
}) {
  return (
    <Form method="post" action="." className="mt-6 grid items-start gap-4 sm:grid-cols-[1fr_1fr_10rem]">
      <input type="hidden" name="intent" value="user-add" />
      <Field
        label="Name der Person"
        name="person"
        autoComplete="off"
        defaultValue={values.person ?? ""}
        error={fields.person}
      />
      <Field label="E-Mail" name="email" autoComplete="off" defaultValue={values.email ?? ""} error={fields.email} />
      <SelectField
        label="Rolle"
        name="role"
        options={roles}
        defaultValue={values.role ?? "ADMIN"}
        error={fields.role}
      />
      <div>
        <SubmitButton intent="user-add" busy="Wird angelegt …" tone="secondary">
          Person anlegen
        </SubmitButton>
      </div>
    </Form>
  );
}

/** The one answer that shows a password link. */
export function PasswordLink({ email, url }: { email: string; url: string }) {
  return (
    <section aria-labelledby="link" className="mb-8 rounded-lg bg-positive-wash p-6">
      <h2 id="link" className="font-semibold text-positive">
        Passwort-Link erstellt
      </h2>
      <p id="link-hinweis" className="wrap-anywhere mt-1 text-soft">
        Für {email}. Er gilt einmal und 7 Tage und wird nur jetzt angezeigt. Senden Sie ihn auf sicherem Weg.
      </p>
      <label className="sr-only" htmlFor="passwort-link">
        Link
      </label>
      <div className="mt-3">
        <SecretField id="passwort-link" testId="password-link" value={url} describedBy="link-hinweis" />
      </div>
    </section>
  );
}
