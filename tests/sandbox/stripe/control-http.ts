import type { IncomingMessage, ServerResponse } from "node:http";
import type { Control } from "./control";
import { ApiError, invalidParameter, StateError } from "./errors";
import { readFaults } from "./faults";
import { html, redirect, sendPage } from "./html";
import type { PriceChange, PriceSeed } from "./prices";

type Body = Record<string, unknown>;

/** `POST /_control/<name>`: JSON in, `{"result":…}` or `{"error":…}` out; a form is sent back to the page. */
export async function answerControl(
  control: Control,
  request: IncomingMessage,
  { name, body }: { name: string; body: string },
  response: ServerResponse,
): Promise<void> {
  const isForm = (request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  try {
    if (request.headers["sec-fetch-site"] === "cross-site")
      throw new ApiError(403, "Only pages served here may steer.");
    const result = await run(control, name, isForm ? Object.fromEntries(new URLSearchParams(body)) : parseJson(body));
    if (isForm) return redirect(response, "/_control");
    sendJson(response, 200, { result: result ?? null });
  } catch (error) {
    if (isForm) return sendRefusal(response, error);
    if (error instanceof ApiError) return sendJson(response, error.status, error.body());
    const status = error instanceof StateError ? 409 : 400;
    const message = error instanceof Error ? error.message : String(error);
    sendJson(response, status, new ApiError(status, message).body());
  }
}

/** A person who pressed a button of an outdated page gets words and a way back instead of JSON. */
function sendRefusal(response: ServerResponse, error: unknown): void {
  const status = error instanceof ApiError ? error.status : error instanceof StateError ? 409 : 400;
  const main = html`<main class="ending"><h1>Das geht so nicht.</h1>
<p>Die Angabe passt nicht zum Stand der Zahlung. Die Steuerung zeigt, was jetzt möglich ist.</p>
<a class="btn btn-secondary" href="/_control">Zur Steuerung</a></main>`;
  sendPage(response, { status, title: "Nicht möglich", main });
}

async function run(control: Control, name: string, body: Body): Promise<unknown> {
  switch (name) {
    case "pay":
    case "payLater":
    case "settle":
    case "fail":
    case "decline":
    case "expire":
      return control[name](text(body, "sessionId"));
    case "refund":
      return control.refund(text(body, "sessionId"), {
        amount: amountOf(body),
        pending: isOn(body, "pending"),
        requiresAction: isOn(body, "requiresAction"),
      });
    case "settleRefund":
    case "failRefund":
      return control[name](text(body, "refundId"));
    case "dispute":
      return control.dispute(text(body, "sessionId"), { amount: amountOf(body), inquiry: isOn(body, "inquiry") });
    case "escalateDispute":
    case "closeInquiry":
    case "winDispute":
    case "loseDispute":
      return control[name](text(body, "disputeId"));
    case "setDisputeStatus":
      return control.setDisputeStatus(text(body, "disputeId"), text(body, "status"));
    case "setWebhook":
      return control.setWebhook({ url: text(body, "url"), secrets: texts(body, "secrets") });
    case "setFaults":
      return control.setFaults(readFaults(body));
    case "redeliver":
      return control.redeliver(text(body, "eventId"));
    case "createPrice":
      return control.createPrice(readSeed(body));
    case "updatePrice":
      return control.updatePrice(text(body, "id"), readChange(body));
    case "faults":
    case "events":
    case "deliveries":
    case "requests":
    case "idle":
      return control[name]();
    default:
      throw new ApiError(404, `There is no control named ${name}.`);
  }
}

function readSeed(body: Body): PriceSeed {
  return {
    id: optional(body, "id", "string"),
    productName: text(body, "productName"),
    unitAmount: minorUnits(body, "unitAmount") ?? 0,
    currency: text(body, "currency"),
    active: optional(body, "active", "boolean"),
    recurring: optional(body, "recurring", "boolean"),
  };
}

function readChange(body: Body): PriceChange {
  return {
    active: optional(body, "active", "boolean"),
    productName: optional(body, "productName", "string"),
    productActive: optional(body, "productActive", "boolean"),
    unitAmount: minorUnits(body, "unitAmount"),
    currency: optional(body, "currency", "string"),
  };
}

function text(body: Body, name: string): string {
  const value = optional(body, name, "string");
  if (value === undefined || value === "") throw invalidParameter(name, `${name} is missing`, "parameter_missing");
  return value;
}

function texts(body: Body, name: string): string[] {
  const value = body[name];
  const list: unknown[] = Array.isArray(value) ? value : [];
  const strings = list.filter((item) => typeof item === "string");
  if (strings.length === 0 || strings.length < list.length) throw invalidParameter(name, `${name} must be strings`);
  return strings;
}

function minorUnits(body: Body, name: string): number | undefined {
  const value = optional(body, name, "number");
  if (value !== undefined && (!Number.isInteger(value) || value < 0)) {
    throw invalidParameter(name, `${name} must be a whole number of minor units`);
  }
  return value;
}

/** JSON brings whole minor units; a form brings what a person typed in the major unit, or nothing for all. */
function amountOf(body: Body): number | undefined {
  const { amount } = body;
  if (typeof amount !== "string") return minorUnits(body, "amount");
  if (amount.trim() === "") return undefined;
  const [, whole, decimals = ""] = /^(\d{1,9})(?:[.,](\d{1,2}))?$/.exec(amount.trim()) ?? [];
  if (whole === undefined) throw invalidParameter("amount", "amount must be a number with at most two decimals");
  return Number(whole + decimals.padEnd(2, "0"));
}

/** A checkbox or a button of a form says «on». */
function isOn(body: Body, name: string): boolean {
  return body[name] === "on" || (optional(body, name, "boolean") ?? false);
}

interface Kinds {
  string: string;
  number: number;
  boolean: boolean;
}

function optional<Kind extends keyof Kinds>(body: Body, name: string, kind: Kind): Kinds[Kind] | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (isKind(value, kind)) return value;
  throw invalidParameter(name, `${name} must be a ${kind}`);
}

function isKind<Kind extends keyof Kinds>(value: unknown, kind: Kind): value is Kinds[Kind] {
  return typeof value === kind;
}

function parseJson(body: string): Body {
  const value: unknown = body.trim() === "" ? {} : JSON.parse(body);
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new Error("The body must be an object");
  return { ...value };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
