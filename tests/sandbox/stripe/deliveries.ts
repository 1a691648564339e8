import { createHmac } from "node:crypto";
import { request } from "node:http";
import type Stripe from "stripe";
import type { Faults } from "./faults";
import type { State } from "./state";

const ATTEMPT_TIMEOUT_MS = 10_000;

/** Where events go, and every secret that signs them (two during a rotation). */
export interface Webhook {
  url: string;
  secrets: string[];
}

/** One attempt. `status` is the HTTP status or why there is none; `ms` how long it took, `at` when it began (ms). */
export interface Delivery {
  eventId: string;
  type: string;
  attempt: number;
  status: number | "timeout" | "error" | "aborted" | "dropped";
  ms: number;
  at: number;
}

/** `delayMs` before the first attempt; a forced delivery goes out whatever the faults say. */
interface Manner {
  delayMs: number;
  forced: boolean;
}

interface Options {
  state: State;
  faults: () => Faults;
  retryDelaysMs: number[];
}

/** Signs and sends events, retries what was not answered 2xx, and keeps the log. */
export class Deliveries {
  readonly log: Delivery[] = [];
  readonly #options: Options;
  readonly #closing = new AbortController();
  readonly #idlers = new Set<() => void>();
  #webhook: Webhook | undefined;
  #running = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Sets the receiver and resumes what an earlier process left undelivered. Throws unless it is on loopback. */
  setWebhook(webhook: Webhook): void {
    const { protocol, hostname } = new URL(webhook.url);
    if (protocol !== "http:" || !["127.0.0.1", "localhost", "[::1]"].includes(hostname)) {
      throw new Error(`The webhook must be http on loopback, not ${webhook.url}`);
    }
    if (webhook.secrets.length === 0) throw new Error("The webhook needs at least one secret");
    const isFirst = this.#webhook === undefined;
    this.#webhook = webhook;
    if (!isFirst) return;
    for (const id of this.#options.state.undelivered) {
      const event = this.#options.state.events.get(id);
      if (event !== undefined) void this.#deliver(event, { delayMs: 0, forced: false });
    }
  }

  /** Starts the delivery of an event, with the faults of this moment. Resolves after the first attempt. */
  async send(event: Stripe.Event): Promise<void> {
    if (this.#webhook === undefined) return;
    const { drop, duplicate, delayMs } = this.#options.faults();
    if (drop) {
      this.#note(event, 1, "dropped", Date.now());
      return;
    }
    await Promise.all(Array.from({ length: duplicate }, () => this.#deliver(event, { delayMs, forced: false })));
  }

  /** Sends an event once more, whatever the faults say, with its own retries. Resolves after the first attempt. */
  async redeliver(event: Stripe.Event): Promise<void> {
    if (this.#webhook === undefined) throw new Error("No webhook is set");
    await this.#deliver(event, { delayMs: 0, forced: true });
  }

  /** Resolves once no delivery is in flight and no retry is waiting. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idlers.add(resolve));
  }

  /** Ends everything that is in flight or waiting; what was not delivered stays marked in the state. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.idle();
  }

  /** Resolves after the first attempt, while the retries go on. */
  #deliver(event: Stripe.Event, manner: Manner): Promise<void> {
    this.#running += 1;
    this.#options.state.undelivered.add(event.id);
    return new Promise((firstAttemptOver) => {
      void this.#attemptAll(event, manner, firstAttemptOver).finally(() => {
        firstAttemptOver();
        this.#running -= 1;
        if (this.#running > 0) return;
        for (const resolve of this.#idlers) resolve();
        this.#idlers.clear();
      });
    });
  }

  async #attemptAll(event: Stripe.Event, manner: Manner, firstAttemptOver: () => void): Promise<void> {
    const { state, retryDelaysMs } = this.#options;
    let pause: number | undefined = manner.delayMs;
    for (let attempt = 1; pause !== undefined; attempt += 1) {
      await this.#wait(pause);
      if (this.#closing.signal.aborted) return;
      const began = Date.now();
      const isDropped = this.#options.faults().drop && !manner.forced;
      const status = isDropped ? "dropped" : await this.#post(event);
      this.#note(event, attempt, status, began);
      if (this.#closing.signal.aborted) return;
      const isDelivered = typeof status === "number" && status >= 200 && status < 300;
      if (isDelivered) event.pending_webhooks = 0;
      firstAttemptOver();
      if (isDelivered || isDropped) break;
      pause = retryDelaysMs[attempt - 1];
    }
    state.undelivered.delete(event.id);
    state.save();
  }

  #post(event: Stripe.Event): Promise<Delivery["status"]> {
    const webhook = this.#webhook;
    if (webhook === undefined) return Promise.resolve("error");
    const body = JSON.stringify(event);
    const timeout = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS);
    const signal = AbortSignal.any([timeout, this.#closing.signal]);
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      "stripe-signature": signature(body, webhook.secrets),
      "user-agent": "Stripe/1.0 (local)",
    };
    return new Promise((resolve) => {
      const failed = () => resolve(timeout.aborted ? "timeout" : this.#closing.signal.aborted ? "aborted" : "error");
      const call = request(webhook.url, { method: "POST", headers, signal, agent: false }, (response) => {
        response.on("error", failed);
        response.on("end", () => resolve(response.statusCode ?? "error"));
        response.resume();
      });
      call.on("error", failed);
      call.end(body);
    });
  }

  #wait(ms: number): Promise<void> {
    if (ms <= 0 || this.#closing.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#closing.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#closing.signal.addEventListener("abort", done);
    });
  }

  #note(event: Stripe.Event, attempt: number, status: Delivery["status"], began: number): void {
    this.log.push({ eventId: event.id, type: event.type, attempt, status, ms: Date.now() - began, at: began });
  }
}

/**
 * The `Stripe-Signature` header of this moment, one `v1` per secret. It uses the real clock even when the
 * sandbox runs on another one, since receivers compare it with theirs.
 */
function signature(body: string, secrets: string[]): string {
  const timestamp = Math.floor(Date.now() / 1000);
  const parts = secrets.map((secret) => {
    return `v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
  });
  return [`t=${timestamp}`, ...parts].join(",");
}
