import type { IncomingMessage, ServerResponse } from "node:http";
import { createCustomer, listCustomers, retrieveCustomer, updateCustomer } from "./customers";
import { closeDispute, listDisputes, retrieveDispute } from "./disputes";
import { ApiError } from "./errors";
import { listEvents, retrieveEvent } from "./events";
import { expand } from "./expand";
import type { Faults } from "./faults";
import { type ParamTree, parseForm } from "./form";
import { canonical, storeAnswer, storedAnswer } from "./idempotency";
import type { Cause, Local } from "./local";
import { Params } from "./params";
import { listCharges, listIntents, retrieveCharge, retrieveIntent } from "./payments";
import {
  createPrice,
  createProduct,
  findProduct,
  listPrices,
  listProducts,
  retrievePrice,
  updatePrice,
  updateProduct,
} from "./prices";
import { cancelRefund, createRefund, listRefunds, retrieveRefund, updateRefund } from "./refunds";
import { createSession, expireSession, listLines, listSessions, retrieveSession } from "./sessions";
import { newId } from "./state";
import { createTaxId, deleteTaxId, listTaxIds } from "./tax-ids";

/** One API call as it arrived, for tests that ask what was called; `status` null means no answer was sent. */
export interface ApiRequest {
  method: string;
  path: string;
  idempotencyKey: string | null;
  params: Record<string, ParamTree>;
  status: number | null;
  at: number;
}

interface Call {
  params: Params;
  id: string;
  /** The id of a part of it, where the path names one. */
  part: string;
  cause: Cause;
}
type Handler = (local: Local, call: Call) => unknown;

/** Every path of the API, `:id` and `:part` standing for one segment each. */
const ROUTES: Record<string, Handler> = {
  "POST /v1/checkout/sessions": (local, { params }) => createSession(local, params),
  "GET /v1/checkout/sessions": (local, { params }) => listSessions(local, params),
  "GET /v1/checkout/sessions/:id": only((local, { id }) => retrieveSession(local, id)),
  "POST /v1/checkout/sessions/:id/expire": only((local, { id, cause }) => expireSession(local, id, cause)),
  "GET /v1/checkout/sessions/:id/line_items": (local, { params, id }) => listLines(local, id, params),
  "POST /v1/customers": (local, { params }) => createCustomer(local, params),
  "GET /v1/customers": (local, { params }) => listCustomers(local, params),
  "GET /v1/customers/:id": only((local, { id }) => retrieveCustomer(local, id)),
  "POST /v1/customers/:id": (local, { params, id }) => updateCustomer(local, id, params),
  "POST /v1/customers/:id/tax_ids": (local, { params, id }) => createTaxId(local, id, params),
  "GET /v1/customers/:id/tax_ids": (local, { params, id }) => listTaxIds(local, id, params),
  "DELETE /v1/customers/:id/tax_ids/:part": only((local, { id, part }) => deleteTaxId(local, id, part)),
  "POST /v1/prices": (local, { params, cause }) => createPrice(local, params, cause),
  "GET /v1/prices": (local, { params }) => listPrices(local, params),
  "GET /v1/prices/:id": only((local, { id }) => retrievePrice(local, id)),
  "POST /v1/prices/:id": (local, { params, id, cause }) => updatePrice(local, id, params, cause),
  "POST /v1/products": (local, { params, cause }) => createProduct(local, params, cause),
  "GET /v1/products": (local, { params }) => listProducts(local, params),
  "GET /v1/products/:id": only((local, { id }) => findProduct(local, id)),
  "POST /v1/products/:id": (local, { params, id, cause }) => updateProduct(local, id, params, cause),
  "GET /v1/payment_intents": (local, { params }) => listIntents(local, params),
  "GET /v1/payment_intents/:id": only((local, { id }) => retrieveIntent(local, id)),
  "GET /v1/charges": (local, { params }) => listCharges(local, params),
  "GET /v1/charges/:id": only((local, { id }) => retrieveCharge(local, id)),
  "POST /v1/refunds": (local, { params, cause }) => createRefund(local, params, cause),
  "GET /v1/refunds": (local, { params }) => listRefunds(local, params),
  "GET /v1/refunds/:id": only((local, { id }) => retrieveRefund(local, id)),
  "POST /v1/refunds/:id": (local, { params, id, cause }) => updateRefund(local, id, params, cause),
  "POST /v1/refunds/:id/cancel": only((local, { id, cause }) => cancelRefund(local, id, cause)),
  "GET /v1/disputes": (local, { params }) => listDisputes(local, params),
  "GET /v1/disputes/:id": only((local, { id }) => retrieveDispute(local, id)),
  "POST /v1/disputes/:id/close": only((local, { id, cause }) => closeDispute(local, id, cause)),
  "GET /v1/events": (local, { params }) => listEvents(local, params),
  "GET /v1/events/:id": only((local, { id }) => retrieveEvent(local, id)),
};

