import { closeDatabase, isDriverWriteFault } from "~/db/client.server";
import { runningRequests } from "~/http/hooks.server";
import { log } from "~/log.server";

/** How long running requests may take to end after SIGTERM. */
const STOP_LIMIT_MS = 8_000;

const state = globalThis as { __supervised?: boolean };

/** A clean stop on SIGTERM and SIGINT, and an end with a clear line when something nobody handles is thrown. */
export function superviseProcess(): void {
  if (state.__supervised) return;
  state.__supervised = true;
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop(signal));
  process.on("uncaughtException", (error: NodeJS.ErrnoException) => {
    if (isDriverWriteFault(error)) {
      log.warn({ err: error }, "database connection lost while writing");
      return;
    }
    if (error.code === "EADDRINUSE") {
      console.error(
        `Port ${String((error as { port?: number }).port)} is in use. Set PORT to another one, or end what uses it.`,
      );
    } else {
      log.fatal({ err: error }, "uncaught");
    }
    process.exit(1);
  });
}

/** remix-serve closes the listener itself; we wait for what runs, then end the pool and the process. */
async function stop(signal: string): Promise<void> {
  log.info({ signal }, "stopping");
  const { server } = runningRequests();
  server?.closeIdleConnections();
  const deadline = Date.now() + STOP_LIMIT_MS;
  while (runningRequests().inFlight > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await closeDatabase();
  process.exit(0);
}
