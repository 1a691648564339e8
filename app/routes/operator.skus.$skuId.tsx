import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Form, Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { listChanges } from "~/billing/audit.server";
import { database } from "~/db/client.server";
import { operatorAction, typedIn } from "~/http/operator-action.server";
import { parseForm, parseQuery } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import {
  compareSku,
  listSkus,
  priceTerms,
  readSku,
  releaseSku,
  retireSku,
  saveSku,
} from "~/operations/catalogue.server";
import { skuForm, skuQuery, termsOf } from "~/operations/sku-form.server";
import { stripeClient } from "~/stripe/gateway.server";
import { isStripeTrouble } from "~/stripe/payment.server";
import { listPrices } from "~/stripe/price.server";
import { AuditList } from "~/ui/audit-list";
import { auditRows } from "~/ui/audit-words";
import { Badge } from "~/ui/badge";
import { Confirm, ConfirmButtons } from "~/ui/confirm";
import { Icon, PageHead, Toast, useCleanAddress } from "~/ui/kit";
import { Refused } from "~/ui/operator-order";
import { BesideChanges, SkuForm, SkuPreviewPanel } from "~/ui/sku-form";
import { priceOptions, priceState, retireEffects, skuPreview, skuToast, skuValues } from "~/ui/sku-words";
import { SubmitButton } from "~/ui/submit-button";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Paket – LeadRadar" }];

const CHANGES = 50;

export function loader({ request, params, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const query = parseQuery(request, skuQuery);
    const sql = database();
    const sku = await readSku(sql, params.skuId ?? "");
    const asksRetire = query.bestaetigen === "weg" && sku.active;
    const [prices, changes, all] = await Promise.all([
      listPrices(stripeClient()).then(
        (found) => priceOptions(found, sku.stripePriceId),
        (error: unknown) => {
          if (isStripeTrouble(error)) return null;
          throw error;
        },
      ),
      listChanges(sql, { subject: { type: "SKU", id: sku.id } }, null, CHANGES),
      asksRetire ? listSkus(sql) : [],
    ]);
    const toast = skuToast(query.erledigt, sku.name);
    const lead = refusedIn(context) ?? toast?.title;
    return {
      title: `${lead ? `${lead}: ` : ""}${sku.name} – LeadRadar`,
      ...{ name: sku.name, active: sku.active, toast, prices },
      values: skuValues(sku),
      price: priceState(sku),
      retire: asksRetire ? { beside: retireEffects(sku, all) } : null,
      changes: auditRows(changes.items),
      nonce: crypto.randomUUID(),
    };
  });
}

/** A refusal is about what has changed meanwhile: the router is to read it again. */
export const shouldRevalidate = () => true;

export function action(args: ActionFunctionArgs) {
  const { request, params } = args;
  const skuId = params.skuId ?? "";
  const done = (what: string) => redirect(`/operator/skus/${encodeURIComponent(skuId)}?erledigt=${what}`, 303);
  return operatorAction(args, {
    /** Changes nothing: says what saving would do. */
    async preview() {
      const values = await typedIn(request);
      const terms = termsOf(await parseForm(request, skuForm));
      const sql = database();
      const [before, priced, skus] = await Promise.all([
        readSku(sql, skuId),
        priceTerms(stripeClient(), terms),
        listSkus(sql),
      ]);
      return { preview: skuPreview(before, priced, skus), values };
    },
    /** Changes nothing: leads back from the preview. */
    async edit() {
      return { typed: await typedIn(request) };
    },
    async save(actor) {
      const form = await parseForm(request, skuForm);
      await saveSku(database(), stripeClient(), actor, skuId, form.version ?? 0, termsOf(form));
      return done("gespeichert");
    },
    async retire(actor) {
      await retireSku(database(), actor, skuId);
      return done("weg");
    },
    async release(actor) {
      await releaseSku(database(), stripeClient(), actor, skuId);
      return done("frei");
    },
    async compare(actor) {
      await compareSku(database(), stripeClient(), actor, skuId);
      return done("abgeglichen");
    },
  });
}

