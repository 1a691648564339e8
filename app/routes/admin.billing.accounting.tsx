import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { useActionData, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { accountingForm, readAccounting, saveAccounting } from "~/billing/accounting.server";
import { database } from "~/db/client.server";
import { parseForm } from "~/http/parse.server";
import { pageAction, pageLoader, refusedIn, traceIdOf } from "~/http/respond.server";
import { stripeClient } from "~/stripe/gateway.server";
import { AccountingForm } from "~/ui/accounting-form";
import { accountingGroups, savedToast } from "~/ui/accounting-words";
import { ErrorSummary, PageHead, RefusedNote, Toast, useCleanAddress } from "~/ui/kit";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => {
  const lead = data?.refused ? `Fehler: ${data.refused}: ` : data?.toast ? `${data.toast.title}: ` : "";
  return [{ title: `${lead}Firma & Belege – LeadRadar` }];
};

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const admin = await requireAdmin(request);
    const state = await readAccounting(database(), admin.tenantId);
    return {
      values: state.values,
      version: state.version,
      groups: accountingGroups(state.values.country),
      toast: savedToast(new URL(request.url).searchParams.get("gespeichert"), state, admin.userId),
      canSpend: admin.canSpend,
      refused: refusedIn(context),
    };
  });
}

/** "Speichern": keeps who is billed, and tells Stripe. */
export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return pageAction(args, async () => {
    const admin = await requireAdmin(request, "spend");
    const company = await parseForm(request, accountingForm);
    const saved = await saveAccounting(database(), stripeClient(), { ...admin, traceId: traceIdOf(request) }, company);
    const said = saved === "number refused" ? "ohne-nummer" : "1";
    return redirect(`/admin/billing/accounting?gespeichert=${said}`, 303);
  });
}

export default function AccountingPage() {
  const { values, version, groups, toast, canSpend } = useLoaderData<typeof loader>();
  const failure = useActionData<typeof action>();
  const error = failure && "error" in failure ? failure.error : null;
  const problems = error && Object.keys(error.fields).length > 0 ? error.fields : null;
  useCleanAddress(toast !== null);
  return (
    <>
      <Toast toast={error ? (problems ? null : { tone: "danger", ...error.toast }) : toast} />
      <PageHead title="Firma & Belege" intro="Diese Angaben stehen auf Ihren Belegen." />
      {problems ? <Problems fields={problems} /> : null}
      {canSpend ? null : <RefusedNote id="nur-lesen" />}
      <AccountingForm
        groups={groups}
        values={{ ...values, ...error?.values }}
        error={error}
        version={version}
        refusedId={canSpend ? undefined : "nur-lesen"}
      />
    </>
  );
}

function Problems({ fields }: { fields: Record<string, string> }) {
  const problems = Object.entries(fields).map(([field, text]) => ({ field, text }));
  return (
    <div className="max-w-form">
      <ErrorSummary title="Die Angaben wurden nicht gespeichert" problems={problems} />
    </div>
  );
}
