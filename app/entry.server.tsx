import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { createReadableStreamFromReadable, type EntryContext } from "@remix-run/node";
import { RemixServer } from "@remix-run/react";
import { renderToPipeableStream } from "react-dom/server";
import { findUser } from "~/auth/session.server";
import { env } from "~/env.server";
import { installHttpHooks } from "~/http/hooks.server";
import { startJobs } from "~/jobs/schedule.server";
import { log } from "~/log.server";
import { superviseProcess } from "~/process.server";
import { NonceContext } from "~/ui/nonce";

const RENDER_TIMEOUT_MS = 5_000;

start();

/** Runs once, when the server loads the build: a bad environment ends the process before it listens. */
function start(): void {
  try {
    env();
  } catch (error) {
    console.error(`The server cannot start.\n${(error as Error).message}`);
    process.exit(1);
  }
  // remix-serve reads HOST after it has loaded the build, and would listen everywhere without it.
  process.env.HOST = env().HOST;
  const jobs = startJobs(env());
  superviseProcess(jobs.stop);
  installHttpHooks();
}

/** Renders a page. The whole page is waited for: pages arrive complete, and a late error still gets its status. */
export default function handleRequest(request: Request, status: number, headers: Headers, context: EntryContext) {
  const nonce = randomBytes(16).toString("base64");
  let finalStatus = status;
  return new Promise<Response>((resolve, reject) => {
    const { pipe, abort } = renderToPipeableStream(
      <NonceContext.Provider value={nonce}>
        <RemixServer context={context} url={request.url} nonce={nonce} abortDelay={RENDER_TIMEOUT_MS} />
      </NonceContext.Provider>,
      {
        nonce,
        onAllReady() {
          const body = new PassThrough();
          headers.set("Content-Type", "text/html; charset=utf-8");
          headers.set("Cache-Control", "no-store");
          headers.set("Content-Security-Policy", contentSecurityPolicy(nonce));
          resolve(new Response(createReadableStreamFromReadable(body), { headers, status: finalStatus }));
          pipe(body);
        },
        onShellError: reject,
        onError(error) {
          finalStatus = 500;
          log.error({ err: error, traceId: request.headers.get("x-trace-id") }, "rendering failed");
        },
      },
    );
    setTimeout(abort, RENDER_TIMEOUT_MS + 1_000).unref();
  });
}

/**
 * A page's data may be asked for route by route. Whatever is named, and whether it exists: under `/operator` there is nothing for who is signed in
 * and no operator. Each loader says so itself; this answers for those that do not exist.
 */
export async function handleDataRequest(response: Response, { request }: { request: Request }): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (response.status !== 200 || !/^\/operator(\/|\.data$|$)/.test(pathname)) return response;
  const user = await findUser(request);
  if (!user || user.operator) return response;
  return new Response(null, { status: 404, headers: { "cache-control": "no-store" } });
}

/** Anything a loader or action throws past its wrapper. */
export function handleError(error: unknown, { request }: { request: Request }): void {
  if (!request.signal.aborted) log.error({ err: error, traceId: request.headers.get("x-trace-id") }, "unhandled");
}

function contentSecurityPolicy(nonce: string): string {
  const { STRIPE_API_BASE, APP_ORIGIN } = env();
  const development = process.env.NODE_ENV === "development";
  // A form's answer may lead to Checkout; the browser applies form-action to that redirect, too.
  const formTargets = ["'self'", APP_ORIGIN, "https://checkout.stripe.com", STRIPE_API_BASE].filter(Boolean);
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${development ? " ws:" : ""}`,
    "manifest-src 'self'",
    `form-action ${[...new Set(formTargets)].join(" ")}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
