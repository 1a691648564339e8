import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Form, Link, useActionData, useLoaderData } from "@remix-run/react";
import { hashPassword } from "~/auth/password.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { parseForm } from "~/http/parse.server";
import { pageAction, pageLoader, refusedIn, traceIdOf } from "~/http/respond.server";
import { passwordForm } from "~/operations/tenant-forms.server";
import { isLinkLive, usePasswordLink } from "~/operations/tenant-users.server";
import { BarePage, Field } from "~/ui/kit";
import { Refused } from "~/ui/operator-order";
import { SubmitButton } from "~/ui/submit-button";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data?.refused ? "Fehler: " : ""}Passwort setzen – LeadRadar` },
];

/** The page behind a password link. Reading it does not use the link up. */
export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const token = new URL(request.url).searchParams.get("token") ?? "";
    return { token: (await isLinkLive(database(), token)) ? token : null, refused: refusedIn(context) };
  });
}

export const shouldRevalidate = () => true;

export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return pageAction(args, async () => {
    const { token, password } = await parseForm(request, passwordForm);
    // Hashing is dear, and nobody without a link makes us do it.
    if (!(await isLinkLive(database(), token))) throw new DomainError("INVALID_STATE");
    await usePasswordLink(database(), traceIdOf(request), token, await hashPassword(password));
    return redirect("/login?gesetzt", 303);
  });
}

export default function Password() {
  const { token } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const error = answer && "error" in answer ? answer.error : null;
  return (
    <BarePage>
      <div className="mx-auto mt-16 max-w-[24rem]">
        {token ? (
          <>
            <Refused error={error} title="Das Passwort wurde nicht gesetzt" />
            <h1 className="mb-2 text-2xl font-semibold tracking-tight">Passwort setzen</h1>
            <p className="mb-8 text-soft">Danach melden Sie sich damit an.</p>
            <Form method="post" className="grid gap-5">
              <input type="hidden" name="token" value={token} />
              <Field
                label="Neues Passwort"
                name="password"
                type="password"
                hint="Mindestens 12 Zeichen."
                autoComplete="new-password"
                error={error?.fields.password}
              />
              <Field
                label="Passwort wiederholen"
                name="again"
                type="password"
                autoComplete="new-password"
                error={error?.fields.again}
              />
              <SubmitButton busy="Wird gespeichert …">Passwort setzen</SubmitButton>
            </Form>
          </>
        ) : (
          <>
            <h1 className="mb-2 text-2xl font-semibold tracking-tight">Dieser Link gilt nicht mehr</h1>
            <p className="mb-8 text-soft">Er ist benutzt, abgelaufen oder ersetzt. Verlangen Sie einen neuen.</p>
            <Link className="btn btn-primary" to="/login">
              Zur Anmeldung
            </Link>
          </>
        )}
      </div>
    </BarePage>
  );
}
