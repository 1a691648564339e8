import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Form, Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { listChanges } from "~/billing/audit.server";
import { database } from "~/db/client.server";
import { operatorAction } from "~/http/operator-action.server";
import { parseQuery } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import { isBatch, listUses, readCoupon, setCouponActive } from "~/operations/coupon-codes.server";
import { couponDeskQuery } from "~/operations/coupon-form.server";
import { AuditList } from "~/ui/audit-list";
import { auditRows } from "~/ui/audit-words";
import { Badge } from "~/ui/badge";
import { Confirm, ConfirmButtons } from "~/ui/confirm";
import { couponDetails, couponRows, couponToast, useRows } from "~/ui/coupon-words";
import { DefinitionList, Icon, PageHead, Toast, useCleanAddress } from "~/ui/kit";
import { Section } from "~/ui/section";
import { SubmitButton } from "~/ui/submit-button";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Gutscheincode – LeadRadar" }];

const CHANGES = 50;

export function loader({ request, params, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const sql = database();
    const id = params.couponId ?? "";
    const query = parseQuery(request, couponDeskQuery);
    // The audit trail names a batch where codes were made together.
    if (await isBatch(sql, id)) throw redirect(`/operator/coupons?batch=${encodeURIComponent(id)}`, 302);
    const coupon = await readCoupon(sql, id);
    const [uses, changes] = await Promise.all([
      listUses(sql, id),
      listChanges(sql, { subject: { type: "COUPON", id } }, null, CHANGES),
    ]);
    const toast = couponToast(query.erledigt);
    const lead = refusedIn(context) ?? toast?.title;
    return {
      title: `${lead ? `${lead}: ` : ""}${coupon.code} – LeadRadar`,
      coupon: couponRows([coupon])[0],
      isOff: coupon.state === "OFF",
      details: couponDetails(coupon),
      batch: coupon.batchId,
      uses: useRows(uses),
      changes: auditRows(changes.items),
      asks: query.bestaetigen === "aus" && coupon.state !== "OFF",
      toast,
    };
  });
}

export const shouldRevalidate = () => true;

export function action(args: ActionFunctionArgs) {
  const id = args.params.couponId ?? "";
  const set = (active: boolean) => async (actor: { userId: string; traceId: string }) => {
    await setCouponActive(database(), actor, id, active);
    return redirect(`/operator/coupons/${encodeURIComponent(id)}?erledigt=${active ? "ein" : "aus"}`, 303);
  };
  return operatorAction(args, { disable: set(false), enable: set(true) });
}

export default function Coupon() {
  const { coupon, isOff, details, batch, uses, changes, asks, toast } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const error = answer && "error" in answer ? answer.error : null;
  useCleanAddress(toast !== null);
  if (!coupon) return null;
  return (
    <>
      <Toast toast={error ? { tone: "danger", ...error.toast } : toast} />
      {asks ? <OffQuestion code={coupon.code} /> : null}
      <Link className="link target mb-3" to="/operator/coupons">
        ← Gutscheincodes
      </Link>
      <PageHead
        title={coupon.code}
        action={
          isOff ? (
            <Form method="post" action=".">
              <input type="hidden" name="intent" value="enable" />
              <SubmitButton intent="enable" busy="Wird eingeschaltet …" tone="secondary">
                Einschalten
              </SubmitButton>
            </Form>
          ) : (
            <Link id="aus" className="btn btn-secondary" to="?bestaetigen=aus" preventScrollReset>
              Ausschalten
            </Link>
          )
        }
      />
      <div className="mb-8 flex flex-wrap items-center gap-4">
        <Badge tone={coupon.state.tone} icon={<Icon name={coupon.state.icon} />}>
          {coupon.state.name}
        </Badge>
        {batch ? (
          <Link className="link target" to={`/operator/coupons?batch=${encodeURIComponent(batch)}`}>
            Zusammen angelegte Codes
          </Link>
        ) : null}
      </div>
      <div className="grid gap-x-14 gap-y-12 xl:grid-cols-2">
        <Section id="angaben" title="Angaben">
          <DefinitionList items={details} />
        </Section>
        <Section id="einloesungen" title="Einlösungen">
          <Uses uses={uses} />
        </Section>
        <Section id="aenderungen" title="Änderungen">
          {changes.length > 0 ? (
            <AuditList rows={changes} beside />
          ) : (
            <p className="text-soft">Noch keine Änderung von Hand.</p>
          )}
        </Section>
      </div>
    </>
  );
}

function Uses({ uses }: { uses: ReturnType<typeof useRows> }) {
  if (uses.length === 0) return <p className="text-soft">Noch nie eingelöst.</p>;
  return (
    <ul>
      {uses.map(({ id, tenant, who, when }) => (
        <li key={id} className="flex flex-wrap justify-between gap-x-6 border-line border-t py-2.5 first:border-0">
          <span className="wrap-anywhere">
            <Link className="link" to={`/operator/tenants/${tenant.id}`}>
              {tenant.name}
            </Link>
            <span className="block text-sm text-mute">{who}</span>
          </span>
          <span className="num text-soft">{when}</span>
        </li>
      ))}
    </ul>
  );
}

function OffQuestion({ code }: { code: string }) {
  return (
    <Confirm title={`Code ${code} ausschalten?`} back="." trigger="aus">
      <p className="mt-2 text-soft">Er kann dann nicht mehr eingelöst werden. Was eingelöst wurde, bleibt.</p>
      <Form method="post" action=".">
        <input type="hidden" name="intent" value="disable" />
        <ConfirmButtons back=".">
          <SubmitButton intent="disable" busy="Wird ausgeschaltet …" tone="danger">
            Ausschalten
          </SubmitButton>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}
