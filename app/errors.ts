/**
 * The closed list of error codes (docs/contract.md, "Error codes").
 * A new code does not compile until it has an HTTP status here and a German sentence in `ui/messages.de.ts`.
 */
export const ERROR_STATUS = {
  BAD_JSON: 400,
  INVALID_BODY: 400,
  INVALID_QUERY: 400,
  INVALID_CODE: 400,
  CODE_EXPIRED: 400,
  CODE_LIMIT_REACHED: 400,
  STRIPE_SIGNATURE_MISSING: 400,
  STRIPE_SIGNATURE_INVALID: 400,
  UNAUTHORIZED: 401,
  INVALID_CREDENTIALS: 401,
  INVALID_API_KEY: 401,
  PAYMENT_REQUIRED: 402,
  DEVICE_LIMIT_REACHED: 402,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NO_CREDITS: 409,
  CREDITS_EXPIRED: 409,
  CREDITS_ON_HOLD: 409,
  CODE_ALREADY_REDEEMED: 409,
  INVALID_STATE: 409,
  IDEMPOTENCY_CONFLICT: 409,
  SKU_NOT_SALEABLE: 409,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  STRIPE_UNAVAILABLE: 502,
  TEMPORARILY_UNAVAILABLE: 503,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERROR_STATUS;

/**
 * What a caller may see of an error beside its code; never internal text.
 * `fields` maps a field's name to what is wrong with it, `retryAfterSeconds` becomes the header `Retry-After`,
 * `allow` the header `Allow`.
 */
export interface ErrorDetails {
  fields?: Record<string, string>;
  retryAfterSeconds?: number;
  allow?: string;
  /** Figures and times that belong to the code, shown in `details` as they are. */
  shown?: Record<string, number | Date | null>;
}

/** An expected refusal. Throwing it inside a transaction rolls the transaction back. Anything else thrown is a bug. */
export class DomainError extends Error {
  override readonly name = "DomainError";

  constructor(
    readonly code: ErrorCode,
    readonly details: ErrorDetails = {},
    options?: { cause?: unknown },
  ) {
    super(code, options);
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}
