/** Why an event could not be processed. The permanent ones set the order aside for a person; nothing is granted. */
export type EventFaultCode =
  | "AMOUNT_MISMATCH"
  | "CURRENCY_MISMATCH"
  | "TENANT_MISMATCH"
  | "SESSION_MISMATCH"
  | "PRICE_MISMATCH"
  | "PAYMENT_NOT_PROVEN"
  | "PAYLOAD_GARBLED"
  | "ORDER_UNKNOWN"
  | "PAYMENT_PENDING"
  | "STRIPE_UNAVAILABLE"
  | "DATABASE_BUSY"
  | "UNEXPECTED";

/** Thrown while an event is processed. `permanent`: trying again cannot help. */
export class EventFault extends Error {
  override readonly name = "EventFault";

  constructor(
    readonly code: EventFaultCode,
    readonly permanent: boolean,
    detail = "",
    /** The order, where it is known although the event cannot be processed. */
    readonly order: { id: string; tenantId: string } | null = null,
  ) {
    // The message is stored, and PostgreSQL's text cannot hold U+0000.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: replacing control characters is the point
    super(detail ? `${code}: ${detail.replace(/[\u0000-\u001f]/g, "?").slice(0, 500)}` : code);
  }
}

/** A permanent fault: the event says something else than the order. */
export function mismatch(code: EventFaultCode, expected: unknown, received: unknown): EventFault {
  return new EventFault(code, true, `expected ${String(expected)}, received ${String(received)}`);
}
