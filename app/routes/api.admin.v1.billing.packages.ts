import { requireAdmin } from "~/auth/access.server";
import { listActiveSkus } from "~/billing/catalog.server";
import { database } from "~/db/client.server";
import { api, methodNotAllowed } from "~/http/respond.server";

export const loader = api(async ({ request }) => {
  await requireAdmin(request);
  return { items: await listActiveSkus(database()) };
});

export const action = methodNotAllowed("GET");
