import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { listChanges } from "~/billing/audit.server";
import { readCursor } from "~/billing/paging.server";
import { database } from "~/db/client.server";
import { operatorAction } from "~/http/operator-action.server";
import { parseQuery } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import { firstOfBatch, listUses, readCoupon, setCouponActive, USE_KEY } from "~/operations/coupon-codes.server";
import { couponDeskQuery } from "~/operations/coupon-form.server";
import { AuditList } from "~/ui/audit-list";
import { auditRows } from "~/ui/audit-words";
import { Badge } from "~/ui/badge";
import { CouponOffQuestion, CouponSwitch, CouponUses } from "~/ui/coupon-desk";
import { couponDetails, couponRows, couponToast, useRows } from "~/ui/coupon-words";
import { pageTitle } from "~/ui/device-words";
import { DefinitionList, Icon, PageHead, Pagination, Toast, useCleanAddress } from "~/ui/kit";
import { pageLinks } from "~/ui/list-words";
import { Section } from "~/ui/section";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Gutscheincode – LeadRadar" }];

const CHANGES = 50;
const USES = 25;
const WORDS: [one: string, many: string] = ["Einlösung", "Einlösungen"];

export function loader({ request, params, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const sql = database();
    const id = params.couponId ?? "";
    const query = parseQuery(request, couponDeskQuery);
    // The audit trail names a batch where codes were made together.
    if (id.startsWith("batch_") && (await firstOfBatch(sql, id))) {
      throw redirect(`/operator/coupons/batches/${encodeURIComponent(id)}`, 302);
    }
    const coupon = await readCoupon(sql, id);
    const of = (subjectId: string) => listChanges(sql, { subject: { type: "COUPON", id: subjectId } }, null, CHANGES);
    const [uses, own, batch] = await Promise.all([
      listUses(sql, id, readCursor(query.cursor ?? null, USE_KEY), USES),
      of(id),
      coupon.batchId ? of(coupon.batchId) : null,
    ]);
    const toast = couponToast(query.erledigt);
    const links = { total: coupon.redeemedCount, words: WORDS, filtered: false, url: new URL(request.url) };
    return {
      title: pageTitle(coupon.code, refusedIn(context), toast),
      coupon: couponRows([coupon])[0],
      isOff: coupon.state === "OFF",
      details: couponDetails(coupon),
      batch: batch && batch.items.length > 0 ? coupon.batchId : null,
      uses: useRows(uses.items),
      pages: uses.older || uses.newer ? pageLinks(uses, links) : null,
      // The batch was made before anything was done to one of its codes.
      changes: auditRows([...own.items, ...(batch?.items ?? [])]),
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
  const { coupon, isOff, details, batch, uses, pages, changes, asks, toast } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const error = answer && "error" in answer ? answer.error : null;
  useCleanAddress(toast !== null);
  if (!coupon) return null;
  return (
    <>
      <Toast toast={error ? { tone: "danger", ...error.toast } : toast} />
      {asks ? <CouponOffQuestion code={coupon.code} /> : null}
      <Link className="link target mb-3" to="/operator/coupons">
        ← Gutscheincodes
      </Link>
      <PageHead title={coupon.code} action={<CouponSwitch isOff={isOff} />} />
      <div className="mb-8 flex flex-wrap items-center gap-x-4 gap-y-2">
        <Badge tone={coupon.state.tone} icon={<Icon name={coupon.state.icon} />}>
          {coupon.state.name}
        </Badge>
        {batch ? (
          <Link className="link target" to={`/operator/coupons/batches/${encodeURIComponent(batch)}`}>
            Zusammen angelegte Codes
          </Link>
        ) : null}
      </div>
      <div className="grid gap-x-14 gap-y-12 xl:grid-cols-2">
        <div className="grid content-start gap-y-12">
          <Section id="angaben" title="Angaben">
            <DefinitionList items={details} />
          </Section>
          <Section id="einloesungen" title="Einlösungen">
            <CouponUses uses={uses} />
            {pages ? <Pagination pages={pages} /> : null}
          </Section>
        </div>
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
