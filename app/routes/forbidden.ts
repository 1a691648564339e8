import { DomainError } from "~/errors";
import { api } from "~/http/respond.server";

/** Where the hook sends a state-changing request from a foreign origin (app/http/hooks.server.ts). */
export const action = api(async () => {
  throw new DomainError("FORBIDDEN");
});

export const loader = action;
