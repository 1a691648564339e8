import { isRouteErrorResponse, Link, useLocation, useRouteError } from "@remix-run/react";

interface Failure {
  status: number;
  traceId: string | null;
}

interface Words {
  title: string;
  text: string;
  /** "again": the same address; "plain": the same without its query. */
  action: { label: string; to: "/" | "again" | "plain" };
}

const TO_OVERVIEW = { label: "Zur Übersicht", to: "/" } as const;
const AGAIN = { label: "Erneut versuchen", to: "again" } as const;

const WORDS: Record<number, Words> = {
  400: {
    title: "Der Filter stimmt nicht",
    text: "Prüfen Sie die Werte oder setzen Sie ihn zurück.",
    action: { label: "Zurücksetzen", to: "plain" },
  },
  403: {
    title: "Dafür fehlt Ihnen die Berechtigung",
    text: "Ihre Rolle darf diese Seite nicht öffnen. Wenden Sie sich an die Person, die Ihr Konto verwaltet.",
    action: TO_OVERVIEW,
  },
  404: {
    title: "Diese Seite gibt es nicht",
    text: "Die Adresse ist falsch, oder der Inhalt gehört nicht zu Ihrem Konto. Prüfen Sie die Adresse oder kehren Sie zur Übersicht zurück.",
    action: TO_OVERVIEW,
  },
  503: {
    title: "Gerade nicht erreichbar",
    text: "Wir sind gleich zurück. Bezahltes geht nicht verloren und wird nachgebucht.",
    action: AGAIN,
  },
};

const UNEXPECTED: Words = {
  title: "Das hat nicht geklappt",
  text: "Der Fehler liegt bei uns und ist gemeldet. Versuchen Sie es nochmals. Hilft das nicht, nennen Sie uns die Trace-ID.",
  action: AGAIN,
};

/** What the nearest route has thrown: a refusal with its status, or a bug, which is a 500. */
export function useFailure(): Failure {
  const error = useRouteError();
  if (!isRouteErrorResponse(error)) return { status: 500, traceId: null };
  const body = error.data as { traceId?: unknown } | null;
  return { status: error.status, traceId: typeof body?.traceId === "string" ? body.traceId : null };
}

/** The document's title while a route's error is shown. */
export function errorTitle(error: unknown): string {
  return statusTitle(isRouteErrorResponse(error) ? error.status : 500);
}

/** The document's title of the error page with this status. */
export function statusTitle(status: number): string {
  return `Fehler: ${(WORDS[status] ?? UNEXPECTED).title} – LeadRadar`;
}

/** One error, said calmly: number, what happened, one way on. */
export function ErrorPage({ status, traceId }: Failure) {
  const { title, text, action } = WORDS[status] ?? UNEXPECTED;
  const { pathname, search } = useLocation();
  return (
    <div className="flex min-h-[calc(100dvh-7.5rem)] flex-col">
      <div className="mx-auto my-auto w-full max-w-[34rem] py-12">
        <p className="num text-base text-soft">{status}</p>
        <h1 className="mt-2 text-3xl font-semibold tracking-tight">{title}</h1>
        <p className="mt-4 text-md text-soft">{text}</p>
        <Link
          className="btn btn-primary btn-lg mt-8"
          to={action.to === "again" ? `${pathname}${search}` : action.to === "plain" ? pathname : "/"}
          reloadDocument
        >
          {action.label}
        </Link>
      </div>
      {traceId ? <p className="code text-sm text-mute">Trace-ID {traceId}</p> : null}
    </div>
  );
}
