import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Outlet, useLoaderData, useRouteLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { pageLoader } from "~/http/respond.server";
import { ErrorPage, errorTitle, useFailure } from "~/ui/error-page";
import { Shell } from "~/ui/shell";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = ({ error }) => [{ title: error ? errorTitle(error) : "LeadRadar" }];

export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { email, role, tenantName } = await requireAdmin(request);
    return { user: { email, role, tenantName } };
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
      <main id="inhalt" className="mx-auto max-w-form px-6 py-16">
        <ErrorPage {...failure} />
      </main>
    );
  }
  return (
    <Shell user={data.user}>
      <ErrorPage {...failure} />
    </Shell>
  );
}
