import { ApiError, invalidParameter } from "./errors";
import type { ParamTree } from "./form";

type ParamObject = { [name: string]: ParamTree };

/** A filter on a time: an exact second, or bounds in Unix seconds. */
export interface TimeFilter {
  gt?: number;
  gte?: number;
  lt?: number;
  lte?: number;
}

/**
 * Reads the parameters of one request and remembers which were read, so that `finish` can refuse the rest as
 * Stripe does. All readers throw ApiError 400 with the parameter's bracketed name.
 */
export class Params {
  readonly #tree: ParamObject;
  readonly #prefix: string;
  readonly #read = new Set<string>();
  readonly #children: Params[] = [];

  constructor(tree: ParamObject, prefix = "") {
    this.#tree = tree;
    this.#prefix = prefix;
  }

  /** Refuses parameters that nobody read: 400 `parameter_unknown`. Call it before the first effect. */
  finish(): void {
    const unknown = this.#unknown();
    const first = unknown[0];
    if (first === undefined) return;
    const label = unknown.length === 1 ? "parameter" : "parameters";
    throw invalidParameter(first, `Received unknown ${label}: ${unknown.join(", ")}`, "parameter_unknown");
  }

  /** The bracketed name under which the caller sent a parameter. */
  name(key: string): string {
    return this.#prefix === "" ? key : `${this.#prefix}[${key}]`;
  }

  has(key: string): boolean {
    return this.#tree[key] !== undefined;
  }

  text(key: string, maxLength = 5000): string | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw invalidParameter(this.name(key), `Invalid string: ${this.name(key)}`);
    if (value === "") {
      const message = `You passed an empty string for '${this.name(key)}'. Remove it from the request or supply a non-empty value.`;
      throw invalidParameter(this.name(key), message, "parameter_invalid_empty");
    }
    if (value.length > maxLength) {
      throw invalidParameter(
        this.name(key),
        `Invalid string: ${this.name(key)} must be at most ${maxLength} characters`,
      );
    }
    return value;
  }

  /** Like `text`, but an empty value is a wish to clear the field: null. */
  clearable(key: string, maxLength?: number): string | null | undefined {
    if (this.#tree[key] !== "") return this.text(key, maxLength);
    this.#take(key);
    return null;
  }

  requiredText(key: string): string {
    const value = this.text(key);
    if (value === undefined) throw this.#missing(key);
    return value;
  }

  /** One of a closed list of words; the type of the result is that list. */
  oneOf<const Value extends string>(key: string, values: readonly Value[]): Value | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) {
      throw invalidParameter(this.name(key), `Invalid ${this.name(key)}: must be one of ${values.join(", ")}`);
    }
    return value;
  }

  integer(key: string): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(text)) {
      throw invalidParameter(this.name(key), `Invalid integer: ${text}`, "parameter_invalid_integer");
    }
    return Number(text);
  }

  boolean(key: string): boolean | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    if (text !== "true" && text !== "false") throw invalidParameter(this.name(key), `Invalid boolean: ${text}`);
    return text === "true";
  }

  /** An absolute http(s) address. */
  address(key: string): string | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    if (!/^https?:\/\/[^/\s]/.test(text)) {
      throw invalidParameter(this.name(key), "Not a valid URL", "url_invalid");
    }
    return text;
  }

  object(key: string): Params | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === "string" || Array.isArray(value)) {
      throw invalidParameter(this.name(key), `Invalid object: ${this.name(key)}`);
    }
    return this.#child(value, this.name(key));
  }

  list(key: string): Params[] {
    const value = this.#take(key);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw invalidParameter(this.name(key), `Invalid array: ${this.name(key)}`);
    return value.map((item, index) => {
      const name = `${this.name(key)}[${index}]`;
      if (typeof item === "string" || Array.isArray(item)) throw invalidParameter(name, `Invalid object: ${name}`);
      return this.#child(item, name);
    });
  }

  strings(key: string): string[] {
    const value = this.#take(key);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw invalidParameter(this.name(key), `Invalid array: ${this.name(key)}`);
    return value.map((item, index) => {
      if (typeof item !== "string") throw invalidParameter(`${this.name(key)}[${index}]`, "Invalid string");
      return item;
    });
  }

  /** Metadata within Stripe's limits: 50 keys of 40 characters, values of 500. An empty value removes its key. */
  metadata(key = "metadata"): Record<string, string> | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === "string" || Array.isArray(value)) {
      throw invalidParameter(this.name(key), `Invalid object: ${this.name(key)}`);
    }
    const metadata: Record<string, string> = {};
    for (const [name, text] of Object.entries(value)) {
      const param = `${this.name(key)}[${name}]`;
      if (typeof text !== "string") throw invalidParameter(param, "Metadata values must be strings");
      if (name.length > 40) throw invalidParameter(param, "Metadata keys can be at most 40 characters");
      if (text.length > 500) throw invalidParameter(param, "Metadata values can have up to 500 characters");
      metadata[name] = text;
    }
    if (Object.keys(metadata).length > 50) throw invalidParameter(this.name(key), "Metadata can have up to 50 keys");
    return metadata;
  }

  /** `created=…` or `created[gte]=…`, in Unix seconds. */
  time(key: string): TimeFilter | undefined {
    if (typeof this.#tree[key] === "string") {
      const exact = this.integer(key);
      return { gte: exact, lte: exact };
    }
    const bounds = this.object(key);
    if (bounds === undefined) return undefined;
    return {
      gt: bounds.integer("gt"),
      gte: bounds.integer("gte"),
      lt: bounds.integer("lt"),
      lte: bounds.integer("lte"),
    };
  }

  #take(key: string): ParamTree | undefined {
    this.#read.add(key);
    return this.#tree[key];
  }

  #child(tree: ParamObject, prefix: string): Params {
    const child = new Params(tree, prefix);
    this.#children.push(child);
    return child;
  }

  #missing(key: string): ApiError {
    const param = this.name(key);
    return new ApiError(400, `Missing required param: ${param}.`, { code: "parameter_missing", param });
  }

  #unknown(): string[] {
    const own = Object.keys(this.#tree).filter((key) => !this.#read.has(key));
    return [...own.map((key) => this.name(key)), ...this.#children.flatMap((child) => child.#unknown())];
  }
}

/** Metadata after an update: an empty value removes its key, everything else is merged. */
export function mergeMetadata(
  old: Record<string, string>,
  change: Record<string, string> = {},
): Record<string, string> {
  return Object.fromEntries(Object.entries({ ...old, ...change }).filter(([, value]) => value !== ""));
}

/** Whether a time in Unix seconds lies within the bounds of a filter. */
export function withinTime(seconds: number, { gt, gte, lt, lte }: TimeFilter = {}): boolean {
  if (gt !== undefined && seconds <= gt) return false;
  if (gte !== undefined && seconds < gte) return false;
  if (lt !== undefined && seconds >= lt) return false;
  return lte === undefined || seconds <= lte;
}
