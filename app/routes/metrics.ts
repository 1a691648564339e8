import { database } from "~/db/client.server";
import { NEWEST_MIGRATION, readSchemaState } from "~/db/schema.server";
import { env, isLivemode } from "~/env.server";
import { collectMetrics, setHealthGauges } from "~/http/metrics.server";
import { type Health, isStripeReachable, readHealth } from "~/operations/health.server";
import { STRIPE_API_VERSION, stripeClient } from "~/stripe/gateway.server";

/** Longer than this no scraper waits. */
const PATIENCE_MS = 4_000;

/**
 * Prometheus text. Public, like the other two: keep it from the internet at the proxy. Answers also without a database, with
 * what is known then.
 */
export const loader = async () => {
  const stripe = stripeClient();
  const setting = { livemode: isLivemode(env()), apiVersion: STRIPE_API_VERSION, expectedSchema: NEWEST_MIGRATION };
  const health = await soon(readHealth(database(), stripe, setting));
  if (health) setHealthGauges(gaugesOf(health));
  else setHealthGauges(await whatIsKnown(isStripeReachable(stripe)));
  const { text, contentType } = await collectMetrics();
  return new Response(text, { headers: { "content-type": contentType, "cache-control": "no-store" } });
};

function gaugesOf(health: Health) {
  const age = health.reconciliationAgeSeconds;
  return {
    billing_database_up: 1,
    billing_schema_fits: Number(health.schemaFits),
    billing_stripe_reachable: Number(health.stripeReachable),
    billing_events_waiting: health.eventsWaiting,
    billing_events_oldest_seconds: health.oldestEventSeconds,
    billing_events_failed: health.eventsFailed,
    ...(age === null ? {} : { billing_reconciliation_age_seconds: age }),
    billing_reconciliation_complete: Number(health.reconciliation?.complete ?? false),
    billing_reconciliation_differences: health.differences,
    billing_tasks_open: health.openTasks,
    billing_adjustments_waiting: health.adjustmentsWaiting,
    billing_refund_requests_open: health.refundsOpen,
    billing_price_faults: health.priceFaults.length,
  };
}

/** Without a database, or with a schema of another version, in which the questions make no sense. */
async function whatIsKnown(stripe: Promise<boolean>) {
  const state = await soon(readSchemaState(database()));
  return {
    billing_database_up: Number(state !== null),
    ...(state === null ? {} : { billing_schema_fits: Number(state === "fits") }),
    billing_stripe_reachable: Number(await stripe),
  };
}

/** What was read; null when the database does not answer in time, or has not the tables. */
function soon<T>(reading: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, null);
  });
  return Promise.race([reading.catch(() => null), limit]).finally(() => clearTimeout(timer));
}
