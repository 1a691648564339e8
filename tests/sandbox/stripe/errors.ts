/** The error types of the Stripe API that the local Stripe answers with. */
export type ErrorType = "invalid_request_error" | "idempotency_error" | "api_error";

interface ErrorDetails {
  type?: ErrorType;
  code?: string;
  param?: string;
}

/** A refusal that reaches the caller as `{"error":{type,code,message,param}}` with an HTTP status. */
export class ApiError extends Error {
  readonly status: number;
  readonly details: ErrorDetails;

  constructor(status: number, message: string, details: ErrorDetails = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }

  /** The body as Stripe writes it; `code` and `param` are absent where Stripe has none. */
  body(): { error: { type: ErrorType; code?: string; message: string; param?: string } } {
    const { type = "invalid_request_error", code, param } = this.details;
    return { error: { type, code, message: this.message, param } };
  }
}

/** What Stripe calls the id in the path of a URL; it differs by resource. */
const PATH_PARAMS = ["id", "intent", "refund", "dispute"];

/** An unknown id. As a resource of its own URL Stripe answers 404, as a value of a parameter 400. */
export function missing(noun: string, id: string, param = "id"): ApiError {
  const status = PATH_PARAMS.includes(param) ? 404 : 400;
  return new ApiError(status, `No such ${noun}: '${id}'`, { code: "resource_missing", param });
}

/** A parameter with a value that Stripe does not accept. */
export function invalidParameter(param: string, message: string, code?: string): ApiError {
  return new ApiError(400, message, { code, param });
}

/** A control that does not fit the state of its session, such as paying an expired one. */
export class StateError extends Error {}
