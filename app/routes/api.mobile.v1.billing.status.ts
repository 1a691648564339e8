import { requireDevice } from "~/auth/access.server";
import { readLicenceStatus } from "~/billing/licence-status.server";
import { database } from "~/db/client.server";
import { api, methodNotAllowed } from "~/http/respond.server";

/** Until when the device's tenant may work: always answered. */
export const loader = api(async ({ request }) => {
  const { tenantId } = await requireDevice(request);
  return readLicenceStatus(database(), tenantId);
});

export const action = methodNotAllowed("GET");
