import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Form, Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { database } from "~/db/client.server";
import { operatorAction } from "~/http/operator-action.server";
import { parseForm } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import { makeCoupons } from "~/operations/coupon-codes.server";
import { couponForm, wishOf } from "~/operations/coupon-form.server";
import { couponPreview } from "~/ui/coupon-words";
import { Field, PageHead } from "~/ui/kit";
import { Refused } from "~/ui/operator-order";
import { SubmitButton } from "~/ui/submit-button";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Code anlegen – LeadRadar" }];

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const lead = refusedIn(context) ? "Fehler: " : "";
    return { title: `${lead}Code anlegen – LeadRadar`, nonce: crypto.randomUUID() };
  });
}

export const shouldRevalidate = () => true;

export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return operatorAction(args, {
    /** Changes nothing: says what the codes may cost. */
    async preview() {
      const form = request.clone();
      const wish = wishOf(await parseForm(request, couponForm));
      return { preview: couponPreview(wish), values: Object.fromEntries(new URLSearchParams(await form.text())) };
    },
    async create(actor) {
      const form = await parseForm(request, couponForm);
      const { batchId, couponId } = await makeCoupons(database(), actor, wishOf(form), form.nonce);
      if (form.anzahl === 1) return redirect(`/operator/coupons/${couponId}?erledigt=angelegt`, 303);
      return redirect(`/operator/coupons?batch=${encodeURIComponent(batchId)}&erledigt=angelegt`, 303);
    },
  });
}

const NEW = { anzahl: "1", license30d: "0", license365d: "0", slots: "0", tage: "365", hoechstens: "1" };

export default function NewCoupon() {
  const { nonce } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const error = answer && "error" in answer ? answer.error : null;
  const preview = answer && "preview" in answer ? answer : null;
  return (
    <>
      <Link className="link target mb-3" to="/operator/coupons">
        ← Gutscheincodes
      </Link>
      <Refused error={error} title="Der Code wurde nicht angelegt" />
      <PageHead title="Code anlegen" intro="Einen eigenen Code, oder erzeugte, die niemand errät." />
      {preview ? (
        <Preview sentences={preview.preview} values={preview.values} />
      ) : (
        <CouponForm values={error?.values ?? NEW} fields={error?.fields ?? {}} nonce={nonce} />
      )}
    </>
  );
}

function Preview({ sentences, values }: { sentences: string[]; values: Record<string, string> }) {
  return (
    <section aria-labelledby="vorschau" className="max-w-form rounded-lg bg-sunken p-7">
      <h2 id="vorschau" className="text-lg font-semibold tracking-tight">
        Das wird angelegt
      </h2>
      {sentences.map((sentence) => (
        <p key={sentence} className="wrap-anywhere mt-2 text-soft">
          {sentence}
        </p>
      ))}
      <Form method="post" className="mt-6 flex flex-wrap gap-3">
        {Object.entries(values)
          .filter(([name]) => name !== "intent")
          .map(([name, value]) => (
            <input key={name} type="hidden" name={name} value={value} />
          ))}
        <input type="hidden" name="intent" value="create" />
        <SubmitButton busy="Wird angelegt …">Anlegen</SubmitButton>
        <Link className="btn btn-secondary" to="/operator/coupons">
          Abbrechen
        </Link>
      </Form>
    </section>
  );
}

function CouponForm({
  values,
  fields,
  nonce,
}: {
  values: Record<string, string>;
  fields: Record<string, string>;
  nonce: string;
}) {
  const field = (name: string) => ({
    name,
    defaultValue: values[name] ?? "",
    error: fields[name],
    autoComplete: "off",
  });
  const whole = (name: string) => ({ ...field(name), inputMode: "numeric" as const });
  return (
    <Form method="post" noValidate className="grid max-w-form items-start gap-5 sm:grid-cols-3">
      <input type="hidden" name="intent" value="preview" />
      <input type="hidden" name="nonce" value={values.nonce ?? nonce} />
      <Field
        label="Code"
        hint="Leer lassen, um Codes zu erzeugen."
        optional
        className="sm:col-span-2"
        {...field("code")}
      />
      <Field label="Anzahl Codes" hint="1 bis 1000." {...whole("anzahl")} />
      <Field label="Lizenzen 30 Tage" {...whole("license30d")} />
      <Field label="Lizenzen 365 Tage" {...whole("license365d")} />
      <Field label="Geräte-Slots" {...whole("slots")} />
      <Field label="Gültig von" placeholder="TT.MM.JJJJ" optional {...field("von")} />
      <Field label="Gültig bis und mit" placeholder="TT.MM.JJJJ" optional {...field("bis")} />
      <Field label="Höchstens einlösbar" optional {...whole("hoechstens")} />
      <Field label="Einlösbar in Tagen" {...whole("tage")} />
      <Field label="Partner" optional className="sm:col-span-2" {...field("partner")} />
      <div className="sm:col-span-3">
        <SubmitButton intent="preview" busy="Wird geprüft …">
          Vorschau
        </SubmitButton>
      </div>
    </Form>
  );
}
