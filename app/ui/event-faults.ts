import type { EventFaultCode } from "~/billing/event-faults";
import { formatMoney } from "./format";

const OTHERWISE = "stimmt nicht mit der Bestellung überein";

const TITLE: Record<EventFaultCode, string> = {
  AMOUNT_MISMATCH: `Betrag ${OTHERWISE}`,
  CURRENCY_MISMATCH: `Währung ${OTHERWISE}`,
  TENANT_MISMATCH: `Konto ${OTHERWISE}`,
  SESSION_MISMATCH: `Sitzung ${OTHERWISE}`,
  PRICE_MISMATCH: `Preis ${OTHERWISE}`,
  PAYMENT_NOT_PROVEN: "Zahlung ist nicht belegt",
  PAYLOAD_GARBLED: "Inhalt ist nicht lesbar",
  ORDER_UNKNOWN: "Bestellung ist noch unbekannt",
  PAYMENT_PENDING: "Rückerstattung vor der Zahlung eingetroffen",
  STRIPE_UNAVAILABLE: "Stripe war nicht erreichbar",
  DATABASE_BUSY: "Datenbank war gesperrt",
  UNEXPECTED: "Unerwarteter Fehler",
};

/** Where in the payload the received value stands. */
const FAULTY_KEYS: Partial<Record<EventFaultCode, string[]>> = {
  AMOUNT_MISMATCH: ["amount_subtotal", "amount_total"],
  CURRENCY_MISMATCH: ["currency"],
  TENANT_MISMATCH: ["tenantId"],
  SESSION_MISMATCH: ["id", "client_reference_id"],
  PRICE_MISMATCH: ["skuId", "id"],
  PAYMENT_NOT_PROVEN: ["payment_status"],
};

/** A fault as it is said: what, expected and received, and where in the payload the received value stands. */
export interface FaultWords {
  title: string;
  /** "Erwartet CHF 290.00, erhalten CHF 190.00."; empty where there is nothing to compare. */
  values: string;
  faulty: { keys: string[]; value: string } | null;
}

/** Words for a stored fault (`EventFault.message`). Run by the loader. Texts of others, which may hold anything, are not repeated. */
export function faultWords(message: string, currency: string | null): FaultWords {
  const [, name = "", detail = ""] = /^([A-Z_]+)(?:: ([\s\S]*))?$/.exec(message) ?? [];
  const code = Object.hasOwn(TITLE, name) ? (name as EventFaultCode) : "UNEXPECTED";
  const title = TITLE[code];
  const compared = /^expected ([\s\S]*), received ([\s\S]*)$/.exec(detail);
  if (compared) {
    const [expected = "", received = ""] = compared.slice(1);
    const say = (value: string) => valueWords(value, code === "AMOUNT_MISMATCH" ? currency : null);
    const keys = FAULTY_KEYS[code];
    return {
      title,
      values: `Erwartet ${say(expected)}, erhalten ${say(received)}.`,
      faulty: keys ? { keys, value: received.toLowerCase() } : null,
    };
  }
  const values =
    code === "ORDER_UNKNOWN" && isPlain(detail)
      ? `Genannt ist die Bestellung ${detail}.`
      : code === "UNEXPECTED"
        ? "Die technische Meldung steht im Protokoll des Servers."
        : "";
  return { title, values, faulty: null };
}

function valueWords(value: string, currency: string | null): string {
  if (value === "null" || value === "undefined" || value === "") return "keine Angabe";
  if (currency && /^-?\d{1,15}$/.test(value)) return formatMoney(Number(value), currency);
  return isPlain(value) ? value : "einen Wert, der hier nicht gezeigt wird";
}

/** An id, a currency, a state: nothing that names a person. */
function isPlain(text: string): boolean {
  return /^[\w.-]{1,100}$/.test(text);
}
