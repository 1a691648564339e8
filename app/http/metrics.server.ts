import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";

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

/** Everything in Prometheus' text format. */
export async function collectMetrics(): Promise<{ text: string; contentType: string }> {
  const { registry } = metrics();
  return { text: await registry.metrics(), contentType: registry.contentType };
}
