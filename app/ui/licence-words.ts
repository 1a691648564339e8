import type { LicenceActivation } from "~/billing/licences.server";
import { formatDateTime } from "./format";
import { CREDIT_NAME } from "./words.de";

/** An activation as its row says it. */
export interface ActivationWords {
  id: string;
  name: string;
  from: string;
  until: string;
  state: "runs" | "follows" | "over";
  who: string;
  /** The movements of the lot that the credit came from. */
  lotUrl: string | null;
}

/** Words for the rows of the activations. Run by the loader. */
export function activationWords(rows: LicenceActivation[], now: Date): ActivationWords[] {
  return rows.map(({ id, type, validFrom, validUntil, actor, lotId }) => ({
    id,
    name: CREDIT_NAME[type],
    from: formatDateTime(validFrom),
    until: formatDateTime(validUntil),
    state: validUntil <= now ? "over" : validFrom > now ? "follows" : "runs",
    who: actor ?? "LeadRadar",
    lotUrl: lotId ? `/admin/billing/ledger?lot=${encodeURIComponent(lotId)}` : null,
  }));
}
