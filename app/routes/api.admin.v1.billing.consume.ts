import type { ActionFunctionArgs } from "@remix-run/node";
import { requireAdmin } from "~/auth/access.server";
import { SPENDING_ACTIONS } from "~/billing/credit-types";
import { spendCredit } from "~/billing/licences.server";
import { overviewItem, readOverview } from "~/billing/overview.server";
import { consumeBody } from "~/billing/schemas.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { idempotencyKey, parseJson } from "~/http/parse.server";
import { api, methodNotAllowed } from "~/http/respond.server";

export const loader = methodNotAllowed("POST");

export const action = api(async ({ request }: ActionFunctionArgs) => {
  if (request.method !== "POST") throw new DomainError("METHOD_NOT_ALLOWED", { allow: "POST" });
  const { tenantId, userId } = await requireAdmin(request, "spend");
  const { action: asked } = await parseJson(request, consumeBody);
  const key = idempotencyKey(request);
  const requestKey = key === null ? null : `api:${key}`;
  await spendCredit(database(), { tenantId, type: SPENDING_ACTIONS[asked], userId, deviceId: null, requestKey });
  return overviewItem(await readOverview(database(), tenantId));
});
