import Stripe from "stripe";
import { type Receiver, startReceiver } from "./receiver";
import { type LocalStripe, type LocalStripeOptions, startLocalStripe } from "./server";

export const SECRET = "whsec_local_one";
export const PRICE = {
  id: "price_lr_365d_3",
  productName: "3 Lizenzen für 365 Tage",
  unitAmount: 119_700,
  currency: "chf",
};

/** A local Stripe, the unchanged client and a webhook receiver, for the sandbox's own tests. */
export interface Stage {
  receiver: Receiver;
  server: LocalStripe;
  stripe: Stripe;
  /** Stops the local Stripe and starts another one with the same receiver, price and quick retries. */
  restart(options: Partial<LocalStripeOptions>): Promise<void>;
  /** An open session over one price for a new customer. */
  order(change?: Partial<Stripe.Checkout.SessionCreateParams>): Promise<Stripe.Checkout.Session>;
  /** Presses a button of the pay page without following the redirect. */
  choose(sessionId: string, outcome: string): Promise<Response>;
  receivedTypes(): string[];
  count(type: string): number;
  close(): Promise<void>;
}

/** Opens a stage. Retries follow after 1 ms, three of them. */
export async function openStage(): Promise<Stage> {
  const receiver = await startReceiver(SECRET);
  const start = async (options: Partial<LocalStripeOptions>) => {
    const webhook = { url: receiver.url, secrets: [SECRET] };
    const server = await startLocalStripe({ prices: [PRICE], retryDelaysMs: [1, 1, 1], webhook, ...options });
    const address = { host: "127.0.0.1", port: server.port, protocol: "http" } as const;
    return { server, stripe: new Stripe("sk_test_any", { ...address, maxNetworkRetries: 0 }) };
  };
  const stage: Stage = {
    receiver,
    ...(await start({})),
    restart: async (options) => {
      await stage.server.close();
      Object.assign(stage, await start(options));
    },
    order: async (change = {}) => {
      const customer = await stage.stripe.customers.create({ name: "Alpen <Messe> AG" });
      return stage.stripe.checkout.sessions.create({
        mode: "payment",
        line_items: [{ price: PRICE.id, quantity: 1 }],
        customer: customer.id,
        payment_intent_data: { metadata: { orderId: "o1" } },
        success_url: "http://127.0.0.1:9/ok?session_id={CHECKOUT_SESSION_ID}",
        cancel_url: "http://127.0.0.1:9/no",
        ...change,
      });
    },
    choose: (sessionId, outcome) => {
      const body = new URLSearchParams({ outcome });
      return fetch(`${stage.server.url}/c/pay/${sessionId}`, { method: "POST", body, redirect: "manual" });
    },
    receivedTypes: () => receiver.events.map((event) => event.type).sort(),
    count: (type) => receiver.events.filter((event) => event.type === type).length,
    close: async () => {
      await stage.server.close();
      await receiver.close();
    },
  };
  return stage;
}
