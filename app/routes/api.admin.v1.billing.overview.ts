import { requireAdmin } from "~/auth/access.server";
import { readOverview } from "~/billing/overview.server";
import { database } from "~/db/client.server";
import { api, methodNotAllowed } from "~/http/respond.server";

export const loader = api(async ({ request }) => {
  const admin = await requireAdmin(request);
  const { entitlement, credits, expiringSoon } = await readOverview(database(), admin.tenantId);
  return { entitlement, credits, expiringSoon };
});

export const action = methodNotAllowed("GET");
