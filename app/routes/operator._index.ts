import { type LoaderFunctionArgs, redirect } from "@remix-run/node";
import { requireOperator } from "~/auth/access.server";
import { pageLoader } from "~/http/respond.server";

/** The operator's room begins with the books. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    await requireOperator(request);
    throw redirect("/operator/reconciliation", 302);
  });
}
