import type { ActionFunctionArgs } from "@remix-run/node";
import { requireAdmin } from "~/auth/access.server";
import { redeemCoupon } from "~/billing/coupons.server";
import { overviewItem, readOverview } from "~/billing/overview.server";
import { redeemBody } from "~/billing/schemas.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { parseJson } from "~/http/parse.server";
import { api, methodNotAllowed } from "~/http/respond.server";

export const loader = methodNotAllowed("POST");

export const action = api(async ({ request }: ActionFunctionArgs) => {
  if (request.method !== "POST") throw new DomainError("METHOD_NOT_ALLOWED", { allow: "POST" });
  const { tenantId, userId } = await requireAdmin(request, "spend");
  const { code } = await parseJson(request, redeemBody);
  await redeemCoupon(database(), { tenantId, code, userId, deviceId: null, requestKey: null });
  return overviewItem(await readOverview(database(), tenantId));
});
