import type { ServerResponse } from "node:http";
import { paymentControls } from "./control-payment";
import type { Faults } from "./faults";
import { formatMoney, type Html, html, sendPage } from "./html";
import type { Local } from "./local";
import type { StoredCheckout } from "./state";

const SHOWN_SESSIONS = 20;

const API_MODES = [
  ["off", "antwortet"],
  ["500", "antwortet mit 500"],
  ["hang", "antwortet nie"],
  ["refuse", "bricht die Verbindung ab"],
  ["lost", "führt aus, Antwort geht verloren"],
] as const;

const ACTIONS = {
  pay: "Bezahlen",
  payLater: "Später bezahlen",
  decline: "Karte ablehnen",
  expire: "Ablaufen lassen",
  settle: "Zahlung bestätigen",
  fail: "Zahlung scheitern lassen",
} as const;

/** `GET /_control`: the controls for people, as plain forms. */
export function answerControlPage(local: Local, faults: Faults, response: ServerResponse): void {
  const sessions = [...local.state.checkouts.values()].reverse().slice(0, SHOWN_SESSIONS);
  const list =
    sessions.length === 0
      ? html`<p class="intro">Noch keine Zahlungsseite.</p>`
      : html`<ul class="sessions">${sessions.map((checkout) => sessionRow(local, checkout))}</ul>`;
  const main = html`<main class="control"><h1>Steuerung</h1>
<p class="intro">Was die lokale Zahlungsstelle tut und was dabei schiefgeht.</p>
<h2>Zahlungen</h2>
${list}
<h2>Störungen</h2>
${switches(faults)}
</main>`;
  sendPage(response, { status: 200, title: "Steuerung", main });
}

function sessionRow(local: Local, { session, lines }: StoredCheckout): Html {
  const customer = local.state.customers.get(session.customer ?? "")?.name ?? "Konto unbekannt";
  const processing = local.state.intents.get(session.payment_intent ?? "")?.status === "processing";
  const names: Array<keyof typeof ACTIONS> =
    session.status === "open" ? ["pay", "payLater", "decline", "expire"] : processing ? ["settle", "fail"] : [];
  const what = lines.map((line) => line.description).join(", ");
  const money = formatMoney(session.amount_total ?? 0, session.currency ?? "chf");
  const about = html`<span class="sr-only">: ${what}, ${customer}</span>`;
  const buttons = names.map((name) => {
    return html`<button class="btn btn-secondary" formaction="/_control/${name}">${ACTIONS[name]}${about}</button>`;
  });
  return html`<li><div><p>${what}, <span class="num">${money}</span>, ${customer}: ${stateWord(session, processing)}</p>
<p class="id">${session.id}</p></div>
${buttons.length === 0 ? html`` : html`<form method="post" action="/_control/pay"><input type="hidden" name="sessionId" value="${session.id}">${buttons}</form>`}
${session.payment_status === "paid" ? paymentControls(local, session.id, about) : html``}</li>`;
}

function stateWord(session: StoredCheckout["session"], processing: boolean): string {
  if (session.status === "open") return "offen";
  if (session.status === "expired") return "abgelaufen";
  if (session.payment_status === "paid") return "bezahlt";
  return processing ? "unterwegs" : "fehlgeschlagen";
}

function switches(faults: Faults): Html {
  const modes = API_MODES.map(([value, label]) => {
    return html`<option value="${value}"${value === faults.apiDown ? html` selected` : html``}>${label}</option>`;
  });
  return html`<form class="switches" method="post" action="/_control/setFaults">
${checkbox("drop", "Meldungen gehen verloren", faults.drop)}
${checkbox("secondEventId", "Jede Meldung auch unter zweiter Nummer", faults.secondEventId)}
<label>Kopien je Meldung<input class="field" type="number" name="duplicate" min="1" max="100" value="${faults.duplicate}"></label>
<label>Verzögerung in Millisekunden<input class="field" type="number" name="delayMs" min="0" max="600000" value="${faults.delayMs}"></label>
<label>Die Schnittstelle<select class="field" name="apiDown">${modes}</select></label>
<label>Nur Pfade, die so beginnen<input class="field" name="apiDownPath" value="${faults.apiDownPath ?? ""}"></label>
<button class="btn btn-primary">Störungen übernehmen</button>
</form>`;
}

/** The hidden value says «off» where a browser would send nothing; the last one of a name counts. */
function checkbox(name: string, label: string, on: boolean): Html {
  return html`<div class="check"><input type="hidden" name="${name}" value="off"><input type="checkbox" id="${name}" name="${name}"${on ? html` checked` : html``}><label for="${name}">${label}</label></div>`;
}
