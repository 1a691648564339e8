import { DEMO_SKUS } from "../../db/seed";
import { type LocalStripe, startLocalStripe } from "../sandbox/stripe";
import type { ApiRequest } from "../sandbox/stripe/api";
import { createTestDatabase, type TestDatabase } from "./database";
import { type AppServer, type AppServerOptions, startAppServer, TEST_SECRET_KEY, TEST_WEBHOOK_SECRET } from "./server";

/** The whole product on free ports: a database of its own, the local Stripe, the built server. */
export interface Stack {
  db: TestDatabase;
  stripe: LocalStripe;
  app: AppServer;
  origin: string;
  stop(): Promise<void>;
}

export async function startStack(options: Partial<AppServerOptions> = {}): Promise<Stack> {
  const db = await createTestDatabase();
  const stripe = await startLocalStripe({
    secretKey: TEST_SECRET_KEY,
    prices: DEMO_SKUS.map((sku) => ({
      id: sku.priceId,
      productName: sku.name,
      unitAmount: sku.cents,
      currency: "chf",
    })),
  });
  const app = await startAppServer({ databaseUrl: db.url, stripeBase: stripe.url, ...options });
  stripe.control.setWebhook({
    url: `http://127.0.0.1:${app.port}/api/webhooks/stripe`,
    secrets: [TEST_WEBHOOK_SECRET],
  });
  return {
    db,
    stripe,
    app,
    origin: app.origin,
    async stop() {
      await stripe.close();
      await app.stop();
      await db.drop();
    },
  };
}

/** What was asked of Stripe, oldest first, beside the server's own look at the prices when it starts. */
export function askedOfStripe({ stripe }: Pick<Stack, "stripe">): ApiRequest[] {
  return stripe.control.requests().filter((it) => !it.path.startsWith("/v1/prices/"));
}
