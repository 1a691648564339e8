import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { database } from "~/db/client.server";
import { operatorAction, typedIn } from "~/http/operator-action.server";
import { parseForm } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import { createSku, listSkus, priceTerms } from "~/operations/catalogue.server";
import { skuForm, termsOf } from "~/operations/sku-form.server";
import { stripeClient } from "~/stripe/gateway.server";
import { isStripeTrouble } from "~/stripe/payment.server";
import { listPrices } from "~/stripe/price.server";
import { PageHead } from "~/ui/kit";
import { Refused } from "~/ui/operator-order";
import { SkuForm, SkuPreviewPanel } from "~/ui/sku-form";
import { priceOptions, skuPreview } from "~/ui/sku-words";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Paket anlegen – LeadRadar" }];

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const lead = refusedIn(context);
    return {
      title: `${lead ? "Fehler: " : ""}Paket anlegen – LeadRadar`,
      nonce: crypto.randomUUID(),
      prices: await listPrices(stripeClient()).then(
        (prices) => priceOptions(prices, null),
        (error: unknown) => {
          if (isStripeTrouble(error)) return null;
          throw error;
        },
      ),
    };
  });
}

export const shouldRevalidate = () => true;

export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return operatorAction(args, {
    /** Changes nothing: says what saving would do. */
    async preview() {
      const values = await typedIn(request);
      const terms = termsOf(await parseForm(request, skuForm));
      const [priced, skus] = await Promise.all([priceTerms(stripeClient(), terms), listSkus(database())]);
      return { preview: skuPreview(null, priced, skus), values };
    },
    /** Changes nothing: leads back from the preview. */
    async edit() {
      return { typed: await typedIn(request) };
    },
    async create(actor) {
      const form = await parseForm(request, skuForm);
      const id = await createSku(database(), stripeClient(), actor, termsOf(form), form.nonce);
      return redirect(`/operator/skus/${encodeURIComponent(id)}?erledigt=angelegt`, 303);
    },
  });
}

const NEW = { license30d: "0", license365d: "0", slots: "0", tage: "365" };

export default function NewSku() {
  const { nonce, prices } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const error = answer && "error" in answer ? answer.error : null;
  const preview = answer && "preview" in answer ? answer : null;
  const typed = answer && "typed" in answer ? answer.typed : null;
  return (
    <>
      <Link className="link target mb-3" to="/operator/skus">
        ← Paketkatalog
      </Link>
      <Refused error={error} title="Das Paket wurde nicht gespeichert" />
      <PageHead title="Paket anlegen" intro="Ein Preis bei Stripe und was er gewährt." />
      {preview ? (
        <SkuPreviewPanel preview={preview.preview} values={preview.values} isNew back="/operator/skus" />
      ) : (
        <SkuForm values={error?.values ?? typed ?? NEW} fields={error?.fields ?? {}} prices={prices} nonce={nonce} />
      )}
    </>
  );
}
