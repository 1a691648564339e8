import { type LoaderFunctionArgs, redirect } from "@remix-run/node";
import { requireAdmin } from "~/auth/access.server";
import { pageLoader } from "~/http/respond.server";

/** The room itself has no page; without this it would be the shell around nothing. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireAdmin(request);
    return redirect("/admin/billing", 302);
  });
}
