import type Stripe from "stripe";
import { z } from "zod";
import { type Db, type Sql, type Tx, transaction } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { updateCustomer } from "~/stripe/customer.server";
import { isStripeTrouble } from "~/stripe/payment.server";
import { type AccountingValues, accountingProblems } from "./accounting-form";
import { recordChange } from "./audit.server";
import { type Country, isCountry } from "./countries";
import { withDeadline } from "./deadline";
import { readVatNumber, stripeTaxId } from "./vat-number";

/** How long "Speichern" waits for Stripe; what was typed is saved before. */
const DEADLINE_MS = 6_000;
/** How often a customer is told again because somebody saved meanwhile. */
const ROUNDS = 3;

const typed = z
  .string()
  .default("")
  .transform((text) => text.normalize("NFC").trim());

/** The posted form. Every field that is wrong has its own sentence; the UID is normalised, an empty field is none. */
export const accountingForm = z
  .object({
    legalName: typed,
    street: typed,
    postalCode: typed,
    city: typed,
    country: typed,
    vatNumber: typed,
    contactName: typed,
    contactEmail: typed,
    contactPhone: typed,
  })
  .transform((form, context): Accounting => {
    const { country } = form;
    for (const [field, message] of Object.entries(accountingProblems(form))) {
      context.addIssue({ code: "custom", path: [field], message });
    }
    if (!isCountry(country)) return z.NEVER;
    return {
      ...form,
      country,
      vatNumber: form.vatNumber ? readVatNumber(form.vatNumber, country) : null,
      contactName: form.contactName || null,
      contactEmail: form.contactEmail || null,
      contactPhone: form.contactPhone || null,
    };
  });

/** Who is billed, as it stands on receipts. */
export interface Accounting {
  legalName: string;
  street: string;
  postalCode: string;
  city: string;
  country: Country;
  vatNumber: string | null;
  contactName: string | null;
  contactEmail: string | null;
  contactPhone: string | null;
}

/** What the page shows of it. */
export interface AccountingState {
  values: AccountingValues;
  /** Changes with each save. */
  version: string;
  /** Who saved last; null while nothing was. */
  savedBy: string | null;
  /** The tenant's customer at Stripe does not know it yet. Without a customer there is nothing to know. */
  stripeWaits: boolean;
}

/** A tenant's company as saved; before that, as far as the tenant itself says it. Throws NOT_FOUND. */
export async function readAccounting(db: Db, tenantId: string): Promise<AccountingState> {
  const [row] = await db<(AccountingValues & Omit<AccountingState, "values">)[]>`
    select coalesce(a.legal_name, t.name) as legal_name, coalesce(a.street, '') as street,
      coalesce(a.postal_code, '') as postal_code, coalesce(a.city, '') as city, coalesce(a.country, t.country) as country,
      coalesce(a.vat_number, '') as vat_number, coalesce(a.contact_name, '') as contact_name,
      coalesce(a.contact_email, '') as contact_email, coalesce(a.contact_phone, '') as contact_phone,
      coalesce(extract(epoch from a.updated_at)::text, '') as version, a.updated_by as saved_by, coalesce(a.stripe_due, false) and t.stripe_customer_id is not null as stripe_waits
    from tenant t left join tenant_accounting a on a.tenant_id = t.id where t.id = ${tenantId}`;
  if (!row) throw new DomainError("NOT_FOUND");
  const { version, savedBy, stripeWaits, ...values } = row;
  return { values, version, savedBy, stripeWaits };
}

/**
 * Saves a tenant's company, then tells Stripe, if the tenant has a customer there. What was typed is saved whatever Stripe
 * does: away or too slow, the customer is told before the next purchase. "number refused": Stripe does not take the
 * UID/MWST number.
 */
