/** The local Stripe: a stand-in on loopback for the demo and the tests, spoken to by the unchanged client. */
export type { Control } from "./stripe/control";
export { type LocalStripe, type LocalStripeOptions, startLocalStripe } from "./stripe/server";
