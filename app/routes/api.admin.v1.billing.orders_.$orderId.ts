import { requireAdmin } from "~/auth/access.server";
import { readOrder } from "~/billing/order-history.server";
import { database } from "~/db/client.server";
import { api, methodNotAllowed } from "~/http/respond.server";

export const loader = api(async ({ request, params }) => {
  const { tenantId } = await requireAdmin(request);
  return readOrder(database(), tenantId, params.orderId ?? "");
});

export const action = methodNotAllowed("GET");
