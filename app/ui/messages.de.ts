import type { ErrorCode, ErrorDetails } from "~/errors";

/** Every sentence that a code chooses. The first sentence is the title of a toast. */
const ERROR_SENTENCES: Record<ErrorCode, string> = {
  BAD_JSON: "Die Anfrage war unlesbar. Senden Sie gültiges JSON.",
  INVALID_BODY: "Einige Angaben fehlen oder stimmen nicht. Prüfen Sie die markierten Felder.",
  INVALID_QUERY: "Der Filter stimmt nicht. Prüfen Sie die Werte oder setzen Sie ihn zurück.",
  INVALID_CODE: "Dieser Code ist nicht gültig. Prüfen Sie die Schreibweise.",
  CODE_EXPIRED: "Dieser Code ist abgelaufen. Fragen Sie nach einem neuen.",
  CODE_LIMIT_REACHED: "Dieser Code ist aufgebraucht. Fragen Sie nach einem neuen.",
  CODE_ALREADY_REDEEMED: "Ihr Konto hat diesen Code schon eingelöst. Die Credits finden Sie im Kontoauszug.",
  STRIPE_SIGNATURE_MISSING: "Die Signatur von Stripe fehlt. Die Meldung wurde nicht angenommen.",
  STRIPE_SIGNATURE_INVALID: "Die Signatur von Stripe stimmt nicht. Prüfen Sie das Webhook-Geheimnis.",
  UNAUTHORIZED: "Sie sind nicht angemeldet. Melden Sie sich an.",
  INVALID_CREDENTIALS: "E-Mail oder Passwort stimmt nicht.",
  INVALID_API_KEY: "Der Schlüssel dieses Geräts gilt nicht. Erfassen Sie das Gerät neu.",
  PAYMENT_REQUIRED: "Ihr Konto hat keine gültige Lizenz. Aktivieren Sie eine Lizenz oder kaufen Sie ein Paket.",
  DEVICE_LIMIT_REACHED: "Alle Slots sind belegt. Sperren Sie ein Gerät oder fügen Sie einen Slot hinzu.",
  FORBIDDEN: "Dafür fehlt Ihnen die Berechtigung. Wenden Sie sich an die Person, die Ihr Konto verwaltet.",
  NOT_FOUND: "Das gibt es nicht oder nicht mehr. Laden Sie die Seite neu.",
  METHOD_NOT_ALLOWED: "Diese Adresse kennt den Vorgang nicht. Kehren Sie zur vorigen Seite zurück.",
  BODY_TOO_LARGE: "Die Eingabe ist zu gross. Kürzen Sie sie und senden Sie sie nochmals.",
  UNSUPPORTED_MEDIA_TYPE: "Dieses Format wird nicht angenommen. Senden Sie JSON.",
  NO_CREDITS: "Dafür ist kein Guthaben da. Kaufen Sie ein Paket oder lösen Sie einen Code ein.",
  CREDITS_EXPIRED: "Ihre Credits sind verfallen. Kaufen Sie ein neues Paket.",
  CREDITS_ON_HOLD: "Ihre Credits sind gesperrt, weil eine Zahlung angefochten ist. Sie werden nach dem Entscheid frei.",
  INVALID_STATE: "Das geht im jetzigen Zustand nicht mehr. Laden Sie die Seite neu und prüfen Sie den Stand.",
  IDEMPOTENCY_CONFLICT:
    "Diese Anfrage gehört zu einem anderen Kauf. Laden Sie die Seite neu und wählen Sie das Paket nochmals.",
  SKU_NOT_SALEABLE: "Dieses Paket ist zurzeit nicht erhältlich. Es wurde nichts belastet. Wählen Sie ein anderes.",
  RATE_LIMITED: "Zu viele Versuche. Warten Sie einige Minuten und versuchen Sie es nochmals.",
  INTERNAL: "Das hat nicht geklappt. Der Fehler liegt bei uns. Versuchen Sie es nochmals.",
  STRIPE_UNAVAILABLE:
    "Stripe ist gerade nicht erreichbar. Es wurde nichts belastet. Versuchen Sie es in ein paar Minuten nochmals.",
  TEMPORARILY_UNAVAILABLE: "Gerade nicht erreichbar. Versuchen Sie es in einer Minute nochmals.",
};

/** Codes whose message is followed by the trace id, because somebody may have to look into it. */
const TRACED: ReadonlySet<ErrorCode> = new Set([
  "INTERNAL",
  "STRIPE_UNAVAILABLE",
  "TEMPORARILY_UNAVAILABLE",
  "INVALID_STATE",
]);

/** What to tell a person about an error. The wait of RATE_LIMITED is in minutes, rounded up. */
export function errorMessage(code: ErrorCode, details: ErrorDetails = {}): string {
  const seconds = details.retryAfterSeconds;
  if (code === "RATE_LIMITED" && seconds) {
    const minutes = Math.ceil(seconds / 60);
    const wait = minutes === 1 ? "1 Minute" : `${minutes} Minuten`;
    return `Zu viele Versuche. Warten Sie ${wait} und versuchen Sie es nochmals.`;
  }
  return ERROR_SENTENCES[code];
}

/** Where to go on after some refusals. */
const WAYS_ON: Partial<Record<ErrorCode, { label: string; to: `/${string}` }>> = {
  NO_CREDITS: { label: "Pakete ansehen", to: "/admin/billing/packages" },
  CREDITS_EXPIRED: { label: "Pakete ansehen", to: "/admin/billing/packages" },
  CREDITS_ON_HOLD: { label: "Bestellung ansehen", to: "/admin/billing/orders" },
  PAYMENT_REQUIRED: { label: "Zur Übersicht", to: "/admin/billing" },
};

/** A refusal as a toast says it. */
export interface ErrorToast {
  title: string;
  text: string;
  action?: { label: string; to: `/${string}` };
}

/** The message as the title and the text of a toast, with the way on where there is one. */
export function errorToast(code: ErrorCode, details: ErrorDetails, traceId: string): ErrorToast {
  const message = errorMessage(code, details);
  const end = message.indexOf(". ");
  const [title, text] = end < 0 ? [message, ""] : [message.slice(0, end), message.slice(end + 2)];
  const toast: ErrorToast = { title, text: TRACED.has(code) ? `${text} Trace-ID ${traceId}`.trim() : text };
  const action = WAYS_ON[code];
  return action ? { ...toast, action } : toast;
}

/** Every sentence of this file, for the test that reads them all. */
export const ALL_SENTENCES: readonly string[] = Object.values(ERROR_SENTENCES);
