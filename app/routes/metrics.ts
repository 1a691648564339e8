import { collectMetrics } from "~/http/metrics.server";

/** Prometheus text. Public, like the other two: keep it from the internet at the proxy. */
export const loader = async () => {
  const { text, contentType } = await collectMetrics();
  return new Response(text, { headers: { "content-type": contentType, "cache-control": "no-store" } });
};
