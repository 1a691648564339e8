import type { CheckoutNotice } from "~/billing/checkout-notice.server";
import { grantedSentence } from "./spending-words";
import type { ToastContent } from "./toast";

/** What the overview says to a buyer who has come back. Chosen by the server, so that pages load less script. */
export function checkoutToast(notice: CheckoutNotice | null): ToastContent | null {
  switch (notice?.kind) {
    case undefined:
      return null;
    case "booked":
      return {
        tone: "positive",
        title: "Zahlung erhalten",
        text: grantedSentence(notice.credits, notice.expiresAt),
        action: toOrder(notice.orderId),
      };
    case "processing":
      return {
        tone: "info",
        title: "Zahlung wird verarbeitet",
        text: "Ihr Guthaben erscheint hier, sobald die Zahlung bestätigt ist. Das kann bei manchen Zahlungsarten einige Tage dauern.",
        action: { label: "Status aktualisieren", to: "reload" },
      };
    case "review":
      return {
        tone: "notice",
        title: "Zahlung erhalten, wird geprüft",
        text: "Bei dieser Bestellung stimmt etwas nicht überein. Wir prüfen sie, Sie müssen nichts tun.",
        action: toOrder(notice.orderId),
      };
    case "cancelled":
      return {
        tone: "neutral",
        title: "Kauf abgebrochen",
        text: "Solange Sie nicht bezahlen, wird nichts belastet.",
        action: { label: "Zu den Paketen", to: "/admin/billing/packages" },
      };
    case "failed":
      return {
        tone: "danger",
        title: "Fehlgeschlagen",
        text: "Die Zahlung ist fehlgeschlagen. Es wurde nichts belastet.",
        action: { label: "Zu den Paketen", to: "/admin/billing/packages" },
      };
    case "expired":
      return {
        tone: "neutral",
        title: "Abgelaufen",
        text: "Die Zahlungsseite ist abgelaufen. Es wurde nichts belastet.",
        action: { label: "Zu den Paketen", to: "/admin/billing/packages" },
      };
  }
}

function toOrder(id: string): { label: string; to: `/${string}` } {
  return { label: "Bestellung ansehen", to: `/admin/billing/orders/${encodeURIComponent(id)}` };
}