export default function Sku() {
  const { name, active, toast, prices, values, price, retire, changes, nonce } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const error = answer && "error" in answer ? answer.error : null;
  const preview = answer && "preview" in answer ? answer : null;
  const typed = error ? error.values : answer && "typed" in answer ? answer.typed : null;
  useCleanAddress(toast !== null);
  return (
    <>
      <Toast toast={error || preview ? null : toast} />
      {retire ? <RetireQuestion name={name} beside={retire.beside} /> : null}
      <Link className="link target mb-3" to="/operator/skus">
        ← Paketkatalog
      </Link>
      <Refused error={error} title="Am Paket wurde nichts geändert" />
      <PageHead
        title={name}
        action={
          active ? (
            <Link id="weg" className="btn btn-secondary" to="?bestaetigen=weg" preventScrollReset>
              Aus dem Verkauf nehmen
            </Link>
          ) : (
            <Form method="post">
              <input type="hidden" name="intent" value="release" />
              <SubmitButton intent="release" busy="Wird freigegeben …" tone="secondary">
                Zum Verkauf freigeben
              </SubmitButton>
            </Form>
          )
        }
      />
      <PriceState price={price} active={active} />
      {preview ? (
        <SkuPreviewPanel preview={preview.preview} values={preview.values} isNew={false} back="." />
      ) : (
        <SkuForm
          key={values.version}
          values={typed ? typedValues(values, typed, error?.code === "INVALID_STATE") : values}
          fields={error?.fields ?? {}}
          prices={prices}
          nonce={nonce}
        />
      )}
      <section aria-labelledby="aenderungen" className="mt-14 max-w-form">
        <h2 id="aenderungen" className="mb-4 text-lg font-semibold tracking-tight">
          Änderungen
        </h2>
        {changes.length > 0 ? <AuditList rows={changes} beside /> : <p className="text-soft">Noch keine Änderung.</p>}
      </section>
    </>
  );
}

/** What was typed, over what there is. Where somebody else was first, the next try starts from what is there now. */
function typedValues(now: Record<string, string>, typed: Record<string, string>, isStale: boolean) {
  // A button without fields sends no name. A box that is not ticked is not sent.
  if (!("name" in typed)) return now;
  return { ...now, aktiv: "", ...typed, ...(isStale ? { version: now.version ?? "" } : {}) };
}

function PriceState({ price, active }: { price: { text: string; due: boolean }; active: boolean }) {
  return (
    <div className="mb-8 flex flex-wrap items-center gap-3">
      <Badge tone={active ? "positive" : "neutral"} icon={<Icon name={active ? "check-circle" : "minus-circle"} />}>
        {active ? "Im Verkauf" : "Nicht im Verkauf"}
      </Badge>
      {price.due ? (
        <Badge tone="notice" icon={<Icon name="alert" />}>
          Abgleich nötig
        </Badge>
      ) : null}
      <p className="text-soft">{price.text}</p>
      <Form method="post">
        <input type="hidden" name="intent" value="compare" />
        <SubmitButton intent="compare" busy="Wird verglichen …" tone="secondary">
          Mit Stripe vergleichen
        </SubmitButton>
      </Form>
    </div>
  );
}

function RetireQuestion({ name, beside }: { name: string; beside: Parameters<typeof BesideChanges>[0]["rows"] }) {
  return (
    <Confirm title="Aus dem Verkauf nehmen?" back="." trigger="weg">
      <p className="wrap-anywhere mt-2 text-soft">
        «{name}» kann nicht mehr bestellt werden. Wer schon auf der Zahlungsseite ist und bezahlt, erhält seine Credits.
      </p>
      <BesideChanges rows={beside} />
      <Form method="post" action=".">
        <input type="hidden" name="intent" value="retire" />
        <ConfirmButtons back=".">
          <SubmitButton intent="retire" busy="Wird herausgenommen …" tone="danger">
            Aus dem Verkauf nehmen
          </SubmitButton>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}
