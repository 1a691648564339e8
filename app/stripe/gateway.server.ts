import Stripe from "stripe";
import { env } from "~/env.server";

/** Stripe gets 8 s for one try and two more tries with the same key; the callers keep an eye on the whole (10 s). */
const TIMEOUT_MS = 8_000;
const RETRIES = 2;

/** The API version that answers come in: the package's own. */
export const STRIPE_API_VERSION: string = Stripe.API_VERSION;

let client: Stripe | undefined;

/** The one Stripe client, pinned to the API version of its package, and pointed at `STRIPE_API_BASE` if that is set. */
export function stripeClient(): Stripe {
  client ??= createStripeClient(env().STRIPE_SECRET_KEY, env().STRIPE_API_BASE);
  return client;
}

/** A client for tests and the server. `base`: the origin of another Stripe, on this machine. */
export function createStripeClient(secretKey: string, base?: string): Stripe {
  const url = base ? new URL(base) : null;
  return new Stripe(secretKey, {
    timeout: TIMEOUT_MS,
    maxNetworkRetries: RETRIES,
    telemetry: false,
    appInfo: { name: "leadradar-billing" },
    ...(url
      ? { host: url.hostname, port: url.port || 80, protocol: url.protocol === "https:" ? "https" : "http" }
      : {}),
  });
}
