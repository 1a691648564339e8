import { APP_MARK } from "~/stripe/session.server";

/** How much of a payload is shown, in characters, and how deep. */
const SHOWN_CHARACTERS = 64 * 1024;
const SHOWN_DEPTH = 20;

/** What stands where something is hidden. */
export const HIDDEN = "•••";

/**
 * A payload without personal data. `json`: indented, always valid JSON. `isCut`: the rest is left out. Null: the payload is no JSON, so
 * that nothing of it can be shown.
 */
export interface MaskedPayload {
  json: string;
  isCut: boolean;
}

/**
 * Masks a stored payload for display. What is shown is listed here, and everything else is hidden, so that a field that Stripe adds
 * tomorrow is not shown by accident: ids, amounts, currency, states and our own metadata stay; names, addresses, numbers of
 * cards, links and free text do not.
 */
export function maskPayload(payload: string): MaskedPayload | null {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const budget = { left: SHOWN_CHARACTERS, isCut: false };
  const json = JSON.stringify(mask(value, { key: "", depth: 0, isOurs: false, isPersonal: false }, budget), null, 2);
  return { json, isCut: budget.isCut };
}

interface Place {
  key: string;
  depth: number;
  /** Inside metadata that this product has written. */
  isOurs: boolean;
  /** Inside a part that describes a person: no text and no number of it is shown. */
  isPersonal: boolean;
}

interface Budget {
  left: number;
  isCut: boolean;
}

/** Parts that describe a person or a card, whatever they hold. */
const PERSONAL_PARTS =
  /^(.*_details|.*address.*|shipping.*|evidence|.*owner.*|.*name|email|.*email.*|.*phone.*|custom_fields|custom_text|fraud_details|payment_method_options|card|sepa_debit|three_d_secure|wallet|tax_ids?|ip.*|.*_ip|metadata|personal.*|individual|dob|location|geo.*)$/i;

/** Those of them whose figures say nothing about a person, and whose texts are judged one by one. */
const HARMLESS_PARTS = new Set([
  "total_details",
  "payment_method_details",
  "evidence_details",
  "fee_details",
  "invoice_details",
]);

/** Numbers that describe a card or a person. */
const PERSONAL_NUMBERS = /^(exp_|last|.*(phone|postal|zip|year|month|dob|latitude|longitude|iin|pan|cvc))/i;

/** Texts that are words of Stripe's own. */
const PLAIN_KEYS = new Set([
  ..."object type api_version status currency mode payment_status reason network_status risk_level balance_type brand funding".split(
    " ",
  ),
  ..."network case_type network_reason_code failure_code decline_code code capture_method confirmation_method ui_mode".split(
    " ",
  ),
  ..."billing_scheme tax_behavior interval usage_type locale reporting_category payment_method_types submit_type".split(
    " ",
  ),
  ..."customer_creation billing_reason collection_method tax_exempt refund_status issuer_decision".split(" "),
  ..."payment_method_collection billing_address_collection origin_context setup_future_usage pricing_type".split(" "),
]);
const PLAIN_WORD = /^[a-z0-9][a-z0-9_.:-]{0,60}$/;

/** An id of Stripe's, by its prefix. No secret: those go on after the id. Only prices have ids that people choose. */
const STRIPE_ID =
  /^(?:(?:evt|cs|pi|ch|py|pyr|re|du|dp|cus|prod|price|in|il|li|sub|si|pm|txn|seti|acct|req|src)_(?:(?:test|live)_)?[A-Za-z0-9]{6,255}|price_[a-z0-9_]{1,100})$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What this product writes into the metadata of what it makes at Stripe. */
const OUR_METADATA = new Set(["app", "orderId", "tenantId", "skuId", "userId"]);
const OUR_ID = /^[\w-]{1,100}$/;

function mask(value: unknown, place: Place, budget: Budget): unknown {
  if (budget.left <= 0) {
    budget.isCut = true;
    return "…";
  }
  if (Array.isArray(value) || (typeof value === "object" && value !== null)) {
    if (place.depth >= SHOWN_DEPTH) {
      budget.isCut = true;
      return "…";
    }
    return Array.isArray(value) ? maskList(value, place, budget) : maskObject(value, place, budget);
  }
  const shown = maskScalar(value, place);
  budget.left -= String(shown).length + place.key.length + 2 * place.depth + 6;
  return shown;
}

function maskList(list: unknown[], place: Place, budget: Budget): unknown[] {
  const shown: unknown[] = [];
  budget.left -= 2 * place.depth + place.key.length + 6;
  for (const item of list) {
    if (budget.left <= 0) {
      budget.isCut = true;
      break;
    }
    shown.push(mask(item, { ...place, depth: place.depth + 1 }, budget));
  }
  return shown;
}

function maskObject(object: object, place: Place, budget: Budget): unknown {
  const isOurs = place.key === "metadata" && (object as { app?: unknown }).app === APP_MARK;
  const isPersonal = (place.isPersonal || PERSONAL_PARTS.test(place.key)) && !isOurs && !HARMLESS_PARTS.has(place.key);
  const ownOrder = (object as { metadata?: { app?: unknown } | null }).metadata?.app === APP_MARK;
  const entries: Array<[string, unknown]> = [];
  budget.left -= 2 * place.depth + place.key.length + 6;
  for (const key in object) {
    if (!Object.hasOwn(object, key)) continue;
    if (budget.left <= 0) {
      budget.isCut = true;
      break;
    }
    const inside = {
      key,
      depth: place.depth + 1,
      isOurs: isOurs || (key === "client_reference_id" && ownOrder),
      isPersonal,
    };
    // A key may be anything, too.
    const isPlain = /^[a-zA-Z_][\w-]{0,60}$/.test(key) && !(isPersonal && !/^[a-z_0-9]+$/.test(key));
    entries.push([
      isPlain ? key : `${HIDDEN} ${entries.length + 1}`,
      mask((object as Record<string, unknown>)[key], inside, budget),
    ]);
  }
  return Object.fromEntries(entries);
}

function maskScalar(value: unknown, place: Place): unknown {
  if (value === null || typeof value === "boolean" || value === "") return value;
  if (typeof value === "number") {
    const isShown = Number.isFinite(value) && !place.isPersonal && !PERSONAL_NUMBERS.test(place.key);
    return isShown ? value : HIDDEN;
  }
  return typeof value === "string" && isShown(value, place) ? value : HIDDEN;
}

function isShown(text: string, { key, depth, isOurs, isPersonal }: Place): boolean {
  // The event's own id, which is our key for it.
  if (key === "id" && depth === 1) return /^[\w-]{1,255}$/.test(text);
  if (isOurs) return (OUR_METADATA.has(key) || key === "client_reference_id") && OUR_ID.test(text);
  if (isPersonal) return key === "brand" && PLAIN_WORD.test(text);
  if (STRIPE_ID.test(text)) return true;
  if (key === "client_reference_id" || key === "idempotency_key") return UUID.test(text);
  return PLAIN_KEYS.has(key) && PLAIN_WORD.test(text);
}
