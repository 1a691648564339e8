import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { database } from "~/db/client.server";
import { operatorAction, typedIn } from "~/http/operator-action.server";
import { parseForm } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import { makeCoupons } from "~/operations/coupon-codes.server";
import { couponForm, wishOf } from "~/operations/coupon-form.server";
import { CouponMaker, CouponPreview } from "~/ui/coupon-maker";
import { couponPreview } from "~/ui/coupon-words";
import { PageHead } from "~/ui/kit";
import { Refused } from "~/ui/operator-order";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Code anlegen – LeadRadar" }];

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const lead = refusedIn(context) ? "Fehler: " : "";
    return {
      title: `${lead}Code anlegen – LeadRadar`,
      nonce: crypto.randomUUID(),
    };
  });
}

export const shouldRevalidate = () => true;

export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return operatorAction(args, {
    /** Changes nothing: says what the codes may cost. */
    async preview() {
      const values = await typedIn(request);
      const wish = wishOf(await parseForm(request, couponForm));
      return { preview: couponPreview(wish, new Date()), values };
    },
    /** Changes nothing: leads back from the preview. */
    async edit() {
      return { typed: await typedIn(request) };
    },
    async create(actor) {
      const form = await parseForm(request, couponForm);
      const { batchId, couponId } = await makeCoupons(database(), actor, wishOf(form), form.nonce);
      const page = form.anzahl === 1 ? couponId : `batches/${encodeURIComponent(batchId)}`;
      return redirect(`/operator/coupons/${page}?erledigt=angelegt`, 303);
    },
  });
}

export default function NewCoupon() {
  const { nonce } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const error = answer && "error" in answer ? answer.error : null;
  const preview = answer && "preview" in answer ? answer : null;
  const typed = answer && "typed" in answer ? answer.typed : null;
  return (
    <>
      <Link className="link target mb-3" to="/operator/coupons">
        ← Gutscheincodes
      </Link>
      <PageHead title="Code anlegen" intro="Einen eigenen Code, oder erzeugte, die niemand errät." />
      <div className="max-w-form">
        <Refused error={error} title="Der Code wurde nicht angelegt" />
      </div>
      {preview ? (
        <CouponPreview sentences={preview.preview} values={preview.values} />
      ) : (
        <CouponMaker values={error?.values ?? typed} fields={error?.fields ?? {}} nonce={nonce} />
      )}
    </>
  );
}
