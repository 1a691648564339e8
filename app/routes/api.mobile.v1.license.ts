import { requireDevice } from "~/auth/access.server";
import { readLicenceStatus } from "~/billing/licence-status.server";
import { database } from "~/db/client.server";
import { DomainError } from "~/errors";
import { api, methodNotAllowed } from "~/http/respond.server";

/** The gate of the device's work: refused without a running licence. */
export const loader = api(async ({ request }) => {
  const { tenantId } = await requireDevice(request);
  const licence = await readLicenceStatus(database(), tenantId);
  if (!licence.isActive) throw new DomainError("PAYMENT_REQUIRED", { shown: { validUntil: licence.validUntil } });
  return licence;
});

export const action = methodNotAllowed("GET");
