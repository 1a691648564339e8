import type { LoaderFunctionArgs } from "@remix-run/node";
import { Outlet, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { readCheckoutNotice, settleReturn } from "~/billing/checkout-notice.server";
import { readRedemption } from "~/billing/coupons.server";
import { grantedCredits } from "~/billing/credit-types";
import { creditExpiry } from "~/billing/expiry";
import { readActivation } from "~/billing/licences.server";
import { database } from "~/db/client.server";
import { pageLoader, sameAddress } from "~/http/respond.server";
import { stripeClient } from "~/stripe/gateway.server";
import { checkoutToast } from "~/ui/checkout-toast";
import { Toast, type ToastContent, useCleanAddress } from "~/ui/kit";
import { activationToast, grantedSentence } from "~/ui/spending-words";
import { useFreshData } from "~/ui/use-fresh-data";

/**
 * The billing room: says what became of a purchase when the buyer comes back with `?checkout=`, and books it if the
 * webhook has not. Then the page is asked for again, so that every part of it shows the new state.
 */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const admin = await requireAdmin(request);
    const query = new URL(request.url).searchParams;
    const back = {
      checkout: query.get("checkout"),
      sessionId: query.get("session_id"),
      orderId: query.get("order"),
    };
    if (await settleReturn(database(), stripeClient(), admin.tenantId, back)) throw sameAddress(request);
    const notice = await readCheckoutNotice(database(), admin.tenantId, back);
    const toast = checkoutToast(notice) ?? (await doneToast(admin.tenantId, query));
    return { toast, waiting: notice?.kind === "processing" };
  });
}

/** What the person has just done here: the address names it, the database says what came of it. Another tenant's is 404. */
async function doneToast(tenantId: string, query: URLSearchParams): Promise<ToastContent | null> {
  const [activated, redeemed] = [query.get("aktiviert"), query.get("eingeloest")];
  if (activated) return activationToast(await readActivation(database(), tenantId, activated));
  if (!redeemed) return null;
  const redemption = await readRedemption(database(), tenantId, redeemed);
  const expiresAt = creditExpiry(redemption.redeemedAt, redemption.creditExpiresInDays);
  const text = grantedSentence(grantedCredits(redemption), expiresAt);
  return { tone: "positive", title: "Gutscheincode eingelöst", text };
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
