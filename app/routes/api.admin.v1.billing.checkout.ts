import type { ActionFunctionArgs } from "@remix-run/node";
import { requireAdmin } from "~/auth/access.server";
import { placeOrder } from "~/billing/checkout.server";
import { checkoutBody } from "~/billing/schemas.server";
import { database } from "~/db/client.server";
import { env } from "~/env.server";
import { DomainError } from "~/errors";
import { idempotencyKey, parseJson } from "~/http/parse.server";
import { api, methodNotAllowed } from "~/http/respond.server";
import { stripeClient } from "~/stripe/gateway.server";

export const loader = methodNotAllowed("POST");

export const action = api(async ({ request }: ActionFunctionArgs) => {
  if (request.method !== "POST") throw new DomainError("METHOD_NOT_ALLOWED", { allow: "POST" });
  const admin = await requireAdmin(request, "spend");
  const { skuId } = await parseJson(request, checkoutBody);
  const key = idempotencyKey(request);
  const click = { skuId, requestKey: key === null ? null : `api:${key}`, whileOpen: false };
  return placeOrder(database(), stripeClient(), admin, click, env().APP_ORIGIN);
});
