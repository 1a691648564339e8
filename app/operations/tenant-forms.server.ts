import { z } from "zod";
import { COUNTRIES } from "~/billing/countries";
import { CREDIT_TYPES } from "~/billing/credit-types";
import { parseMoment } from "~/billing/expiry";
import { nonce, plainText } from "~/billing/schemas.server";
import { line, reason, wholeNumber } from "./texts.server";

const email = line(320, "Geben Sie eine E-Mail-Adresse wie name@firma.ch ein.").pipe(
  z.email("Geben Sie eine E-Mail-Adresse wie name@firma.ch ein."),
);
const country = z.enum(COUNTRIES, { message: "Wählen Sie ein Land." });
const role = z.enum(["OWNER", "ADMIN", "VIEWER"], { message: "Wählen Sie eine Rolle." });
const tenantName = line(120, "Geben Sie den Namen des Kontos ein.");
const personName = line(120, "Geben Sie den Namen der Person ein.");

export const tenantQuery = z.object({ cursor: z.string().optional(), suche: plainText(200).optional() });

/** «Konto anlegen». The nonce becomes part of the tenant's id, which stands in addresses. */
export const newTenantForm = z.object({
  name: tenantName,
  country,
  person: personName,
  email,
  nonce: nonce.regex(/^[\w-]{8,64}$/),
});

export const tenantForm = z.object({ name: tenantName, country });
export const reasonForm = z.object({ grund: reason });
export const newUserForm = z.object({ person: personName, email, role });
export const userForm = z.object({ userId: plainText(100) });
export const roleForm = z.object({ userId: plainText(100), role });
export const decisionForm = z.object({ adjustmentId: plainText(100) });
export const rejectionForm = decisionForm.extend({ grund: reason });

/** «Korrektur buchen»: which credits, how many more or less, until when they can be used, and why. */
export const adjustmentForm = z.object({
  typ: z.enum(CREDIT_TYPES, { message: "Wählen Sie einen Credit." }),
  menge: wholeNumber(-10_000, 10_000, "Geben Sie eine ganze Zahl wie 5 oder -2 ein.").refine(
    (count) => count !== 0,
    "Geben Sie eine Zahl über oder unter 0 ein.",
  ),
  bis: z.string({ message: "Geben Sie ein Datum wie 22.11.2026 ein." }).transform((text, context) => {
    const day = parseMoment(text);
    // A day, not an instant: lots end with a local day.
    if (day && day.end.getTime() - day.start.getTime() > 1_000) return day.end;
    context.addIssue({ code: "custom", message: "Geben Sie ein Datum wie 22.11.2026 ein." });
    return z.NEVER;
  }),
  grund: reason,
  nonce,
});

/** What the page of a tenant asks, and what it was told just now. */
export const deskQuery = z.object({
  bestaetigen: z
    .enum(["sperren", "freigeben", "korrektur", "zustimmen", "ablehnen", "person-sperren", "person-link"])
    .optional()
    .catch(undefined),
  korrektur: z.string().max(100).optional().catch(undefined),
  person: z.string().max(100).optional().catch(undefined),
  typ: z.enum(CREDIT_TYPES).optional().catch(undefined),
  bis: z.string().max(30).optional().catch(undefined),
  erledigt: z.enum(["gespeichert", "gesperrt", "frei", "person", "korrektur"]).optional().catch(undefined),
});

/** The form behind a password link. */
export const passwordForm = z
  .object({
    // Whatever it is: one that is none answers as one that is used.
    token: z.string().max(1_000).default(""),
    password: z
      .string({ message: "Geben Sie ein Passwort ein." })
      .min(12, "Mindestens 12 Zeichen.")
      .max(1_000, "Höchstens 1’000 Zeichen."),
    again: z.string({ message: "Geben Sie das Passwort nochmals ein." }),
  })
  .refine((it) => it.password === it.again, { path: ["again"], message: "Die beiden Passwörter sind verschieden." });
