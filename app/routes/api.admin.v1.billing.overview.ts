import { requireAdmin } from "~/auth/access.server";
import { overviewItem, readOverview } from "~/billing/overview.server";
import { database } from "~/db/client.server";
import { api, methodNotAllowed } from "~/http/respond.server";

export const loader = api(async ({ request }) => {
  const admin = await requireAdmin(request);
  return overviewItem(await readOverview(database(), admin.tenantId));
});

export const action = methodNotAllowed("GET");
