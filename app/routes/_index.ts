import { type LoaderFunctionArgs, redirect } from "@remix-run/node";
import { requireUser } from "~/auth/access.server";
import { pageLoader } from "~/http/respond.server";

/** The way in: a tenant's user goes to the overview; who has no tenant is staff, and goes to the books. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { tenantId } = await requireUser(request);
    throw redirect(tenantId === null ? "/operator/reconciliation" : "/admin/billing", 302);
  });
}
