import { DomainError } from "~/errors";
import { api } from "~/http/respond.server";

/** Every unknown `/api/…` path, in the envelope. */
export const loader = api(async () => {
  throw new DomainError("NOT_FOUND");
});

export const action = loader;
