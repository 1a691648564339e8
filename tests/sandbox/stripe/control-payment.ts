import { allowsRefund, isClosed, isInquiry } from "./dispute-object";
import { canBeDisputed, disputesOf } from "./disputes";
import { formatAmount, formatMoney, type Html, html } from "./html";
import type { Local } from "./local";
import { findPaidCharge } from "./payments";
import { refundsOf } from "./refunds";
import type { StoredCharge, StoredDispute, StoredRefund } from "./state";

const REFUND_WORDS: Record<string, string> = {
  pending: "unterwegs",
  requires_action: "wartet auf den Kunden",
  succeeded: "abgeschlossen",
  failed: "gescheitert",
  canceled: "abgebrochen",
};

const DISPUTE_WORDS: Record<string, string> = {
  warning_needs_response: "Rückfrage offen",
  warning_under_review: "Rückfrage in Prüfung",
  warning_closed: "Rückfrage geschlossen",
  needs_response: "offen",
  under_review: "in Prüfung",
  won: "gewonnen",
  lost: "verloren",
  prevented: "abgewendet",
};

/** What can still happen to a paid session: refunds, disputes, and how each ends. `about` names it to screen readers. */
export function paymentControls(local: Local, sessionId: string, about: Html): Html {
  const charge = findPaidCharge(local, sessionId);
  const refunds = refundsOf(local, charge.id).map((refund) => refundRow(refund));
  const disputes = disputesOf(local, charge.id);
  const rows = [...refunds, ...disputes.map((dispute) => disputeRow(dispute))];
  const isRefundable = !charge.refunded && disputes.every(({ status }) => allowsRefund(status));
  return html`<div class="after">
${rows.length === 0 ? html`` : html`<ul>${rows}</ul>`}
${isRefundable ? refundForm(charge, sessionId, about) : html``}
${canBeDisputed(local, charge.id) ? disputeForm(sessionId, about) : html``}
</div>`;
}

function refundForm(charge: StoredCharge, sessionId: string, about: Html): Html {
  const left = charge.amount - charge.amount_refunded;
  const currency = charge.currency.toUpperCase();
  const most = (left / 100).toFixed(2);
  return html`<form method="post" action="/_control/refund"><input type="hidden" name="sessionId" value="${sessionId}">
<label>Betrag in ${currency} <span class="hint">leer: alles, <span class="num">${formatAmount(left, charge.currency)}</span></span>
<input class="field num" type="number" name="amount" min="0.01" max="${most}" step="0.01"></label>
<div class="check"><input type="checkbox" id="pending-${sessionId}" name="pending"><label for="pending-${sessionId}">Bleibt unterwegs</label></div>
<button class="btn btn-secondary">Rückerstatten${about}</button></form>`;
}

function disputeForm(sessionId: string, about: Html): Html {
  return html`<form method="post" action="/_control/dispute"><input type="hidden" name="sessionId" value="${sessionId}">
<button class="btn btn-secondary">Dispute eröffnen${about}</button>
<button class="btn btn-secondary" name="inquiry" value="on">Rückfrage eröffnen${about}</button></form>`;
}

function refundRow(refund: StoredRefund): Html {
  const status = refund.status ?? "";
  const isWaiting = status === "pending" || status === "requires_action";
  const settle: Action[] = isWaiting ? [["settleRefund", "Abschliessen"]] : [];
  const fail: Action[] = isWaiting || status === "succeeded" ? [["failRefund", "Scheitern lassen"]] : [];
  const name = html`Rückerstattung <span class="num">${formatMoney(refund.amount, refund.currency)}</span>`;
  return row({ name, word: REFUND_WORDS[status] ?? status, id: refund.id, field: "refundId" }, [...settle, ...fail]);
}

function disputeRow(dispute: StoredDispute): Html {
  const { status } = dispute;
  const name = html`Dispute <span class="num">${formatMoney(dispute.amount, dispute.currency)}</span>`;
  return row(
    { name, word: DISPUTE_WORDS[status] ?? status, id: dispute.id, field: "disputeId" },
    disputeActions(status),
  );
}

function disputeActions(status: string): Action[] {
  if (isClosed(status)) return [];
  return isInquiry(status)
    ? [
        ["escalateDispute", "Zum Dispute machen"],
        ["closeInquiry", "Rückfrage schliessen"],
      ]
    : [
        ["winDispute", "Gewonnen"],
        ["loseDispute", "Verloren"],
      ];
}

/** The name of a control and its word. */
type Action = [string, string];

function row(fact: { name: Html; word: string; id: string; field: string }, actions: Action[]): Html {
  const buttons = actions.map(([name, word]) => {
    const about = html`<span class="sr-only">: ${fact.name}</span>`;
    return html`<button class="btn btn-secondary" formaction="/_control/${name}">${word}${about}</button>`;
  });
  const form =
    actions.length === 0
      ? html``
      : html`<form method="post" action="/_control/${actions[0]?.[0] ?? ""}"><input type="hidden" name="${fact.field}" value="${fact.id}">${buttons}</form>`;
  return html`<li><div><p>${fact.name}: ${fact.word}</p><p class="id">${fact.id}</p></div>${form}</li>`;
}
