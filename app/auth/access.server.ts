import { DomainError } from "~/errors";
import { findDeviceByKey, type KnownDevice } from "./device-key.server";
import { findUser, type SignedIn } from "./session.server";

/** A signed-in user of a tenant. `canSpend`: may buy, spend and redeem (OWNER and ADMIN). */
export interface Admin extends SignedIn {
  role: "OWNER" | "ADMIN" | "VIEWER";
  canSpend: boolean;
  tenantId: string;
  tenantName: string;
}

/** Any signed-in user. Throws UNAUTHORIZED. */
export async function requireUser(request: Request): Promise<SignedIn> {
  const user = await findUser(request);
  if (!user) throw new DomainError("UNAUTHORIZED");
  return user;
}

/**
 * The user of a tenant, for everything under `/admin` and the admin API. With "spend" a VIEWER is refused.
 * Throws UNAUTHORIZED, FORBIDDEN, and NOT_FOUND for a user without a tenant, who has nothing there.
 */
export async function requireAdmin(request: Request, need?: "spend"): Promise<Admin> {
  const user = await requireUser(request);
  const { tenantId, tenantName, role } = user;
  if (tenantId === null || tenantName === null || role === null) throw new DomainError("NOT_FOUND");
  const canSpend = role !== "VIEWER";
  if (need === "spend" && !canSpend) throw new DomainError("FORBIDDEN");
  return { ...user, tenantId, tenantName, role, canSpend };
}

/**
 * Staff, for everything under `/operator`. To anybody else who is signed in it does not exist.
 * Throws UNAUTHORIZED and NOT_FOUND.
 */
export async function requireOperator(request: Request): Promise<SignedIn> {
  const user = await requireUser(request);
  if (!user.operator) throw new DomainError("NOT_FOUND");
  return user;
}

/** The device behind the header `x-api-key`, for the mobile API; no cookie counts there. Throws INVALID_API_KEY, also when it is blocked. */
export async function requireDevice(request: Request): Promise<KnownDevice> {
  const apiKey = request.headers.get("x-api-key");
  const device = apiKey ? await findDeviceByKey(apiKey) : null;
  if (!device) throw new DomainError("INVALID_API_KEY");
  return device;
}
