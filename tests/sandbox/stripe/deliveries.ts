import { createHmac } from "node:crypto";
import { setMaxListeners } from "node:events";
import { request } from "node:http";
import type Stripe from "stripe";
import { type Random, seeded } from "../random";
import type { Faults } from "./faults";
import type { State } from "./state";
import { Turns } from "./turns";

const ATTEMPT_TIMEOUT_MS = 10_000;
/** How long deliveries are held back for others to be shuffled with. */
const REORDER_PAUSE_MS = 50;

/** Where events go, and every secret that signs them (two during a rotation). */
export interface Webhook {
  url: string;
  secrets: string[];
}

/** What a delivery is: the event's own, a copy of it, one with a broken body, or one that a person asked for. */
type Kind = "original" | "duplicate" | "corrupted" | "redelivery";

/** One attempt. `status` is the HTTP status or why there is none; `ms` how long it took, `at` when it began (ms). */
export interface Delivery {
  eventId: string;
  type: string;
  kind: Kind;
  attempt: number;
  status: number | "timeout" | "error" | "aborted" | "dropped";
  ms: number;
  at: number;
}

/** `delayMs` before the first attempt; a redelivery goes out whatever the faults say. */
interface Manner {
  kind: Kind;
  delayMs: number;
}

interface Options {
  state: State;
  faults: () => Faults;
  retryDelaysMs: number[];
  /** So many attempts at once, at most; the others wait their turn. */
  mostAtOnce: number;
}

/** Signs and sends events, retries what was not answered 2xx, and keeps the log. */
export class Deliveries {
  readonly log: Delivery[] = [];
  readonly #options: Options;
  readonly #closing = new AbortController();
  readonly #idlers = new Set<() => void>();
  readonly #turns: Turns;
  #webhook: Webhook | undefined;
  #running = 0;
  #chance: { seed: number; random: Random } | undefined;
  #held: Array<() => void> = [];
  #flush: NodeJS.Timeout | undefined;

  constructor(options: Options) {
    this.#options = options;
    // every delivery that waits or is in flight listens
    setMaxListeners(0, this.#closing.signal);
    this.#turns = new Turns(options.mostAtOnce);
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
      if (event !== undefined) void this.#deliver(event, { kind: "original", delayMs: 0 });
    }
  }

