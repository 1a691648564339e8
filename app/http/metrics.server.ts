import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

interface Metrics {
  registry: Registry;
  requests: Histogram<"method" | "status">;
  events: Counter<"result">;
}

const state = globalThis as { __metrics?: Metrics };

/** The process's metrics; made once, also when the development server loads the build again. */
export function metrics(): Metrics {
  if (state.__metrics) return state.__metrics;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  state.__metrics = {
    registry,
    requests: new Histogram({
      name: "http_request_seconds",
      help: "Time from request to answer.",
      labelNames: ["method", "status"],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    }),
    events: new Counter({
      name: "stripe_events_total",
      help: "Deliveries from Stripe by what became of them.",
      labelNames: ["result"],
      registers: [registry],
    }),
  };
  return state.__metrics;
}

/** The state of the system as gauges; /operator/health shows the same. */
const GAUGES = {
  billing_database_up: "Whether the database answers.",
  billing_schema_fits: "Whether the database has the schema of this version.",
  billing_stripe_reachable: "Whether Stripe answers with our key.",
  billing_events_waiting: "Stripe events received or failed that are still to be processed.",
  billing_events_oldest_seconds: "Age of the oldest of them, 0 if there is none.",
  billing_events_failed: "Stripe events of the last 30 days that failed for good.",
  billing_reconciliation_age_seconds: "Seconds since the end of the last reconciliation.",
  billing_reconciliation_complete: "Whether it could read Stripe to the end.",
  billing_reconciliation_differences: "Differences in the books that stand.",
  billing_tasks_open: "Long work asked for and not done.",
  billing_adjustments_waiting: "Corrections that wait for a second operator.",
  billing_refund_requests_open: "Refunds asked for whose answer is not known.",
  billing_price_faults: "SKUs on sale whose price differs from Stripe's.",
} as const;

export type HealthGauge = keyof typeof GAUGES;

/** Sets the gauges of the system's state. What is not known now is left out, so that no old figure passes for a new one. */
export function setHealthGauges(values: Partial<Record<HealthGauge, number>>): void {
  const { registry } = metrics();
  for (const name of Object.keys(GAUGES) as HealthGauge[]) {
    registry.removeSingleMetric(name);
    const value = values[name];
    if (value !== undefined) new Gauge({ name, help: GAUGES[name], registers: [registry] }).set(value);
  }
}

/** Everything in Prometheus' text format. */
export async function collectMetrics(): Promise<{ text: string; contentType: string }> {
  const { registry } = metrics();
  return { text: await registry.metrics(), contentType: registry.contentType };
}
