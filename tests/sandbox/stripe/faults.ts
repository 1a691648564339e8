import { invalidParameter } from "./errors";

const API_MODES = ["off", "500", "404", "hang", "refuse", "lost"] as const;

/**
 * How the API answers while it is down: 500, 404 without the `error` that Stripe's own refusals carry (a proxy on the way
 * says that), never, by closing the socket, or by closing it after the effect.
 */
export type ApiDown = (typeof API_MODES)[number];

/** What goes wrong on purpose. All off by default; changes act on the next delivery or request. */
export interface Faults {
  /** Where the chances below begin. Setting another one starts them anew; the same deliveries meet the same fate. */
  seed: number;
  /** Deliveries are not sent at all and not retried. */
  drop: boolean;
  /** So many of a hundred attempts are lost on the way: not made, and retried as after any failure. */
  dropPercent: number;
  /** Copies of each delivery, sent in parallel; 1 is normal. */
  duplicate: number;
  /** So many of a hundred deliveries are followed by one copy more. */
  duplicatePercent: number;
  /** So many of a hundred deliveries get an extra copy with one byte flipped after signing; it is never retried. */
  corruptPercent: number;
  /** Each fact is emitted a second time under another event id. */
  secondEventId: boolean;
  /** So many of a hundred facts are. */
  secondEventIdPercent: number;
  /** Up to so many deliveries are held back and then sent in another order; after a short pause the rest goes out. */
  reorder: number;
  /** Pause before the first attempt of each delivery, in ms. */
  delayMs: number;
  /** Up to so many ms more, by chance. */
  jitterMs: number;
  /** Events say that they are of real money. */
  livemode: boolean;
  /** Events are of this older API version, and their charges, refunds and disputes name no payment intent; null is today's. */
  apiVersion: string | null;
  apiDown: ApiDown;
  /** Only API paths that start with this are down or slow, such as `/v1/checkout/sessions`; null means all. */
  apiDownPath: string | null;
  /** Pause before each API call is carried out and answered, in ms; also when the caller has hung up meanwhile. */
  apiDelayMs: number;
}

/** Nothing goes wrong. */
export function noFaults(): Faults {
  return {
    seed: 1,
    drop: false,
    dropPercent: 0,
    duplicate: 1,
    duplicatePercent: 0,
    corruptPercent: 0,
    secondEventId: false,
    secondEventIdPercent: 0,
    reorder: 0,
    delayMs: 0,
    jitterMs: 0,
    livemode: false,
    apiVersion: null,
    apiDown: "off",
    apiDownPath: null,
    apiDelayMs: 0,
  };
}

const SWITCHES = ["drop", "secondEventId", "livemode"] as const;
const TEXTS = ["apiVersion", "apiDownPath"] as const;
/** The least and the most of every count. */
const COUNTS = {
  seed: [0, 4_294_967_295],
  dropPercent: [0, 100],
  duplicate: [1, 100],
  duplicatePercent: [0, 100],
  corruptPercent: [0, 100],
  secondEventIdPercent: [0, 100],
  reorder: [0, 10_000],
  delayMs: [0, 600_000],
  jitterMs: [0, 600_000],
  apiDelayMs: [0, 600_000],
} as const;

/** Reads a change of the faults that came over HTTP, as JSON or as text of a form. Throws ApiError 400. */
export function readFaults(body: Record<string, unknown>): Partial<Faults> {
  const change: Partial<Faults> = {};
  for (const name of SWITCHES) if (body[name] !== undefined) change[name] = isOn(body[name]);
  for (const name of TEXTS) {
    const value = body[name];
    if (value !== undefined) change[name] = typeof value === "string" && value !== "" ? value : null;
  }
  for (const [name, [least, most]] of Object.entries(COUNTS)) {
    if (body[name] !== undefined) change[name as keyof typeof COUNTS] = count(name, body[name], least, most);
  }
  if (body.apiDown !== undefined) {
    const mode = API_MODES.find((candidate) => candidate === body.apiDown);
    if (mode === undefined) throw invalidParameter("apiDown", `apiDown must be one of ${API_MODES.join(", ")}`);
    change.apiDown = mode;
  }
  return change;
}

/** Whether the API's trouble, its being down or slow, concerns this path. */
export function concernsPath(faults: Faults, path: string): boolean {
  return path.startsWith(faults.apiDownPath ?? "/");
}

function isOn(value: unknown): boolean {
  return value === true || value === "true" || value === "on";
}

function count(name: string, value: unknown, least: number, most: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw invalidParameter(name, `${name} must be a whole number from ${least} to ${most}`);
  }
  return number;
}