  /** Starts the delivery of an event, with the faults of this moment. Resolves after the first attempt. */
  async send(event: Stripe.Event): Promise<void> {
    if (this.#webhook === undefined) return;
    const { drop, duplicate, duplicatePercent, corruptPercent, delayMs, jitterMs } = this.#options.faults();
    if (drop) {
      this.#note(event, "original", 1, "dropped", Date.now());
      return;
    }
    const random = this.random();
    const kinds: Kind[] = ["original", ...Array.from({ length: duplicate - 1 }, (): Kind => "duplicate")];
    if (random.percent(duplicatePercent)) kinds.push("duplicate");
    if (random.percent(corruptPercent)) kinds.push("corrupted");
    const jitter = () => (jitterMs > 0 ? random.below(jitterMs + 1) : 0);
    await Promise.all(kinds.map((kind) => this.#deliver(event, { kind, delayMs: delayMs + jitter() })));
  }

  /** The chances of the faults, from their seed. */
  random(): Random {
    const { seed } = this.#options.faults();
    if (this.#chance?.seed !== seed) this.#chance = { seed, random: seeded(seed) };
    return this.#chance.random;
  }

  /** Sends an event once more, whatever the faults say, with its own retries. Resolves after the first attempt. */
  async redeliver(event: Stripe.Event): Promise<void> {
    if (this.#webhook === undefined) throw new Error("No webhook is set");
    await this.#deliver(event, { kind: "redelivery", delayMs: 0 });
  }

  /** How many deliveries are neither taken nor given up. */
  get underWay(): number {
    return this.#running;
  }

  /** Resolves once no delivery is in flight and no retry is waiting. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idlers.add(resolve));
  }

  /** Ends everything that is in flight or waiting; what was not delivered stays marked in the state. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#release();
    await this.idle();
  }

  /** Resolves after the first attempt, while the retries go on. */
  #deliver(event: Stripe.Event, manner: Manner): Promise<void> {
    this.#running += 1;
    if (manner.kind !== "corrupted") this.#options.state.undelivered.add(event.id);
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

  async #attemptAll(event: Stripe.Event, { kind, delayMs }: Manner, firstAttemptOver: () => void): Promise<void> {
    const { state, retryDelaysMs } = this.#options;
    if (kind !== "redelivery") await this.#holdBack();
    let pause: number | undefined = delayMs;
    for (let attempt = 1; pause !== undefined; attempt += 1) {
      await this.#wait(pause);
      if (this.#closing.signal.aborted) return;
      const fate = kind === "redelivery" ? "sent" : this.#fate();
      const status = await this.#attempt(event, kind, attempt, fate === "sent");
      if (this.#closing.signal.aborted || kind === "corrupted") return;
      const isDelivered = typeof status === "number" && status >= 200 && status < 300;
      if (isDelivered) event.pending_webhooks = 0;
      firstAttemptOver();
      if (isDelivered || fate === "dropped for good") break;
      pause = retryDelaysMs[attempt - 1];
    }
    state.undelivered.delete(event.id);
    state.save();
  }

  #fate(): "sent" | "lost" | "dropped for good" {
    const { drop, dropPercent } = this.#options.faults();
    if (drop) return "dropped for good";
    return this.random().percent(dropPercent) ? "lost" : "sent";
  }

  /** Waits among others, and goes on in another order than they came. */
  #holdBack(): Promise<void> {
    const { reorder } = this.#options.faults();
    if (reorder === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#held.push(resolve);
      if (this.#held.length >= reorder) this.#release();
      else this.#flush ??= setTimeout(() => this.#release(), REORDER_PAUSE_MS);
    });
  }

  #release(): void {
    clearTimeout(this.#flush);
    this.#flush = undefined;
    const held = this.random().shuffled(this.#held);
    this.#held = [];
    for (const resolve of held) resolve();
  }

  /** Makes one attempt when its turn has come, or notes one that is lost. */
  async #attempt(event: Stripe.Event, kind: Kind, attempt: number, sent: boolean): Promise<Delivery["status"]> {
    if (!sent) {
      this.#note(event, kind, attempt, "dropped", Date.now());
      return "dropped";
    }
    return this.#turns.run(async () => {
      const began = Date.now();
      const status = await this.#post(event, kind);
      this.#note(event, kind, attempt, status, began);
      return status;
    });
  }

  #post(event: Stripe.Event, kind: Kind): Promise<Delivery["status"]> {
    const webhook = this.#webhook;
    if (webhook === undefined) return Promise.resolve("error");
    const body = Buffer.from(JSON.stringify(event));
    const timeout = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS);
    const signal = AbortSignal.any([timeout, this.#closing.signal]);
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "content-length": body.length,
      "stripe-signature": signature(body, webhook.secrets),
      "user-agent": "Stripe/1.0 (local)",
    };
    // after signing, so that the signature is of the intact body
    if (kind === "corrupted") flipByte(body, this.random().below(body.length));
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

  #note(event: Stripe.Event, kind: Kind, attempt: number, status: Delivery["status"], began: number): void {
    this.log.push({ eventId: event.id, type: event.type, kind, attempt, status, ms: Date.now() - began, at: began });
  }
}

function flipByte(body: Buffer, at: number): void {
  body[at] = (body[at] ?? 0) ^ 1;
}

/**
 * The `Stripe-Signature` header of this moment, one `v1` per secret. It uses the real clock even when the
 * sandbox runs on another one, since receivers compare it with theirs.
 */
function signature(body: Buffer, secrets: string[]): string {
  const timestamp = Math.floor(Date.now() / 1000);
  const parts = secrets.map((secret) => {
    return `v1=${createHmac("sha256", secret).update(`${timestamp}.`).update(body).digest("hex")}`;
  });
  return [`t=${timestamp}`, ...parts].join(",");
}
