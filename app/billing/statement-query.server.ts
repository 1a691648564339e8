import type { z } from "zod";
import type { statementQuery } from "./schemas.server";
import type { StatementFilter } from "./statement.server";

/** The filter that an address asks for; days are whole ones. */
export function statementFilter({ type, reason, from, to, at, lot }: z.infer<typeof statementQuery>): StatementFilter {
  const ends = [to?.end, at?.end].filter((end) => end !== undefined).map((end) => end.getTime());
  return {
    type: type ?? null,
    reason: reason ?? null,
    from: from?.start ?? null,
    before: ends.length > 0 ? new Date(Math.min(...ends)) : null,
    lotId: lot ?? null,
  };
}

/** The last instant of `?at=`: of a day its end. Null without it. */
export function statementInstant({ at }: z.infer<typeof statementQuery>): Date | null {
  return at ? new Date(at.end.getTime() - 1) : null;
}
