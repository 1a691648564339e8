import { z } from "zod";

const id = z
  .string()
  .regex(/^\d{1,15}$/, "Diese Seite gibt es nicht.")
  .transform(Number)
  .optional();

/** `/operator/reconciliation`: which page of runs, which run is open, which sums, and what was asked for just now. */
export const reconciliationQuery = z.object({
  cursor: z.string().optional(),
  bericht: id,
  abgleich: id,
  pruefung: id,
  monat: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/, "Ein Monat wie 2026-11.")
    .optional(),
  waehrung: z
    .string()
    .regex(/^[A-Z]{3}$/, "Eine Währung wie CHF.")
    .optional(),
});
