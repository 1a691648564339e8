import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { listChanges } from "~/billing/audit.server";
import { readOrderHistory } from "~/billing/order-history.server";
import { database } from "~/db/client.server";
import { operatorAction } from "~/http/operator-action.server";
import { parseForm, parseQuery } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import { log } from "~/log.server";
import { deskQuery, readAmount, refundForm, resendForm, reviewForm } from "~/operations/order-forms.server";
import { readOrderDesk, resolveReview, tenantOfOrder } from "~/operations/orders.server";
import {
  listRefunds,
  previewRefund,
  type RefundOutcome,
  refundableCents,
  requestRefund,
  resendRefund,
} from "~/operations/refunds.server";
import { stripeClient } from "~/stripe/gateway.server";
import { AuditList } from "~/ui/audit-list";
import { auditRows } from "~/ui/audit-words";
import { pageTitle } from "~/ui/device-words";
import { DefinitionList, Icon, OrderBadge, Toast, useCleanAddress } from "~/ui/kit";
import { OrderEvents, RefundList, RefundQuestion, ReviewPanel, ReviewQuestion } from "~/ui/operator-order";
import {
  amountText,
  deskWords,
  effectSentence,
  refundRows,
  refundToast,
  reviewedToast,
} from "~/ui/operator-order-words";
import { timelineOf } from "~/ui/order-timeline";
import { orderWords } from "~/ui/order-words";
import { Section } from "~/ui/section";
import { Timeline } from "~/ui/timeline";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Bestellung – LeadRadar" }];

const CHANGES = 50;

export function loader({ request, params, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const sql = database();
    const orderId = params.orderId ?? "";
    const query = parseQuery(request, deskQuery);
    const [history, desk, refunds, rest, changes] = await Promise.all([
      tenantOfOrder(sql, orderId).then((tenantId) => readOrderHistory(sql, tenantId, orderId)),
      readOrderDesk(sql, orderId),
      listRefunds(sql, orderId),
      refundableCents(sql, orderId),
      listChanges(sql, { subject: { type: "ORDER", id: orderId } }, null, CHANGES),
    ]);
    const { details, company, pack, number, intro, sentence, status, inReview, receiptUrl } = orderWords(history);
    const asked = query.auftrag ? refundToast(query.auftrag, refunds, desk) : null;
    const toast = asked ?? (query.erledigt ? reviewedToast(desk) : null);
    return {
      ...{ pack, number, intro, sentence, status, inReview, receiptUrl, details, company, toast },
      title: pageTitle(`${pack}, ${number}`, refusedIn(context), toast),
      // Its links lead into the tenant's own room.
      timeline: timelineOf(history).map((entry) => ({ ...entry, link: null })),
      ...deskWords(desk),
      refunds: refundRows(refunds, desk.currency),
      canRefund: rest > 0,
      question:
        query.bestaetigen === "rueckerstatten" && rest > 0 ? await question(orderId, query, rest, desk.currency) : null,
      asksReview: query.bestaetigen === "pruefung" && desk.reviewReason !== null,
      changes: auditRows(changes.items),
    };
  });
}

/** The refund that is asked about: how much at most, and what it would take back. */
async function question(
  orderId: string,
  query: { betrag?: string | undefined; grund?: string | undefined },
  rest: number,
  currency: string,
) {
  const read = readAmount(query.betrag, rest);
  const amount = "amount" in read && read.amount <= rest ? read.amount : null;
  const fault = "fault" in read ? read.fault : amount === null ? `Höchstens ${currency} ${amountText(rest)}.` : null;
  const effect = amount === null ? null : effectSentence(await previewRefund(database(), orderId, amount));
  return {
    ...{ currency, fault, effect },
    most: amountText(rest),
    amount: query.betrag ?? amountText(rest),
    reason: query.grund ?? "",
    nonce: crypto.randomUUID(),
  };
}

/** A refusal is about what has changed meanwhile: the router is to read it again. */
export const shouldRevalidate = () => true;

