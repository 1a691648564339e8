import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { database } from "~/db/client.server";
import { NEWEST_MIGRATION } from "~/db/schema.server";
import { env, isLivemode } from "~/env.server";
import { operatorAction } from "~/http/operator-action.server";
import { pageLoader } from "~/http/respond.server";
import { readHealth } from "~/operations/health.server";
import { STRIPE_API_VERSION, stripeClient } from "~/stripe/gateway.server";
import { Badge } from "~/ui/badge";
import { formatDateTime } from "~/ui/format";
import { type HealthLine, healthLines } from "~/ui/health-words";
import { Icon, PageHead } from "~/ui/kit";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = () => [{ title: "Zustand – LeadRadar" }];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    const setting = { livemode: isLivemode(env()), apiVersion: STRIPE_API_VERSION, expectedSchema: NEWEST_MIGRATION };
    const lines = healthLines(await readHealth(database(), stripeClient(), setting));
    return { lines, at: formatDateTime(new Date()) };
  });
}

/** Nothing is done here; the guard stands all the same, so that to strangers the page does not exist. */
export function action(args: ActionFunctionArgs) {
  return operatorAction(args, {});
}

export default function HealthPage() {
  const { lines, at } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHead
        title="Zustand"
        intro="Dieselben Werte wie /metrics und /readyz."
        action={
          <Link className="btn btn-secondary" to="/operator/health" reloadDocument>
            <Icon name="loop" /> Stand aktualisieren
          </Link>
        }
      />
      <dl className="max-w-4xl border-line border-t">
        {lines.map((line) => (
          <Line key={line.key} line={line} />
        ))}
      </dl>
      <p className="mt-4 text-sm text-mute">
        Stand {at}. Ob Stripe antwortet, wird höchstens alle 30 Sekunden gefragt.
      </p>
    </>
  );
}

const ICON = { positive: "check-circle", notice: "clock", danger: "alert", neutral: "minus-circle" } as const;

function Line({ line: { key, name, value, tone, badge, advice, to } }: { line: HealthLine }) {
  return (
    <div
      className="grid gap-x-6 gap-y-1 border-line border-b py-3 sm:grid-cols-[1fr_auto]"
      data-testid={`zustand-${key}`}
    >
      <dt className="text-soft">{name}</dt>
      <dd className="flex flex-wrap items-center gap-x-4 gap-y-1 sm:justify-end">
        <span>{value}</span>
        <Badge tone={tone} icon={<Icon name={ICON[tone]} className="size-3.5" />}>
          {badge}
        </Badge>
      </dd>
      {advice || to ? (
        <dd className="text-soft sm:col-span-2">
          {advice}{" "}
          {to ? (
            <Link className="link" to={to.to}>
              {to.label}
            </Link>
          ) : null}
        </dd>
      ) : null}
    </div>
  );
}
