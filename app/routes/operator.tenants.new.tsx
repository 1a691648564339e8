import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Form, Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { database } from "~/db/client.server";
import { env } from "~/env.server";
import { operatorAction } from "~/http/operator-action.server";
import { parseForm } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import { newTenantForm } from "~/operations/tenant-forms.server";
import { createPasswordLink } from "~/operations/tenant-users.server";
import { createTenant } from "~/operations/tenants.server";
import { COUNTRY_OPTIONS } from "~/ui/accounting-words";
import { SelectField } from "~/ui/field";
import { Field, PageHead } from "~/ui/kit";
import { Refused } from "~/ui/operator-order";
import { SubmitButton } from "~/ui/submit-button";
import { PasswordLink } from "~/ui/tenant-users";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Konto anlegen – LeadRadar" }];

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const lead = refusedIn(context) ? "Fehler: " : "";
    return { title: `${lead}Konto anlegen – LeadRadar`, nonce: crypto.randomUUID(), countries: COUNTRY_OPTIONS };
  });
}

export const shouldRevalidate = () => true;

/** The link is in this answer and nowhere else. */
export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return operatorAction(args, {
    async create(actor) {
      const { name, country, person, email, nonce } = await parseForm(request, newTenantForm);
      const fresh = { name, country, ownerName: person, ownerEmail: email };
      const { tenantId, userId } = await createTenant(database(), actor, fresh, nonce);
      const token = await createPasswordLink(database(), actor, tenantId, userId);
      return { made: { tenantId, name, email, url: `${env().APP_ORIGIN}/password?token=${token}` } };
    },
  });
}

export default function NewTenant() {
  const { nonce, countries } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  if (answer && "made" in answer) {
    const { made } = answer;
    return (
      <>
        <PageHead title="Konto angelegt" intro={made.name} />
        <PasswordLink email={made.email} url={made.url} />
        <Link className="btn btn-primary" to={`/operator/tenants/${encodeURIComponent(made.tenantId)}`}>
          Zum Konto
        </Link>
      </>
    );
  }
  const error = answer && "error" in answer ? answer.error : null;
  // What was made with the old one is another tenant: the next click is meant.
  const click = error && error.code !== "INVALID_STATE" ? error.values.nonce : undefined;
  const field = (name: string) => ({ name, defaultValue: error?.values[name] ?? "", error: error?.fields[name] });
  return (
    <>
      <Link className="link target mb-3" to="/operator/tenants">
        ← Konten
      </Link>
      <Refused error={error} title="Das Konto wurde nicht angelegt" />
      <PageHead title="Konto anlegen" intro="Die Inhaberin oder der Inhaber setzt das Passwort über einen Link." />
      <Form method="post" className="grid max-w-form gap-5">
        <input type="hidden" name="intent" value="create" />
        <input type="hidden" name="nonce" value={click ?? nonce} />
        <Field label="Name des Kontos" maxLength={120} autoComplete="off" {...field("name")} />
        <SelectField
          label="Land"
          name="country"
          options={countries}
          defaultValue={error?.values.country ?? "CH"}
          error={error?.fields.country}
        />
        <Field label="Name der Person" maxLength={120} autoComplete="off" {...field("person")} />
        <Field label="E-Mail der Person" autoComplete="off" {...field("email")} />
        <div>
          <SubmitButton busy="Wird angelegt …">Konto anlegen</SubmitButton>
        </div>
      </Form>
    </>
  );
}
