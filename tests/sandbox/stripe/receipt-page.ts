import type { ServerResponse } from "node:http";
import { formatMoney, html, sendPage } from "./html";
import type { Local } from "./local";
import { taxIdsOf } from "./tax-ids";

/** `GET /receipts/:chargeId`: what `receipt_url` of a paid charge points at. */
export function answerReceipt(local: Local, chargeId: string, response: ServerResponse): void {
  const charge = local.state.charges.get(chargeId);
  if (charge === undefined || !charge.paid) {
    const main = html`<main class="ending"><h1>Diesen Beleg gibt es nicht.</h1><p>Prüfen Sie die Adresse.</p></main>`;
    sendPage(response, { status: 404, title: "Nicht gefunden", main });
    return;
  }
  const paidAt = new Date(charge.created * 1000);
  const date = paidAt.toLocaleDateString("de-CH", {
    timeZone: "Europe/Zurich",
    day: "2-digit",
    month: "2-digit",
    year: "numeric",
  });
  const { name, address } = charge.billing_details;
  const city = [address?.postal_code, address?.city].filter(Boolean).join(" ");
  const lines = [address?.line1, city, address?.country].filter(Boolean).join(", ");
  const numbers = taxIdsOf(local, charge.customer).map((taxId) => taxId.value);
  const main = html`<main class="ending"><h1>Beleg</h1>
<dl class="rows">
<div><dt>Konto</dt><dd>${name ?? "Konto unbekannt"}</dd></div>
<div><dt>Adresse</dt><dd>${lines || "Keine Angabe"}</dd></div>
<div><dt>UID/MWST</dt><dd>${numbers.join(", ") || "Keine Angabe"}</dd></div>
<div><dt>Bezahlt am</dt><dd><time class="num" datetime="${paidAt.toISOString()}">${date}</time></dd></div>
<div><dt>Zahlung</dt><dd>${charge.id}</dd></div>
<div class="total"><dt>Total</dt><dd class="num">${formatMoney(charge.amount, charge.currency)}</dd></div>
</dl></main>`;
  sendPage(response, { status: 200, title: "Beleg", main });
}