export function action(args: ActionFunctionArgs) {
  const { request, params } = args;
  const orderId = params.orderId ?? "";
  const done = (query: Record<string, string>) =>
    redirect(`/operator/orders/${encodeURIComponent(orderId)}?${new URLSearchParams(query)}`, 303);
  /** Whatever Stripe said, the request is written down: its page tells, and a reload sends nothing again. */
  const told = ({ id, status, trouble }: RefundOutcome, traceId: string) => {
    if (trouble)
      log.warn({ err: trouble, traceId, orderId, refundRequest: id, status }, "refund not followed to its end");
    return done({ auftrag: id });
  };
  return operatorAction(args, {
    async refund(actor) {
      const { betrag, grund, nonce } = await parseForm(request, refundForm);
      const wish = { orderId, amountCents: betrag, reason: grund, requestKey: `form:${nonce}` };
      return told(await requestRefund(database(), stripeClient(), actor, wish), actor.traceId);
    },
    async resend(actor) {
      const { refund } = await parseForm(request, resendForm);
      return told(await resendRefund(database(), stripeClient(), actor, orderId, refund), actor.traceId);
    },
    async resolve(actor) {
      const { grund } = await parseForm(request, reviewForm);
      await resolveReview(database(), actor, orderId, grund);
      return done({ erledigt: "pruefung" });
    },
  });
}

export default function OperatorOrder() {
  const words = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const error = answer && "error" in answer ? answer.error : null;
  const { toast, question, asksReview, refunds, review } = words;
  const wrong = error && Object.keys(error.fields).length > 0;
  useCleanAddress(toast !== null);
  return (
    <>
      <Toast
        toast={
          error && !(wrong && (question || asksReview)) ? { tone: "danger", ...error.toast } : error ? null : toast
        }
      />
      {question ? <RefundQuestion question={question} error={error} /> : null}
      {asksReview ? <ReviewQuestion isUngranted={words.isUngranted} error={error} /> : null}
      <Link className="link target mb-3" to="/operator/orders">
        ← Alle Bestellungen
      </Link>
      <header className="mb-10 flex flex-wrap items-start justify-between gap-x-6 gap-y-4">
        <div className="min-w-0">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
            <h1 className="text-2xl font-semibold tracking-tight">{words.pack}</h1>
            <OrderBadge status={words.status} inReview={words.inReview} />
          </div>
          <p className="mt-2 text-md text-soft">{words.intro}</p>
          {words.sentence ? <p className="mt-3 max-w-[62ch]">{words.sentence}</p> : null}
        </div>
        {words.canRefund ? (
          <Link id="rueckerstatten" className="btn btn-primary" to="?bestaetigen=rueckerstatten" preventScrollReset>
            Rückerstatten
          </Link>
        ) : null}
      </header>
      {review ? <ReviewPanel review={review} /> : null}
      <div className="grid gap-x-14 gap-y-12 xl:grid-cols-[minmax(0,11fr)_minmax(0,7fr)]">
        <div className="grid content-start gap-y-12">
          <Section id="verlauf" title="Verlauf">
            <Timeline entries={words.timeline} />
          </Section>
          {refunds.length > 0 ? (
            <Section id="rueckerstattungen" title="Rückerstattungen von hier">
              <RefundList refunds={refunds} />
            </Section>
          ) : null}
          <Section id="aenderungen" title="Änderungen">
            {words.changes.length > 0 ? (
              <AuditList rows={words.changes} beside />
            ) : (
              <p className="text-soft">Noch keine Änderung von Hand.</p>
            )}
          </Section>
        </div>
        <div className="grid content-start gap-y-12">
          <Section id="angaben" title="Angaben">
            <Facts words={words} />
          </Section>
          <Section id="ereignisse" title="Ereignisse">
            <OrderEvents events={words.events} />
          </Section>
        </div>
      </div>
    </>
  );
}

/** What the order is, whose, and by which names Stripe knows it. */
function Facts({ words }: { words: ReturnType<typeof useLoaderData<typeof loader>> }) {
  const { tenant, details, company, ids, receiptUrl } = words;
  const account = (
    <Link className="link" to={`/operator/tenants/${tenant.id}`}>
      {tenant.name}
    </Link>
  );
  const lines = company.map((line) => (
    <span key={line} className="wrap-anywhere block">
      {line}
    </span>
  ));
  return (
    <>
      <DefinitionList
        items={[
          { term: "Konto", value: account },
          ...details,
          { term: "Firma", value: lines },
          ...ids.map(({ term, value }) => ({ term, value: <span className="code wrap-anywhere">{value}</span> })),
        ]}
      />
      {receiptUrl ? (
        <p className="mt-4">
          <a className="link target" href={receiptUrl} target="_blank" rel="noreferrer">
            <Icon name="external" className="me-1 inline size-4" />
            Beleg bei Stripe öffnen
          </a>
        </p>
      ) : null}
    </>
  );
}
