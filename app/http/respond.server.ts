import { type ActionFunctionArgs, type AppLoadContext, data, type LoaderFunctionArgs, redirect } from "@remix-run/node";
import { isTransient, isUnholdable } from "~/db/transaction.server";
import { DomainError, type ErrorCode } from "~/errors";
import { log } from "~/log.server";
import { type ErrorToast, errorMessage, errorToast } from "~/ui/messages.de";

/** What the error page of a failed loader knows. */
export interface PageError {
  code: ErrorCode;
  traceId: string;
}

/**
 * What a refused form post hands back to its page, which renders again with it. The words are chosen here, so that the
 * browser need not load them all. `fields`: what is wrong with which field. `values`: what was typed, no password.
 */
export interface ActionFailure {
  error: {
    code: ErrorCode;
    message: string;
    toast: ErrorToast;
    values: Record<string, string>;
    /** What is wrong with which field. */
    fields: Record<string, string>;
  };
}

type Refused = ReturnType<typeof data<ActionFailure>>;

/** The trace id that the hook gave this request. */
export function traceIdOf(request: Request): string {
  return request.headers.get("x-trace-id") ?? "unknown";
}

/**
 * Runs the work of a page's loader: not signed in leads to the login, any other refusal to the error page with its status.
 * Called inside the loader, not around it: a call at module level would stay in the browser's bundle.
 */
export async function pageLoader<T>(request: Request, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Response) throw thrown;
    const error = asDomainError(thrown, request);
    throw error.code === "UNAUTHORIZED" ? toLogin(request) : errorPage(error, request);
  }
}

/**
 * Runs the work of a page's action: a refusal becomes data with its status, so that the page renders again and says why.
 * What the person may not do or see at all leads to the error page.
 */
export async function pageAction<T>(
  { request, context }: ActionFunctionArgs,
  work: () => Promise<T>,
): Promise<T | Refused> {
  const form = request.clone();
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Response) throw thrown;
    const error = asDomainError(thrown, request);
    if (error.code === "UNAUTHORIZED") throw toLogin(request);
    if (error.code === "FORBIDDEN" || error.code === "NOT_FOUND") throw errorPage(error, request);
    const toast = errorToast(error.code, error.details, traceIdOf(request));
    context.refused = toast.title;
    const values = error.code === "BODY_TOO_LARGE" ? {} : await typedValues(form);
    const failure: ActionFailure = {
      error: {
        code: error.code,
        message: errorMessage(error.code, error.details),
        toast,
        values,
        fields: error.details.fields ?? {},
      },
    };
    return data(failure, { status: error.status, headers: errorHeaders(error) });
  }
}

/**
 * What this request's action has refused, in a few words, for the title: `meta` sees what the loader gives, not what the
 * action gave. The loaders of a posted page run after its action and share one context.
 */
export function refusedIn(context: AppLoadContext): string | null {
  return typeof context.refused === "string" ? context.refused : null;
}

/** Wraps a JSON route: the result in the envelope, any refusal in the error envelope, never a redirect. */
export function api<A extends LoaderFunctionArgs | ActionFunctionArgs>(handler: (args: A) => Promise<unknown>) {
  return async (args: A): Promise<Response> => {
    const traceId = traceIdOf(args.request);
    try {
      return Response.json(
        { ok: true, data: await handler(args), traceId },
        { headers: { "cache-control": "no-store" } },
      );
    } catch (thrown) {
      if (thrown instanceof Response) return thrown;
      return errorResponse(asDomainError(thrown, args.request), traceId);
    }
  };
}

/** The loader or action of a JSON route that does not know the method. `allow`: the methods it knows. */
export function methodNotAllowed(allow: string) {
  return async ({ request }: LoaderFunctionArgs | ActionFunctionArgs): Promise<Response> =>
    errorResponse(new DomainError("METHOD_NOT_ALLOWED", { allow }), traceIdOf(request));
}

/** An error in the envelope of the JSON API. */
function errorResponse(error: DomainError, traceId: string): Response {
  const { fields, shown } = error.details;
  const body = {
    ok: false,
    error: {
      code: error.code,
      message: errorMessage(error.code, error.details),
      ...(fields || shown ? { details: { ...(fields ? { fields } : {}), ...shown } } : {}),
    },
    traceId,
  };
  return Response.json(body, {
    status: error.status,
    headers: { ...errorHeaders(error), "cache-control": "no-store" },
  });
}

/** What was thrown as a code: refusals as they are, a database that is away or busy as 503, anything else is a bug and 500. */
function asDomainError(thrown: unknown, request: Request): DomainError {
  if (thrown instanceof DomainError) {
    if (thrown.status >= 500) log.error({ err: thrown, cause: thrown.cause, traceId: traceIdOf(request) }, "refused");
    return thrown;
  }
  if (isUnholdable(thrown)) return new DomainError("NOT_FOUND", {}, { cause: thrown });
  if (isTransient(thrown)) {
    log.error({ err: thrown, traceId: traceIdOf(request) }, "database unavailable");
    return new DomainError("TEMPORARILY_UNAVAILABLE", { retryAfterSeconds: 5 }, { cause: thrown });
  }
  log.error({ err: thrown, traceId: traceIdOf(request) }, "unexpected error");
  return new DomainError("INTERNAL", {}, { cause: thrown });
}

function errorPage(error: DomainError, request: Request) {
  const body: PageError = { code: error.code, traceId: traceIdOf(request) };
  return data(body, { status: error.status, headers: errorHeaders(error) });
}

function errorHeaders(error: DomainError): Record<string, string> {
  const headers: Record<string, string> = {};
  if (error.details.allow) headers.Allow = error.details.allow;
  if (error.details.retryAfterSeconds) headers["Retry-After"] = String(error.details.retryAfterSeconds);
  return headers;
}

/** The page's own address, without what the browser's data requests add. */
function pageAddress(request: Request): string {
  const url = new URL(request.url);
  url.searchParams.delete("_routes");
  return `${url.pathname.replace(/\.data$/, "")}${url.search}`;
}

function toLogin(request: Request): Response {
  const target = request.method === "GET" ? pageAddress(request) : new URL(request.url).pathname;
  // A cookie that no longer counts means that there was a session.
  const hint = /lr_session=\w/.test(request.headers.get("cookie") ?? "") ? "&abgelaufen=1" : "";
  return redirect(`/login?redirectTo=${encodeURIComponent(target)}${hint}`, 302);
}

/** Asks for the same page again, now that something behind it has changed. */
export function sameAddress(request: Request): Response {
  return redirect(pageAddress(request), 303);
}

async function typedValues(form: Request): Promise<Record<string, string>> {
  try {
    const values: Record<string, string> = {};
    for (const [name, value] of new URLSearchParams(await form.text()))
      if (name !== "password" && name !== "again") values[name] = value;
    return values;
  } catch {
    return {};
  }
}
