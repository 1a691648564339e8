import { requireAdmin } from "~/auth/access.server";
import { listOrders, ORDER_KEY } from "~/billing/order-history.server";
import { readCursor } from "~/billing/paging.server";
import { listQuery } from "~/billing/schemas.server";
import { database } from "~/db/client.server";
import { parseQuery } from "~/http/parse.server";
import { api, methodNotAllowed } from "~/http/respond.server";

export const loader = api(async ({ request }) => {
  const { tenantId } = await requireAdmin(request);
  const query = parseQuery(request, listQuery);
  const cursor = readCursor(query.cursor ?? null, ORDER_KEY);
  const page = await listOrders(database(), tenantId, cursor, query.limit);
  return { items: page.items, nextCursor: page.older };
});

export const action = methodNotAllowed("GET");
