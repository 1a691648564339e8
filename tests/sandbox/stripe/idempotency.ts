import { ApiError } from "./errors";
import type { Local } from "./local";
import type { StoredAnswer } from "./state";

const KEPT_MS = 86_400_000;

/** A POST with an Idempotency-Key; `params` is the canonical text of its parameters. */
export interface KeyedRequest {
  key: string;
  method: string;
  path: string;
  params: string;
}

/**
 * The stored answer of an earlier request with this key, for a day. Throws ApiError 400 `idempotency_error` when
 * that request went to another path or had other parameters.
 */
export function storedAnswer(local: Local, request: KeyedRequest): StoredAnswer | undefined {
  const stored = local.state.answers.get(request.key);
  if (stored === undefined) return undefined;
  if (local.now() - stored.created > KEPT_MS) {
    local.state.answers.delete(request.key);
    return undefined;
  }
  if (stored.path !== request.path || stored.method !== request.method) {
    const message = `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${stored.path}' vs '${request.path}'). Try using a key other than '${request.key}' if you meant to execute a different request.`;
    throw new ApiError(400, message, { type: "idempotency_error" });
  }
  if (stored.params !== request.params) {
    const message = `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${request.key}' if you meant to execute a different request.`;
    throw new ApiError(400, message, { type: "idempotency_error" });
  }
  return stored;
}

/**
 * Keeps an answer for its key. Refused parameters (code `parameter_…`) are not kept, since Stripe keeps answers
 * only once the execution began; other refusals are, so a retry after a repair needs a new key.
 */
export function storeAnswer(
  local: Local,
  request: KeyedRequest,
  answer: { status: number; body: string },
  code?: string,
) {
  if (answer.status >= 500 || answer.status === 401 || code?.startsWith("parameter_")) return;
  const { method, path, params } = request;
  local.state.answers.set(request.key, { method, path, params, ...answer, created: local.now() });
}

/** The parameters as text in which their order does not matter. */
export function canonical(tree: unknown): string {
  return JSON.stringify(tree, (_key, value: unknown) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}
