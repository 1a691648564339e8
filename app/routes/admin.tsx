import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Outlet, useLoaderData, useRouteLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { pageLoader } from "~/http/respond.server";
import { BarePage, ErrorPage, errorTitle, Shell, useFailure } from "~/ui/kit";
import { shellUser } from "~/ui/pages";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = ({ error }) => [{ title: error ? errorTitle(error) : "LeadRadar" }];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    return { user: shellUser(await requireAdmin(request)) };
  });
}

export default function Admin() {
  const { user } = useLoaderData<typeof loader>();
  return (
    <Shell user={user}>
      <Outlet />
    </Shell>
  );
}

/** An error of a page inside stays inside the shell; one of the shell itself has no shell to stand in. */
export function ErrorBoundary() {
  const failure = useFailure();
  const data = useRouteLoaderData<typeof loader>("routes/admin");
  if (!data) {
    return (
      <BarePage>
        <ErrorPage {...failure} />
      </BarePage>
    );
  }
  return (
    <Shell user={data.user}>
      <ErrorPage {...failure} />
    </Shell>
  );
}