/** A handler that takes no parameters, so that any is refused. */
function only(handler: Handler): Handler {
  return (local, call) => {
    call.params.finish();
    return handler(local, call);
  };
}

interface Answer {
  status: number;
  body: string;
  replayed: boolean;
}

interface ApiOptions {
  local: Local;
  secretKey: string | undefined;
  faults: () => Faults;
  log: ApiRequest[];
}

/** Answers one API request whose body is read. Every failure is an `{"error":…}`; `apiDown` decides first. */
export function answerApi(options: ApiOptions, request: IncomingMessage, body: string, response: ServerResponse): void {
  const { local, log } = options;
  const method = request.method ?? "GET";
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const key = request.headers["idempotency-key"];
  const cause = { id: newId("req"), idempotency_key: typeof key === "string" && method === "POST" ? key : null };
  const entry: ApiRequest = {
    method,
    path: url.pathname,
    idempotencyKey: cause.idempotency_key,
    params: {},
    status: null,
    at: local.now(),
  };
  log.push(entry);

  const { apiDown, apiDownPath } = options.faults();
  const down = url.pathname.startsWith(apiDownPath ?? "/") ? apiDown : "off";
  if (down === "hang") return;
  if (down === "refuse") {
    request.socket.destroy();
    return;
  }
  const answer = attempt(() => {
    entry.params = parseForm(method === "POST" ? body : url.search.slice(1));
    if (down === "500") throw new ApiError(500, "An unknown error occurred", { type: "api_error" });
    authenticate(request, options.secretKey);
    return dispatch(local, entry, cause);
  });
  local.state.save();
  if (down === "lost") {
    request.socket.destroy();
    return;
  }
  entry.status = answer.status;
  response.writeHead(answer.status, {
    "content-type": "application/json",
    "request-id": cause.id,
    ...(cause.idempotency_key === null ? {} : { "idempotency-key": cause.idempotency_key }),
    ...(answer.replayed ? { "idempotent-replayed": "true" } : {}),
  });
  response.end(answer.body);
}

/** Runs one call. It never awaits, so that concurrent requests with one key cannot interleave. */
function dispatch(local: Local, { method, path, params }: ApiRequest, cause: Cause): Answer {
  const { handler, id, part } = findRoute(method, path);
  const execute = (): unknown => {
    const reader = new Params(params);
    const paths = reader.strings("expand");
    return expand(local, handler(local, { params: reader, id, part, cause }), paths);
  };
  if (cause.idempotency_key === null) return attempt(() => success(execute()));

  const keyed = { key: cause.idempotency_key, method, path, params: canonical(params) };
  const stored = storedAnswer(local, keyed);
  if (stored !== undefined) return { status: stored.status, body: stored.body, replayed: true };
  let code: string | undefined;
  const answer = attempt(() => {
    try {
      return success(execute());
    } catch (error) {
      if (error instanceof ApiError) code = error.details.code;
      throw error;
    }
  });
  storeAnswer(local, keyed, { status: answer.status, body: answer.body }, code);
  return answer;
}

function success(result: unknown): Answer {
  return { status: 200, body: JSON.stringify(result), replayed: false };
}

function attempt(run: () => Answer): Answer {
  try {
    return run();
  } catch (error) {
    const fault =
      error instanceof ApiError ? error : new ApiError(500, `Local Stripe: ${String(error)}`, { type: "api_error" });
    return { status: fault.status, body: JSON.stringify(fault.body()), replayed: false };
  }
}

function authenticate(request: IncomingMessage, secretKey: string | undefined): void {
  const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (key === undefined) {
    throw new ApiError(
      401,
      "You did not provide an API key. Provide it as a bearer token in the Authorization header.",
    );
  }
  if (secretKey !== undefined && key !== secretKey) {
    throw new ApiError(401, `Invalid API Key provided: ${key.slice(0, 8)}****${key.slice(-4)}`);
  }
}

function findRoute(method: string, path: string): { handler: Handler; id: string; part: string } {
  const segments = path.split("/");
  for (const [route, handler] of Object.entries(ROUTES)) {
    const [verb, pattern = ""] = route.split(" ");
    const parts = pattern.split("/");
    if (verb !== method || parts.length !== segments.length) continue;
    if (!parts.every((part, index) => part.startsWith(":") || part === segments[index])) continue;
    const at = (name: string) => segments[parts.indexOf(name)] ?? "";
    return { handler, id: at(":id"), part: at(":part") };
  }
  throw unrecognized(method, path);
}

/** The refusal of a path that the API does not have. */
export function unrecognized(method: string, path: string): ApiError {
  return new ApiError(404, `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs.`);
}
