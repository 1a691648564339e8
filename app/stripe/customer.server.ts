import type Stripe from "stripe";
import { all, expectObject } from "./payment.server";
import { APP_MARK } from "./session.server";

/** Somebody waits for the answer: before the way to the pay page, or after "Speichern". */
const PATIENCE = { timeout: 4_000, maxNetworkRetries: 1 } as const;

/** The kinds of tax ids that we write. Of these a customer, who is ours, has one at most; others are left alone. */
const OUR_TYPES: ReadonlySet<string> = new Set(["ch_vat", "ch_uid", "li_vat", "li_uid", "eu_vat", "gb_vat", "us_ein"]);

/** What Stripe is told about a tenant's company. Null: not given, and cleared at Stripe. */
export interface CustomerCard {
  tenantId: string;
  name: string;
  address: { line1: string; postal_code: string; city: string; country: string };
  email: string | null;
  phone: string | null;
  /** As the tenant has it; `taxId` is the same for Stripe. */
  vatNumber: string | null;
  taxId: { type: string; value: string } | null;
}

/**
 * Makes a Stripe customer say what the card says, its tax id included. "number refused": Stripe takes everything but the
 * tax id, and the customer has none now. Throws what the client throws, and `StripeAnswerError`.
 */
export async function updateCustomer(
  stripe: Stripe,
  customerId: string,
  card: CustomerCard,
): Promise<"taken" | "number refused"> {
  const customer = await stripe.customers.update(
    customerId,
    {
      name: card.name,
      address: card.address,
      // An empty text clears a field.
      email: card.email ?? "",
      phone: card.phone ?? "",
      preferred_locales: ["de"],
      metadata: { app: APP_MARK, tenantId: card.tenantId, vatNumber: card.vatNumber ?? "" },
    },
    PATIENCE,
  );
  expectObject(customer, "customer");
  return (await settleTaxId(stripe, customerId, card.taxId)) ? "taken" : "number refused";
}

/**
 * Leaves the wanted tax id and no other of our kinds. A tax id cannot be changed, and Stripe takes the same one twice: after
 * creating, it looks again, so that of two calls at once one tax id stays.
 */
async function settleTaxId(stripe: Stripe, customerId: string, wanted: CustomerCard["taxId"]): Promise<boolean> {
  if (await removeOthers(stripe, customerId, wanted)) return true;
  if (!wanted) return true;
  try {
    const created = await stripe.customers.createTaxId(customerId, wanted, PATIENCE);
    expectObject(created, "tax_id");
  } catch (error) {
    if (!isRefusedNumber(error)) throw error;
  }
  return removeOthers(stripe, customerId, wanted);
}

/** Deletes all tax ids of our kinds but the oldest that is the wanted one. Whether there is such a one. */
async function removeOthers(stripe: Stripe, customerId: string, wanted: CustomerCard["taxId"]): Promise<boolean> {
  const found = await all(stripe.customers.listTaxIds(customerId, { limit: 100 }, PATIENCE));
  const ours = found
    .filter(({ type }) => OUR_TYPES.has(type))
    .sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
  const kept = ours.find(({ type, value }) => type === wanted?.type && bare(value) === bare(wanted.value));
  for (const { id } of ours) if (id !== kept?.id) await remove(stripe, customerId, id);
  return kept !== undefined;
}

async function remove(stripe: Stripe, customerId: string, id: string): Promise<void> {
  const gone = await stripe.customers.deleteTaxId(customerId, id, {}, PATIENCE).catch((error) => {
    if (error.code === "resource_missing") return null;
    throw error;
  });
  if (gone) expectObject(gone, "tax_id");
}

/** Stripe may write a number in its own way. */
function bare(value: string): string {
  return value.replaceAll(/[^0-9a-z]/gi, "").toUpperCase();
}

function isRefusedNumber(error: unknown): boolean {
  const { type, code, param } = error as { type?: unknown; code?: unknown; param?: unknown };
  if (type !== "StripeInvalidRequestError") return false;
  return code === "tax_id_invalid" || code === "tax_id_prohibited" || param === "value" || param === "type";
}