export async function saveAccounting(
  sql: Sql,
  stripe: Stripe,
  admin: { tenantId: string; userId: string; traceId?: string },
  company: Accounting,
): Promise<"saved" | "number refused"> {
  const { tenantId } = admin;
  await transaction(sql, (tx) => keep(tx, admin, company));
  const [tenant] = await sql<{ stripeCustomerId: string | null }[]>`
    select stripe_customer_id from tenant where id = ${tenantId}`;
  if (!tenant?.stripeCustomerId) return "saved";
  try {
    const telling = tellStripe(sql, stripe, tenantId, tenant.stripeCustomerId);
    const told = await withDeadline(telling, DEADLINE_MS, () => new DomainError("STRIPE_UNAVAILABLE"));
    return told === "number refused" ? told : "saved";
  } catch (error) {
    if (error instanceof DomainError && error.code === "STRIPE_UNAVAILABLE") return "saved";
    throw error;
  }
}

/** Writes the company and, in the same transaction, who changed it. */
async function keep(
  tx: Tx,
  { tenantId, userId, traceId = "" }: { tenantId: string; userId: string; traceId?: string },
  company: Accounting,
): Promise<void> {
  const { legalName, street, postalCode, city, country, vatNumber, contactName, contactEmail, contactPhone } = company;
  const [before] = await tx<Accounting[]>`
    select legal_name, street, postal_code, city, country, vat_number, contact_name, contact_email, contact_phone
    from tenant_accounting where tenant_id = ${tenantId} for update`;
  await tx`
    insert into tenant_accounting as a (tenant_id, legal_name, street, postal_code, city, country, vat_number, contact_name,
      contact_email, contact_phone, stripe_due, updated_by, updated_at)
    values (${tenantId}, ${legalName}, ${street}, ${postalCode}, ${city}, ${country}, ${vatNumber}, ${contactName},
      ${contactEmail}, ${contactPhone}, true, ${userId}, clock_timestamp())
    on conflict (tenant_id) do update
    set legal_name = excluded.legal_name, street = excluded.street, postal_code = excluded.postal_code,
      city = excluded.city, country = excluded.country, vat_number = excluded.vat_number,
      contact_name = excluded.contact_name, contact_email = excluded.contact_email, contact_phone = excluded.contact_phone,
      stripe_due = true, updated_by = excluded.updated_by,
      updated_at = greatest(excluded.updated_at, a.updated_at + interval '1 microsecond')`;
  await recordChange(
    tx,
    { userId, traceId },
    {
      action: "ACCOUNTING_CHANGED",
      subject: { type: "TENANT", id: tenantId },
      tenantId,
      before: before ? { ...before } : null,
      after: { ...company },
      reason: null,
    },
  );
}

/**
 * Makes the tenant's Stripe customer say what is saved. No transaction is open meanwhile: `stripe_due` ends only if nobody
 * has saved since it was read, and begins again if somebody has, because the older words may have reached Stripe last.
 * A tax id that Stripe refuses is not tried again until the next save. Throws STRIPE_UNAVAILABLE.
 */
export async function tellStripe(
  sql: Sql,
  stripe: Stripe,
  tenantId: string,
  customerId: string,
): Promise<"taken" | "number refused"> {
  let answer: "taken" | "number refused" = "taken";
  for (let round = 1; round <= ROUNDS; round++) {
    const [company] = await sql<(Accounting & { version: string })[]>`
      select legal_name, street, postal_code, city, country, vat_number, contact_email, contact_phone,
        extract(epoch from updated_at)::text as version
      from tenant_accounting where tenant_id = ${tenantId}`;
    if (!company) return answer;
    answer = await updateCustomer(stripe, customerId, cardOf(tenantId, company)).catch((error) => {
      throw isStripeTrouble(error) ? new DomainError("STRIPE_UNAVAILABLE", {}, { cause: error }) : error;
    });
    const [row] = await sql<{ stripeDue: boolean }[]>`
      update tenant_accounting set stripe_due = extract(epoch from updated_at)::text <> ${company.version}
      where tenant_id = ${tenantId} returning stripe_due`;
    if (!row?.stripeDue) return answer;
  }
  return answer;
}

function cardOf(tenantId: string, company: Accounting) {
  const { legalName, street, postalCode, city, country, vatNumber, contactEmail, contactPhone } = company;
  return {
    tenantId,
    name: legalName,
    address: { line1: street, postal_code: postalCode, city, country },
    email: contactEmail,
    phone: contactPhone,
    vatNumber,
    taxId: vatNumber ? stripeTaxId(vatNumber, country) : null,
  };
}
