import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiRequest, answerApi, unrecognized } from "./api";
import { type Control, makeControl } from "./control";
import { answerControl } from "./control-http";
import { answerControlPage } from "./control-page";
import { Deliveries, type Webhook } from "./deliveries";
import { recordEvent } from "./events";
import { concernsPath, type Faults, noFaults } from "./faults";
import { redirect, sendAsset } from "./html";
import type { Cause, Emitted, Local } from "./local";
import { answerPay } from "./pay-page";
import { seedPrice } from "./prices";
import { answerReceipt } from "./receipt-page";
import { expireDueSessions } from "./sessions";
import { State } from "./state";

const MAX_BODY_BYTES = 1_048_576;
const EXPIRY_TICK_MS = 1_000;
const RETRY_DELAYS_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000];

/** How a local Stripe is set up; everything but the prices has a default. */
export interface LocalStripeOptions {
  /** 0 or absent: any free port, always on 127.0.0.1. */
  port?: number;
  /** The receiver of events; may also be set later by `control.setWebhook`. */
  webhook?: Webhook;
  /** One-time prices, each with a product of its own; amounts in minor units. */
  prices: Array<{ id: string; productName: string; unitAmount: number; currency: string }>;
  /** The one accepted API key; others get 401. Absent: any key. */
  secretKey?: string;
  /** JSON file that keeps the objects over a restart; prices that it lacks are added. */
  stateFile?: string;
  /** The clock in ms; default `Date.now`. */
  now?: () => number;
  /** Pauses before the second, third … attempt of a delivery, in ms. */
  retryDelaysMs?: number[];
  /** So many deliveries are in flight at once, at most; default as many as there are. */
  deliveriesAtOnce?: number;
  /** A connection to the receiver carries so many deliveries; default 1. */
  deliveriesPerConnection?: number;
}

/** A running local Stripe. */
export interface LocalStripe {
  /** Origin, such as `http://127.0.0.1:12111`, for the client and for browsers. */
  url: string;
  port: number;
  control: Control;
  /** How many deliveries are neither taken nor given up. */
  deliveriesUnderWay(): number;
  /** Stops serving, ends deliveries, retries and timers, and writes the state file. */
  close(): Promise<void>;
}

/** Starts a local Stripe. Rejects when the port is taken or the state file is not readable. */
export async function startLocalStripe(options: LocalStripeOptions): Promise<LocalStripe> {
  const state = new State(options.stateFile);
  const faults = noFaults();
  const requests: ApiRequest[] = [];
  const deliveries = new Deliveries({
    state,
    faults: () => faults,
    retryDelaysMs: options.retryDelaysMs ?? RETRY_DELAYS_MS,
    mostAtOnce: options.deliveriesAtOnce ?? Number.POSITIVE_INFINITY,
    perConnection: options.deliveriesPerConnection ?? 1,
  });
  const closing = new AbortController();
  // One listener for each request that is kept waiting.
  setMaxListeners(0, closing.signal);
  const now = options.now ?? Date.now;
  let port = 0;
  const local: Local = {
    state,
    now,
    seconds: () => Math.floor(now() / 1000),
    origin: () => `http://127.0.0.1:${port}`,
    livemode: false,
    emit: (fact, cause) => emit(fact, cause),
  };
  const emit = (fact: Parameters<Local["emit"]>[0], cause?: Cause): Emitted => {
    const event = recordEvent(local, fact, cause, faults);
    const sent = [deliveries.send(event)];
    if (faults.secondEventId || deliveries.random().percent(faults.secondEventIdPercent)) {
      sent.push(deliveries.send(recordEvent(local, fact, cause, faults)));
    }
    return { event, firstAttempt: Promise.all(sent).then(() => undefined) };
  };
  for (const price of options.prices) if (!state.prices.has(price.id)) seedPrice(local, price);

  const control = makeControl({ local, deliveries, requests, faults });
  const parts: Parts = { local, control, faults, requests, secretKey: options.secretKey, closing: closing.signal };
  const server = createServer((request, response) => {
    expireDueSessions(local);
    serve(parts, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain; charset=utf-8" });
      response.end(`Local Stripe: ${String(error)}`);
    });
  });
  port = await listen(server, options.port ?? 0);
  if (options.webhook !== undefined) deliveries.setWebhook(options.webhook);
  const expiryClock = setInterval(() => expireDueSessions(local), EXPIRY_TICK_MS);

  return {
    url: local.origin(),
    port,
    control,
    deliveriesUnderWay: () => deliveries.underWay,
    close: async () => {
      clearInterval(expiryClock);
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await deliveries.close();
      server.closeAllConnections();
      await closed;
      state.flush();
    },
  };
}

interface Parts {
  local: Local;
  control: Control;
  faults: Faults;
  requests: ApiRequest[];
  secretKey: string | undefined;
  closing: AbortSignal;
}

async function serve(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { local, control } = parts;
  const faults = () => parts.faults;
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const method = request.method ?? "GET";
  const body = await readBody(request);
  const [, first, second, third] = path.split("/");
  if (first === "v1" || first === "v2") {
    if (await isLostOnTheWay(parts, { method, path, request }, response)) return;
    return answerApi({ local, secretKey: parts.secretKey, faults, log: parts.requests }, request, body, response);
  }
  if (first === "c" && second === "pay" && third !== undefined) {
    return answerPay({ local, faults }, { method, sessionId: third, body }, response);
  }
  if (first === "_control" && method === "POST") {
    return answerControl(control, request, { name: second ?? "", body }, response);
  }
  if (path === "/_control") return answerControlPage(local, parts.faults, response);
  if (first === "receipts" && second !== undefined) return answerReceipt(local, second, response);
  if (path === "/") return redirect(response, "/_control");
  if (path === "/favicon.ico") return void response.writeHead(204).end();
  if (sendAsset(path, response)) return;
  response.writeHead(404, { "content-type": "application/json" });
  response.end(JSON.stringify(unrecognized(method, path).body()));
}

/** Delays an API call; true when something between the caller and the API has answered in its stead. */
async function isLostOnTheWay(
  { faults, requests, local, closing }: Parts,
  { method, path, request }: { method: string; path: string; request: IncomingMessage },
  response: ServerResponse,
): Promise<boolean> {
  if (!concernsPath(faults, path)) return false;
  if (faults.apiDelayMs > 0) await sleep(faults.apiDelayMs, undefined, { signal: closing });
  if (faults.apiDown !== "404") return false;
  const idempotencyKey = request.headers["idempotency-key"]?.toString() ?? null;
  requests.push({ method, path, idempotencyKey, params: {}, status: 404, at: local.now() });
  response.writeHead(404, { "content-type": "application/json" }).end("{}");
  return true;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MAX_BODY_BYTES) throw new Error("body over 1 MiB");
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
