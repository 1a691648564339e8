import type { CheckoutNotice } from "~/billing/checkout-notice.server";
import { formatLastDay, formatPack } from "./format";
import type { ToastContent } from "./toast";
import { CREDIT_NAME } from "./words.de";

/** What the overview says to a buyer who has come back. Chosen by the server, so that pages load less script. */
export function checkoutToast(notice: CheckoutNotice | null): ToastContent | null {
  switch (notice?.kind) {
    case undefined:
      return null;
    case "booked": {
      const packs = notice.credits.map(({ type, quantity }) => formatPack(quantity, CREDIT_NAME[type]));
      const single = notice.credits.length === 1 && notice.credits[0]?.quantity === 1;
      const text = `${packs.join(", ")} ${single ? "ist" : "sind"} gutgeschrieben, gültig bis und mit ${formatLastDay(notice.expiresAt)}.`;
      return { tone: "positive", title: "Zahlung erhalten", text };
    }
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
