import Stripe from "stripe";
import { z } from "zod";
import { DomainError } from "~/errors";

/** How far a signature's time may be from ours, in seconds, in both directions. */
const TOLERANCE_SECONDS = 300;

/** A delivery that is proven to come from Stripe. `payload`: the raw body. */
export interface VerifiedEvent {
  id: string;
  type: string;
  livemode: boolean;
  apiVersion: string | null;
  createdAt: Date | null;
  object: unknown;
  payload: string;
}

const eventSchema = z.object({
  id: z.string().regex(/^[\w-]{1,255}$/),
  type: z.string().regex(/^[\w.]{1,255}$/),
  object: z.literal("event").optional(),
  livemode: z.boolean().default(false),
  api_version: z.string().max(255).nullish(),
  created: z.number().int().min(0).max(253_402_300_799).nullish(),
  data: z.object({ object: z.unknown() }).optional(),
});

/**
 * Checks the header `Stripe-Signature` over the raw bytes against every secret, and reads the event.
 * The library refuses only old timestamps, so the future side is checked here.
 * Throws STRIPE_SIGNATURE_MISSING, STRIPE_SIGNATURE_INVALID, BAD_JSON, and INVALID_BODY for JSON that is no event (a thin
 * event, an array, a number).
 */
export function verifyEvent(
  body: Uint8Array,
  header: string | null,
  secrets: readonly string[],
  now: Date,
): VerifiedEvent {
  if (!header) throw new DomainError("STRIPE_SIGNATURE_MISSING");
  const seconds = Math.floor(now.getTime() / 1000);
  if (!isFresh(header, seconds) || !secrets.some((secret) => isSigned(body, header, secret, seconds))) {
    throw new DomainError("STRIPE_SIGNATURE_INVALID");
  }

  return readEvent(decode(body));
}

/** Reads an event that was proven before: the one in the inbox. Throws BAD_JSON and INVALID_BODY as `verifyEvent` does. */
export function readEvent(payload: string): VerifiedEvent {
  const event = eventSchema.safeParse(parse(payload));
  if (!event.success) throw new DomainError("INVALID_BODY");
  const { id, type, livemode, api_version, created, data } = event.data;
  return {
    id,
    type,
    livemode,
    apiVersion: api_version ?? null,
    createdAt: created == null ? null : new Date(created * 1000),
    object: data?.object,
    payload,
  };
}

function isFresh(header: string, nowSeconds: number): boolean {
  const stamp = /(?:^|,)\s*t=(\d{1,12})(?:,|$)/.exec(header)?.[1];
  return stamp !== undefined && Math.abs(nowSeconds - Number(stamp)) <= TOLERANCE_SECONDS;
}

function isSigned(body: Uint8Array, header: string, secret: string, nowSeconds: number): boolean {
  try {
    const { signature } = Stripe.webhooks;
    return signature?.verifyHeader(body, header, secret, TOLERANCE_SECONDS, undefined, nowSeconds * 1000) ?? false;
  } catch {
    return false;
  }
}

/** Invalid UTF-8 is refused rather than repaired: what is stored must be what was signed. A byte order mark is no JSON. */
function decode(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new DomainError("BAD_JSON");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DomainError("BAD_JSON");
  }
}
