import { randomBytes } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import morgan from "morgan";
import { env } from "~/env.server";
import { metrics } from "./metrics.server";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);
/** Stripe posts from elsewhere and proves itself by its signature. */
const WEBHOOK_PATH = "/api/webhooks/stripe";

/** How much of a body that nobody reads is taken off the wire, in bytes, before the connection is cut. */
const DISCARD_LIMIT = 8 * 1024 * 1024;

interface RequestStart {
  request: IncomingMessage;
  response: ServerResponse;
  server: Server;
}

const state = globalThis as {
  __httpHooks?: { inFlight: number; server: Server | null; responses: Map<string, ServerResponse> };
};

/**
 * Makes every request clean before Remix sees it (docs/decisions/0002-remix-serve-and-hook.md): a trace id of ours, the
 * true Host, no forwarded host, the peer's address, security headers on every answer, and a state-changing request from a
 * foreign origin sent to `/forbidden` before any action runs. Safe to call again after a rebuild.
 */
export function installHttpHooks(): void {
  if (state.__httpHooks) return;
  const hooks = { inFlight: 0, server: null as Server | null, responses: new Map<string, ServerResponse>() };
  state.__httpHooks = hooks;
  writeAccessLogAsJson();
  const appUrl = new URL(env().APP_ORIGIN);

  channel("http.server.request.start").subscribe((message) => {
    const { request, response, server } = message as RequestStart;
    hooks.server = server;
    hooks.inFlight += 1;
    const stopTimer = metrics().requests.startTimer({ method: request.method });
    response.once("close", () => {
      hooks.responses.delete(String(request.headers["x-trace-id"]));
      hooks.inFlight -= 1;
      stopTimer({ status: response.statusCode });
    });
    response.once("finish", () => discardBody(request));
    server.keepAliveTimeout = 65_000;
    cleanRequest(request, appUrl);
    hooks.responses.set(String(request.headers["x-trace-id"]), response);
    response.setHeader("x-trace-id", String(request.headers["x-trace-id"]));
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("X-Frame-Options", "DENY");
    response.setHeader("Referrer-Policy", referrerPolicyOf(request.url ?? "/"));
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    // pages and JSON say so themselves; the data of a page cannot
    if (request.url?.split("?")[0]?.endsWith(".data")) response.setHeader("Cache-Control", "no-store");
    if (appUrl.protocol === "https:") response.setHeader("Strict-Transport-Security", "max-age=31536000");
  });
}

/** The address of a password link is a secret: it is told to no other page, ours included. (Without any referrer, browsers would not name the origin of a form either.) */
function referrerPolicyOf(url: string): string {
  return /^\/password\b/i.test(url) ? "strict-origin" : "strict-origin-when-cross-origin";
}

/** Requests that are being answered now, and the server that answers them. For a clean stop. */
export function runningRequests(): { inFlight: number; server: Server | null } {
  return state.__httpHooks ?? { inFlight: 0, server: null };
}

/** Waits until what was written of the answer to this request has left the server, or nobody reads it any more. */
export function responseDrained(request: Request): Promise<void> {
  const response = state.__httpHooks?.responses.get(request.headers.get("x-trace-id") ?? "");
  if (!response?.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}

/** A body left unread would hold up the next request on the same connection. */
function discardBody(request: IncomingMessage): void {
  if (request.complete) return;
  let size = 0;
  request.removeAllListeners("data");
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > DISCARD_LIMIT) request.destroy();
  });
  request.resume();
}

function cleanRequest(request: IncomingMessage, appUrl: URL): void {
  const path = request.url?.split("?")[0] ?? "/";
  // express would answer these in HTML of its own
  if (!isDecodable(path)) request.url = path.startsWith("/api/") ? "/api/-" : "/-";
  request.url = withoutOldDataForm(request.url ?? "/");
  request.headers["x-trace-id"] = randomBytes(8).toString("hex");
  request.headers["x-client-address"] = request.socket.remoteAddress ?? "unknown";
  request.headers["x-path"] = path;
  // Remix's adapter drops empty headers, and a call with an empty key is not one without: a blank comes through, as "".
  if (request.headers["idempotency-key"] === "") request.headers["idempotency-key"] = " ";
  const foreign = isForeign(request, appUrl) && path !== WEBHOOK_PATH;
  request.headers.host = appUrl.host;
  delete request.headers["x-forwarded-host"];
  delete request.headers["x-forwarded-port"];
  if (!SAFE_METHODS.has(request.method ?? "GET") && foreign) request.url = "/forbidden";
}

/** `?_data=` asks for one loader in a way that our pages never do; without it the request is one for the document. */
function withoutOldDataForm(url: string): string {
  const [path = "/", query = ""] = url.split(/\?(.*)/s);
  const fields = new URLSearchParams(query);
  if (!fields.has("_data")) return url;
  fields.delete("_data");
  return fields.size > 0 ? `${path}?${fields}` : path;
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** `Origin: null` is foreign; neither header at all is a program (curl, server to server) and passes. */
function isForeign(request: IncomingMessage, appUrl: URL): boolean {
  const { origin } = request.headers;
  if (request.headers["sec-fetch-site"] === "cross-site") return true;
  return origin !== undefined && origin !== appUrl.origin;
}

/** remix-serve logs with morgan's format "tiny"; giving that name our own format makes it one JSON line with the trace id. */
function writeAccessLogAsJson(): void {
  const silent = ["silent", "fatal", "error", "warn"].includes(env().LOG_LEVEL);
  morgan.format("tiny", (tokens, request, response) => {
    if (silent) return null;
    return JSON.stringify({
      level: 30,
      time: Date.now(),
      msg: "request",
      traceId: request.headers["x-trace-id"],
      method: request.method,
      path: request.headers["x-path"],
      status: response.statusCode,
      ms: Number(tokens["response-time"]?.(request, response) ?? 0),
    });
  });
}
