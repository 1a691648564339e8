import { createStripeClient } from "~/stripe/gateway.server";

/** For work that must not need Stripe: nobody listens there. */
export const noStripe = createStripeClient("sk_test_none", "http://127.0.0.1:1");
