import { invalidParameter } from "./errors";

const API_MODES = ["off", "500", "hang", "refuse", "lost"] as const;

/** How the API answers while it is down: 500, never, by closing the socket, or by closing it after the effect. */
export type ApiDown = (typeof API_MODES)[number];

/** What goes wrong on purpose. All off by default; changes act on the next delivery or request. */
export interface Faults {
  /** Deliveries are not sent at all and not retried. */
  drop: boolean;
  /** Copies of each delivery, sent in parallel; 1 is normal. */
  duplicate: number;
  /** Each fact is emitted a second time under another event id. */
  secondEventId: boolean;
  /** Pause before the first attempt of each delivery, in ms. */
  delayMs: number;
  apiDown: ApiDown;
  /** Only API paths that start with this are down, such as `/v1/checkout/sessions`; null means all. */
  apiDownPath: string | null;
}

/** Nothing goes wrong. */
export function noFaults(): Faults {
  return { drop: false, duplicate: 1, secondEventId: false, delayMs: 0, apiDown: "off", apiDownPath: null };
}

/** Reads a change of the faults that came over HTTP, as JSON or as text of a form. Throws ApiError 400. */
export function readFaults(body: Record<string, unknown>): Partial<Faults> {
  const change: Partial<Faults> = {};
  if (body.drop !== undefined) change.drop = isOn(body.drop);
  if (body.secondEventId !== undefined) change.secondEventId = isOn(body.secondEventId);
  if (body.duplicate !== undefined) change.duplicate = count("duplicate", body.duplicate, 1, 100);
  if (body.delayMs !== undefined) change.delayMs = count("delayMs", body.delayMs, 0, 600_000);
  if (body.apiDown !== undefined) {
    const mode = API_MODES.find((candidate) => candidate === body.apiDown);
    if (mode === undefined) throw invalidParameter("apiDown", `apiDown must be one of ${API_MODES.join(", ")}`);
    change.apiDown = mode;
  }
  if (body.apiDownPath !== undefined) {
    change.apiDownPath = typeof body.apiDownPath === "string" && body.apiDownPath !== "" ? body.apiDownPath : null;
  }
  return change;
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
