import type { IncomingMessage, ServerResponse } from "node:http";
import type Stripe from "stripe";
import { StateError } from "./errors";
import type { Faults } from "./faults";
import { formatAmount, formatMoney, type Html, html, redirect, sendPage, WARNING_ICON } from "./html";
import type { Local } from "./local";
import { decline, type Outcome, pay, payLater } from "./payments";
import type { StoredCheckout } from "./state";

const WEBHOOK_WAIT_MS = 10_000;

interface PayOptions {
  local: Local;
  faults: () => Faults;
}

/** `GET` and `POST /c/pay/:id`: the page on which a person decides how the payment ends. */
export async function answerPay(
  { local, faults }: PayOptions,
  request: { method: IncomingMessage["method"]; sessionId: string; body: string },
  response: ServerResponse,
): Promise<void> {
  const checkout = local.state.checkouts.get(request.sessionId);
  if (checkout === undefined) {
    const main = ending({
      title: "Diese Zahlungsseite gibt es nicht.",
      sentence: "Prüfen Sie die Adresse.",
      back: null,
    });
    sendPage(response, { status: 404, title: "Nicht gefunden", main });
    return;
  }
  if (request.method !== "POST") {
    showState(local, checkout, response);
    return;
  }

  const choice = new URLSearchParams(request.body).get("outcome");
  const { session } = checkout;
  try {
    if (choice === "decline") decline(local, session.id);
    if (choice === "pay") await webhookAnswered(pay(local, session.id), faults());
    if (choice === "later") await webhookAnswered(payLater(local, session.id), faults());
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
  }
  redirect(response, nextAddress(session, choice));
}

/** A second submit finds the session complete and is sent on like the first, since the browser follows it. */
function nextAddress(session: Stripe.Checkout.Session, choice: string | null): string {
  if (choice === "cancel" && session.cancel_url !== null) return session.cancel_url;
  if (session.status === "complete" && (choice === "pay" || choice === "later")) return successUrl(session);
  return `/c/pay/${session.id}`;
}

/** Checkout waits for the answer of the webhook before it sends the buyer back, at most ten seconds. */
async function webhookAnswered({ emitted }: Outcome, { drop, delayMs }: Faults): Promise<void> {
  if (drop || delayMs > 0) return;
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, WEBHOOK_WAIT_MS);
  });
  await Promise.race([emitted.firstAttempt, patience]);
  clearTimeout(timer);
}

function successUrl(session: Stripe.Checkout.Session): string {
  return (session.success_url ?? "").replaceAll("{CHECKOUT_SESSION_ID}", session.id);
}

function showState(local: Local, checkout: StoredCheckout, response: ServerResponse): void {
  const { session } = checkout;
  if (session.status === "open") {
    sendPage(response, { status: 200, title: "Bezahlen", main: form(local, checkout) });
    return;
  }
  const title = closedTitle(local, session);
  const isExpired = session.status === "expired";
  const sentence = isExpired ? "Es wurde nichts belastet." : bought(checkout);
  const main = ending({ title, sentence, back: isExpired ? session.cancel_url : successUrl(session) });
  sendPage(response, { status: 200, title: title.replace(/\.$/, ""), main });
}

function closedTitle(local: Local, session: StoredCheckout["session"]): string {
  if (session.status === "expired") return "Diese Zahlungsseite ist abgelaufen.";
  if (session.payment_status === "paid") return "Bereits bezahlt.";
  const intent = local.state.intents.get(session.payment_intent ?? "");
  return intent?.status === "processing" ? "Die Zahlung ist unterwegs." : "Die Zahlung ist fehlgeschlagen.";
}

function ending({ title, sentence, back }: { title: string; sentence: string; back: string | null }): Html {
  const link = back === null ? html`` : html`<a class="btn btn-secondary" href="${back}">Zurück zu LeadRadar</a>`;
  return html`<main class="ending"><h1>${title}</h1><p>${sentence}</p>${link}</main>`;
}

function bought({ session, lines }: StoredCheckout): string {
  const names = lines.map((line) => line.description).join(", ");
  return `${names}, ${formatMoney(session.amount_total ?? 0, session.currency ?? "chf")}.`;
}

function form(local: Local, checkout: StoredCheckout): Html {
  const { session } = checkout;
  const total = formatMoney(session.amount_total ?? 0, session.currency ?? "chf");
  const declined = local.state.intents.get(session.payment_intent ?? "")?.last_payment_error != null;
  const line = declined
    ? html`<p class="declined" role="alert">${WARNING_ICON}<span>Karte abgelehnt. Versuchen Sie es nochmals.</span></p>`
    : html``;
  const cancel =
    session.cancel_url === null
      ? html``
      : html`<button class="btn btn-lg btn-ghost" name="outcome" value="cancel">Abbrechen</button>`;
  return html`<main><div class="columns">
${summary(local, checkout)}
<section class="panel" aria-labelledby="bezahlen">
<h2 id="bezahlen">Bezahlen</h2>
<p>Wählen Sie, wie die Zahlung ausgeht.</p>
${line}
<form class="choices" method="post" action="/c/pay/${session.id}">
<button class="btn btn-lg btn-primary num" name="outcome" value="pay">${total} bezahlen</button>
<button class="btn btn-lg btn-secondary" name="outcome" value="later">Später bezahlen</button>
<button class="btn btn-lg btn-secondary" name="outcome" value="decline">Karte abgelehnt</button>
${cancel}
</form>
<div class="notes">
<p><strong>Später bezahlen:</strong> Die Zahlung bleibt offen, bis sie bestätigt wird.</p>
<p><strong>Karte abgelehnt:</strong> Sie bleiben auf dieser Seite und können es nochmals versuchen.</p>
</div>
</section>
</div></main>`;
}

function summary(local: Local, { session, lines }: StoredCheckout): Html {
  const customer = local.state.customers.get(session.customer ?? "");
  const buyer = customer?.name == null ? "Kauf bei LeadRadar" : `${customer.name} kauft bei LeadRadar`;
  const currency = session.currency ?? "chf";
  const rows = lines.map((line) => {
    const name = line.quantity === 1 ? line.description : `${line.quantity} × ${line.description}`;
    const each = html`<div class="each"><dt>pro Stück</dt><dd class="num">${formatAmount(line.unitAmount, currency)}</dd></div>`;
    const amount = formatAmount(line.unitAmount * line.quantity, currency);
    return html`<div><dt>${name}</dt><dd class="num">${amount}</dd></div>${line.quantity === 1 ? html`` : each}`;
  });
  const total = session.amount_total ?? 0;
  return html`<section aria-labelledby="paket">
<p class="buyer">${buyer}</p>
<h1 class="product" id="paket">${lines.map((line) => line.description).join(", ")}</h1>
<p class="price num"><span>${currency.toUpperCase()}</span> ${formatAmount(total, currency)}</p>
<dl class="rows">${rows}
<div class="total"><dt>Total</dt><dd class="num">${formatMoney(total, currency)}</dd></div></dl>
<p class="valid">Diese Seite ist gültig bis ${clockTime(session.expires_at)}.</p>
</section>`;
}

function clockTime(seconds: number): Html {
  const date = new Date(seconds * 1000);
  const options = { timeZone: "Europe/Zurich", hour: "2-digit", minute: "2-digit", hour12: false } as const;
  return html`<time class="num" datetime="${date.toISOString()}">${date.toLocaleTimeString("de-CH", options)}</time>`;
}
