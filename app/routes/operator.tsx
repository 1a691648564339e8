import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Outlet, useLoaderData, useRouteLoaderData } from "@remix-run/react";
import { requireOperator } from "~/auth/access.server";
import { pageLoader } from "~/http/respond.server";
import { BarePage, ErrorPage, errorTitle, Shell, useFailure } from "~/ui/kit";
import { shellUser } from "~/ui/pages";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = ({ error }) => [{ title: error ? errorTitle(error) : "Betrieb – LeadRadar" }];

/** The operator's room. For anybody else there is no such room. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    return { user: shellUser(await requireOperator(request)) };
  });
}

export default function Operator() {
  const { user } = useLoaderData<typeof loader>();
  return (
    <Shell user={user} operator>
      <Outlet />
    </Shell>
  );
}

/** An error of a page inside stays inside the shell; one of the shell itself has no shell to stand in. */
export function ErrorBoundary() {
  const failure = useFailure();
  const data = useRouteLoaderData<typeof loader>("routes/operator");
  if (!data) {
    return (
      <BarePage>
        <ErrorPage {...failure} />
      </BarePage>
    );
  }
  return (
    <Shell user={data.user} operator>
      <ErrorPage {...failure} />
    </Shell>
  );
}
