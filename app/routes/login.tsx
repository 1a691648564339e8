import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { useActionData, useLoaderData } from "@remix-run/react";
import { findUser, safeRedirect, signIn } from "~/auth/session.server";
import { loginForm } from "~/billing/schemas.server";
import { parseForm } from "~/http/parse.server";
import { pageAction, pageLoader, refusedIn } from "~/http/respond.server";
import { ErrorSummary, Mark } from "~/ui/kit";
import { RadarPicture } from "~/ui/radar-picture";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader, Record<string, never>> = ({ data, error }) => {
  const failed = Boolean(error ?? data?.refused);
  const lead = failed ? "Fehler: " : data?.hint ? `${data.hint.split(".", 1)[0]}: ` : "";
  return [{ title: `${lead}Anmelden – LeadRadar` }];
};

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const query = new URL(request.url).searchParams;
    const redirectTo = safeRedirect(query.get("redirectTo"));
    if (await findUser(request)) throw redirect(redirectTo, 302);
    const hint = query.has("abgemeldet")
      ? "Sie sind abgemeldet."
      : query.has("gesetzt")
        ? "Passwort gesetzt. Melden Sie sich damit an."
        : query.has("abgelaufen")
          ? "Ihre Sitzung ist abgelaufen. Melden Sie sich wieder an."
          : null;
    return { redirectTo, hint, refused: refusedIn(context) };
  });
}

export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return pageAction(args, async () => {
    const form = await parseForm(request, loginForm);
    const { cookie } = await signIn(request, form);
    return redirect(safeRedirect(form.redirectTo), { status: 303, headers: { "set-cookie": cookie } });
  });
}

export default function Login() {
  const { redirectTo, hint } = useLoaderData<typeof loader>();
  const failure = useActionData<typeof action>();
  const error = failure && "error" in failure ? failure.error : null;
  // Being blocked or a fault of ours is not mended by typing something else.
  const fieldsAreWrong = error?.code === "INVALID_CREDENTIALS" || error?.code === "INVALID_BODY";
  return (
    <div className="grid min-h-dvh lg:grid-cols-[11fr_12fr]">
      <div className="flex flex-col px-6 py-8 sm:px-12">
        <header>
          <Mark />
        </header>
        <main id="inhalt" className="mx-auto my-auto w-full max-w-[22rem] py-12">
          <h1 className="text-2xl font-semibold tracking-tight">Anmelden</h1>
          <p className="mt-2 mb-8 text-md text-soft">Abrechnung und Lizenzen Ihres Kontos.</p>
          {error ? (
            <ErrorSummary
              title="Anmelden nicht möglich"
              problems={[{ field: fieldsAreWrong ? "email" : null, text: error.message }]}
            />
          ) : null}
          {hint && !error ? (
            <p role="status" className="mb-6 rounded-md bg-neutral-wash px-4 py-3 text-soft">
              {hint}
            </p>
          ) : null}
          <LoginForm
            redirectTo={error?.values.redirectTo ?? redirectTo}
            email={error?.values.email}
            isWrong={fieldsAreWrong}
          />
          <p className="hint mt-6">Zugang vergessen? Wenden Sie sich an die Person, die Ihr Konto verwaltet.</p>
        </main>
        <footer className="text-sm text-mute">LeadRadar, Abrechnung</footer>
      </div>
      <RadarPicture />
    </div>
  );
}

function LoginForm({
  redirectTo,
  email,
  isWrong,
}: {
  redirectTo: string;
  email: string | undefined;
  isWrong: boolean;
}) {
  return (
    <form method="post" className="grid gap-5">
      <input type="hidden" name="redirectTo" value={redirectTo} />
      <div>
        <label className="label mb-1.5" htmlFor="email">
          E-Mail
        </label>
        <input
          className="input"
          id="email"
          name="email"
          type="email"
          autoComplete="username"
          required
          maxLength={320}
          defaultValue={email}
          aria-invalid={isWrong || undefined}
        />
      </div>
      <div>
        <label className="label mb-1.5" htmlFor="password">
          Passwort
        </label>
        <input
          className="input"
          id="password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          maxLength={1000}
          aria-invalid={isWrong || undefined}
        />
      </div>
      <button type="submit" className="btn btn-primary btn-lg mt-1">
        Anmelden
      </button>
    </form>
  );
}
