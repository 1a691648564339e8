import { Form } from "@remix-run/react";
import { Field, SelectField } from "./field";
import { SubmitButton } from "./submit-button";
import type { UserRow } from "./tenant-words";

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
              <select
                id={`rolle-${user.id}`}
                name="role"
                key={user.role}
                defaultValue={user.role}
                className="input w-40"
              >
                {roles.map(([value, word]) => (
                  <option key={value} value={value}>
                    {word}
                  </option>
                ))}
              </select>
              <Button name={user.name} label="Rolle speichern" />
            </Form>
            {user.isStaff || user.disabled ? null : <Act user={user} intent="password-link" label="Passwort-Link" />}
            {user.disabled ? (
              <Act user={user} intent="user-enable" label="Freigeben" />
            ) : (
              <Act user={user} intent="user-disable" label="Sperren" />
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

function Act({ user, intent, label }: { user: UserRow; intent: string; label: string }) {
  return (
    <Form method="post" action="." preventScrollReset={intent !== "password-link"}>
      <input type="hidden" name="userId" value={user.id} />
      <input type="hidden" name="intent" value={intent} />
      <Button name={user.name} label={label} />
    </Form>
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
      <input
        id="passwort-link"
        data-testid="password-link"
        className="input code mt-3"
        value={url}
        readOnly
        autoComplete="off"
        spellCheck={false}
        aria-describedby="link-hinweis"
        onFocus={(event) => event.currentTarget.select()}
      />
    </section>
  );
}
