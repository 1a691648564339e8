import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { leash } from "../sandbox/leash";
import { freePort } from "./ports";

export interface AppServer {
  origin: string;
  port: number;
  process: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface AppServerOptions {
  databaseUrl: string;
  stripeBase?: string;
  secretKey?: string;
  webhookSecret?: string;
  port?: number;
  env?: Record<string, string>;
  /** Handed the process at once, before it answers, for a caller who must be able to end it at any moment. */
  onSpawn?: (child: ChildProcess) => void;
}

export const TEST_SECRET_KEY = "sk_test_local";
export const TEST_WEBHOOK_SECRET = "whsec_test_local";
const START_LIMIT_MS = 20_000;

/** Starts the built server, as `npm start` does, on a free port, and waits until it answers. */
export async function startAppServer(options: AppServerOptions): Promise<AppServer> {
  const port = options.port ?? (await freePort());
  const origin = `http://localhost:${port}`;
  const child = spawn(process.execPath, ["node_modules/@remix-run/serve/dist/cli.js", "build/index.js"], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: "production",
      PORT: String(port),
      APP_ORIGIN: origin,
      DATABASE_URL: options.databaseUrl,
      STRIPE_SECRET_KEY: options.secretKey ?? TEST_SECRET_KEY,
      STRIPE_WEBHOOK_SECRET: options.webhookSecret ?? TEST_WEBHOOK_SECRET,
      LOG_LEVEL: "warn",
      ...(options.stripeBase ? { STRIPE_API_BASE: options.stripeBase } : {}),
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  leash(child, "SIGKILL");
  options.onSpawn?.(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));

  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await isAlive(origin))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
      throw new Error(`The server did not start.\n${output}`);
    await sleep(25);
  }
  return {
    origin,
    port,
    process: child,
    output: () => output,
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, "exit");
      }
      return child.exitCode;
    },
  };
}

function isAlive(origin: string): Promise<boolean> {
  return fetch(`${origin.replace("localhost", "127.0.0.1")}/healthz`).then(
    (response) => response.ok,
    () => false,
  );
}
