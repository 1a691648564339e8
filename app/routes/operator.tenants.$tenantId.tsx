import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { listChanges } from "~/billing/audit.server";
import { readOverview } from "~/billing/overview.server";
import { database } from "~/db/client.server";
import { env } from "~/env.server";
import { operatorAction } from "~/http/operator-action.server";
import { parseForm, parseQuery } from "~/http/parse.server";
import { pageLoader, refusedIn } from "~/http/respond.server";
import * as adjustments from "~/operations/adjustments.server";
import * as forms from "~/operations/tenant-forms.server";
import * as people from "~/operations/tenant-users.server";
import { changeTenant, readTenant, setTenantDisabled } from "~/operations/tenants.server";
import { COUNTRY_OPTIONS } from "~/ui/accounting-words";
import { AuditList } from "~/ui/audit-list";
import { auditRows } from "~/ui/audit-words";
import { PageHead, Toast, useCleanAddress } from "~/ui/kit";
import { Section } from "~/ui/section";
import { AdjustmentList, AdjustmentQuestion, ApproveQuestion, RejectQuestion } from "~/ui/tenant-adjustments";
import { BarQuestion, LotList, TenantForm, TenantLinks } from "~/ui/tenant-desk";
import { NewUserForm, PasswordLink, PersonQuestion, UserList } from "~/ui/tenant-users";
import {
  adjustmentPreview,
  adjustmentRows,
  approvalQuestion,
  CREDIT_OPTIONS,
  entitlementText,
  lotRows,
  personQuestion,
  ROLE_OPTIONS,
  tenantToast,
  userRows,
} from "~/ui/tenant-words";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Konto – LeadRadar" }];

const CHANGES = 30;

export function loader({ request, params, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { userId } = await requireOperator(request);
    const query = parseQuery(request, forms.deskQuery);
    const sql = database();
    const tenant = await readTenant(sql, params.tenantId ?? "");
    const [users, overview, corrections, changes] = await Promise.all([
      people.listUsers(sql, tenant.id),
      readOverview(sql, tenant.id),
      adjustments.listAdjustments(sql, { tenantId: tenant.id }),
      listChanges(sql, { tenantId: tenant.id }, null, CHANGES),
    ]);
    const rows = adjustmentRows(corrections, userId);
    const row = rows.find((it) => it.id === query.korrektur);
    const asksToAgree = query.bestaetigen === "zustimmen" && corrections.find((it) => it.id === query.korrektur);
    const foreseen = asksToAgree ? await adjustments.foreseeAdjustment(sql, asksToAgree) : null;
    const peopleRows = userRows(users);
    const toast = tenantToast(query.erledigt, tenant.disabledAt !== null, row);
    const lead = refusedIn(context) ?? toast?.title;
    return {
      title: `${lead ? `${lead}: ` : ""}${tenant.name} – LeadRadar`,
      tenant: {
        id: tenant.id,
        name: tenant.name,
        slug: tenant.slug,
        country: tenant.country,
        disabled: tenant.disabledAt !== null,
      },
      users: peopleRows,
      lots: lotRows(overview),
      entitlement: entitlementText(overview),
      corrections: rows,
      changes: auditRows(changes.items),
      // What is so already is not asked.
      ask:
        query.bestaetigen === "korrektur" || query.bestaetigen === (tenant.disabledAt ? "freigeben" : "sperren")
          ? query.bestaetigen
          : null,
      asked: { typ: query.typ ?? "LICENSE_30D", bis: query.bis ?? "" },
      rejecting: query.bestaetigen === "ablehnen" && row?.isOpen ? row : null,
      approval: approvalQuestion(row, foreseen),
      person: personQuestion(peopleRows, query.bestaetigen, query.person),
      options: { roles: ROLE_OPTIONS, countries: COUNTRY_OPTIONS, credits: CREDIT_OPTIONS },
      nonce: crypto.randomUUID(),
      toast,
    };
  });
}

