import type { ActionFunctionArgs } from "@remix-run/node";
import { requireDevice } from "~/auth/access.server";
import { redeemAndActivate } from "~/billing/coupons.server";
import { readLicenceStatus } from "~/billing/licence-status.server";
import { redeemBody } from "~/billing/schemas.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { parseJson } from "~/http/parse.server";
import { api, methodNotAllowed } from "~/http/respond.server";

export const loader = methodNotAllowed("POST");

/** Redeems a code and extends the licence with one credit of it. */
export const action = api(async ({ request }: ActionFunctionArgs) => {
  if (request.method !== "POST") throw new DomainError("METHOD_NOT_ALLOWED", { allow: "POST" });
  const { tenantId, deviceId } = await requireDevice(request);
  const { code } = await parseJson(request, redeemBody);
  await redeemAndActivate(database(), { tenantId, code, userId: null, deviceId, requestKey: null });
  return readLicenceStatus(database(), tenantId);
});
