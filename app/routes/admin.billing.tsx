import type { LoaderFunctionArgs } from "@remix-run/node";
import { Outlet, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { readCheckoutNotice } from "~/billing/checkout-notice.server";
import { database } from "~/db/client.server";
import { pageLoader } from "~/http/respond.server";
import { checkoutToast } from "~/ui/checkout-toast";
import { Toast } from "~/ui/toast";
import { useCleanAddress, useFreshData } from "~/ui/use-fresh-data";

/** The billing room: says what became of a purchase when the buyer comes back with `?checkout=`. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const admin = await requireAdmin(request);
    const query = new URL(request.url).searchParams;
    const notice = await readCheckoutNotice(database(), admin.tenantId, {
      checkout: query.get("checkout"),
      sessionId: query.get("session_id"),
      orderId: query.get("order"),
    });
    return { toast: checkoutToast(notice), waiting: notice?.kind === "processing" };
  });
}

export default function Billing() {
  const { toast, waiting } = useLoaderData<typeof loader>();
  useFreshData(waiting);
  useCleanAddress(toast !== null);
  return (
    <>
      <Toast toast={toast} />
      <Outlet />
    </>
  );
}