/** A refusal is about what has changed meanwhile: the router is to read it again. */
export const shouldRevalidate = () => true;

export function action(args: ActionFunctionArgs) {
  const { request, params } = args;
  const id = params.tenantId ?? "";
  const done = (erledigt: string, more: Record<string, string> = {}) =>
    redirect(`/operator/tenants/${encodeURIComponent(id)}?${new URLSearchParams({ erledigt, ...more })}`, 303);
  const sql = database();
  return operatorAction(args, {
    async save(actor) {
      await changeTenant(sql, actor, id, await parseForm(request, forms.tenantForm));
      return done("gespeichert");
    },
    async disable(actor) {
      await setTenantDisabled(sql, actor, id, true, (await parseForm(request, forms.reasonForm)).grund);
      return done("gesperrt");
    },
    async enable(actor) {
      await setTenantDisabled(sql, actor, id, false, (await parseForm(request, forms.reasonForm)).grund);
      return done("frei");
    },
    async "user-add"(actor) {
      const { person, email, role } = await parseForm(request, forms.newUserForm);
      const userId = await people.addUserTo(sql, actor, id, { name: person, email, role });
      return { link: { email, url: await linkFor(actor, id, userId) } };
    },
    async "user-role"(actor) {
      const { userId, role } = await parseForm(request, forms.roleForm);
      await people.setUserRole(sql, actor, id, userId, role);
      return done("person");
    },
    async "user-disable"(actor) {
      await people.setUserDisabled(sql, actor, id, (await parseForm(request, forms.userForm)).userId, true);
      return done("person");
    },
    async "user-enable"(actor) {
      await people.setUserDisabled(sql, actor, id, (await parseForm(request, forms.userForm)).userId, false);
      return done("person");
    },
    /** The link is in this answer and nowhere else. */
    async "password-link"(actor) {
      const { userId } = await parseForm(request, forms.userForm);
      const url = await linkFor(actor, id, userId);
      const user = (await people.listUsers(sql, id)).find((it) => it.id === userId);
      return { link: { email: user?.email ?? "", url } };
    },
    /** Changes nothing: says what the correction would do. */
    async "adjust-preview"(actor) {
      const form = request.clone();
      const { typ, menge, bis } = await parseForm(request, forms.adjustmentForm);
      const wish = { tenantId: id, type: typ, delta: menge, expiresAt: bis };
      const preview = adjustmentPreview(wish, await adjustments.previewAdjustment(sql, actor, wish));
      return { preview, values: Object.fromEntries(new URLSearchParams(await form.text())) };
    },
    async adjust(actor) {
      const { typ, menge, bis, grund, nonce } = await parseForm(request, forms.adjustmentForm);
      const wish = { tenantId: id, type: typ, delta: menge, expiresAt: bis, reason: grund };
      const made = await adjustments.requestAdjustment(sql, actor, { ...wish, requestKey: `form:${nonce}` });
      return done("korrektur", { korrektur: made.id });
    },
    async approve(actor) {
      const { adjustmentId } = await parseForm(request, forms.decisionForm);
      await adjustments.approveAdjustment(sql, actor, id, adjustmentId);
      return done("korrektur", { korrektur: adjustmentId });
    },
    async reject(actor) {
      const { adjustmentId, grund } = await parseForm(request, forms.rejectionForm);
      await adjustments.rejectAdjustment(sql, actor, id, adjustmentId, grund);
      return done("korrektur", { korrektur: adjustmentId });
    },
  });
}

async function linkFor(actor: { userId: string; traceId: string }, tenantId: string, userId: string): Promise<string> {
  const token = await people.createPasswordLink(database(), actor, tenantId, userId);
  return `${env().APP_ORIGIN}/password?token=${token}`;
}

/** In which question a form stands: its refusal is shown there. */
const QUESTION_OF: Record<string, string> = {
  disable: "sperren",
  enable: "freigeben",
  "adjust-preview": "korrektur",
  adjust: "korrektur",
  reject: "ablehnen",
};

