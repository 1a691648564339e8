import { setFlagsFromString } from "node:v8";
import { closeDatabase, isDriverWriteFault } from "~/db/client.server";
import { env } from "~/env.server";
import { runningRequests } from "~/http/hooks.server";
import { log } from "~/log.server";

/**
 * By how much of what is alive the heap may grow before V8 collects it, in percent. By itself V8 lets it grow to four times under load: a
 * statement of a million rows took 80 MB of garbage that nobody needed, and takes 14 MB so, in the same time.
 */
const HEAP_GROWTH_PERCENT = 40;

/** How long running requests may take to end after SIGTERM. */
const STOP_LIMIT_MS = 8_000;

const state = globalThis as { __supervised?: boolean };

/** What else must end before the pool does. */
export type StopWork = () => Promise<void>;

/** A heap that stays small, a clean stop on SIGTERM and SIGINT, and an end with a clear line when something nobody handles is thrown. */
export function superviseProcess(stopWork: StopWork): void {
  if (state.__supervised) return;
  state.__supervised = true;
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop(signal, stopWork));
  process.on("uncaughtException", (error: NodeJS.ErrnoException) => {
    if (isDriverWriteFault(error)) {
      log.warn({ err: error }, "database connection lost while writing");
      return;
    }
    const reason = cannotListen(error);
    if (reason) console.error(reason);
    else log.fatal({ err: error }, "uncaught");
    process.exit(1);
  });
}

/** Why the server could not begin to listen, in words; null for any other error. */
function cannotListen(error: NodeJS.ErrnoException): string | null {
  const { HOST, PORT } = env();
  if (error.syscall === "getaddrinfo") return `HOST ${HOST} is not an address of this machine.`;
  if (error.syscall !== "listen") return null;
  if (error.code === "EADDRINUSE") return `PORT ${PORT} is in use. Choose another one, or end what uses it.`;
  if (error.code === "EACCES") return `PORT ${PORT} may not be used by this user.`;
  return `HOST ${HOST} is not an address of this machine.`;
}

/** remix-serve closes the listener itself; we wait for what runs, then end the pool and the process. */
async function stop(signal: string, stopWork: StopWork): Promise<void> {
  log.info({ signal }, "stopping");
  const stopping = stopWork().catch((error) => log.error({ err: error }, "a job did not stop"));
  const { server } = runningRequests();
  server?.closeIdleConnections();
  const deadline = Date.now() + STOP_LIMIT_MS;
  while (runningRequests().inFlight > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await stopping;
  await closeDatabase();
  process.exit(0);
}