export default function Tenant() {
  const words = useLoaderData<typeof loader>();
  const { tenant, toast, ask } = words;
  const answer = useActionData<typeof action>();
  const error = answer && "error" in answer ? answer.error : null;
  const link = answer && "link" in answer ? answer.link : null;
  const preview = answer && "preview" in answer ? answer : null;
  const intent = error?.values.intent ?? "";
  const inQuestion = QUESTION_OF[intent] === (words.rejecting ? "ablehnen" : (ask ?? ""));
  const fieldless = error && Object.values(error.fields)[0];
  const inForm = inQuestion || ["save", "user-add"].includes(intent);
  useCleanAddress(toast !== null);
  return (
    <>
      <Toast
        toast={
          error && !inForm
            ? { tone: "danger", ...error.toast, ...(fieldless ? { text: fieldless } : {}) }
            : error || answer
              ? null
              : toast
        }
      />
      {link ? <PasswordLink {...link} /> : null}
      <Questions words={words} preview={preview} error={inQuestion ? error : null} />
      <Link className="link target mb-3" to="/operator/tenants">
        ← Konten
      </Link>
      <PageHead
        title={tenant.name}
        intro={words.entitlement}
        action={
          <Link id="korrektur" className="btn btn-primary" to="?bestaetigen=korrektur" preventScrollReset>
            Korrektur buchen
          </Link>
        }
      />
      <TenantLinks id={tenant.id} />
      <Desk words={words} intent={intent} error={error} />
    </>
  );
}

type Words = ReturnType<typeof useLoaderData<typeof loader>>;

interface Refusal {
  code: string;
  message: string;
  values: Record<string, string>;
  fields: Record<string, string>;
}

/** What the address asks before it is done. */
function Questions({
  words: { ask, asked, options, nonce, tenant, rejecting, approval, person },
  preview,
  error,
}: {
  words: Words;
  preview: { preview: string[]; values: Record<string, string> } | null;
  error: Refusal | null;
}) {
  if (rejecting) return <RejectQuestion row={rejecting} error={error} />;
  if (approval) return <ApproveQuestion question={approval} />;
  if (person) return <PersonQuestion question={person} />;
  if (ask === null) return null;
  if (ask !== "korrektur") return <BarQuestion bars={ask === "sperren"} name={tenant.name} error={error} />;
  return (
    <AdjustmentQuestion
      key={preview ? "preview" : "form"}
      credits={options.credits}
      values={preview?.values ?? error?.values ?? asked}
      error={error}
      preview={preview?.preview ?? null}
      nonce={nonce}
    />
  );
}

/** Everything about the tenant. `intent`: the form that was refused. */
function Desk({ words, intent, error }: { words: Words; intent: string; error: Refusal | null }) {
  const added = intent === "user-add" ? error : null;
  const saved = intent === "save" ? error : null;
  return (
    <div className="grid gap-x-14 gap-y-12 xl:grid-cols-2">
      <Section id="guthaben" title="Guthaben">
        <LotList lots={words.lots} />
      </Section>
      <Section id="korrekturen" title="Korrekturen">
        {words.corrections.length > 0 ? (
          <AdjustmentList rows={words.corrections} />
        ) : (
          <p className="text-soft">Noch keine Korrektur.</p>
        )}
      </Section>
      <Section id="personen" title="Personen">
        <UserList users={words.users} roles={words.options.roles} />
        <NewUserForm roles={words.options.roles} values={added?.values ?? {}} fields={added?.fields ?? {}} />
      </Section>
      <Section id="konto" title="Konto">
        <TenantForm
          tenant={words.tenant}
          countries={words.options.countries}
          values={saved?.values ?? {}}
          fields={saved?.fields ?? {}}
        />
      </Section>
      <Section id="aenderungen" title="Änderungen">
        {words.changes.length > 0 ? <AuditList rows={words.changes} /> : <p className="text-soft">Noch keine.</p>}
      </Section>
    </div>
  );
}
