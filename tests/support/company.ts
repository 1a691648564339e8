import type Stripe from "stripe";
import { type Accounting, saveAccounting } from "~/billing/accounting.server";
import { placeOrder } from "~/billing/checkout.server";
import { newCustomer } from "../browser/steps";
import type { Buyer, Shop } from "./shop";

/** A company as the form gives it. Below: what Stripe's customer says of it. */
const COMPANY: Accounting = {
  legalName: "Säntis Bühnen AG",
  street: "Messeplatz 1",
  postalCode: "9000",
  city: "St. Gallen",
  country: "CH",
  vatNumber: "CHE-123.456.788 MWST",
  contactName: "Sina Säntis",
  contactEmail: "rechnung@saentis.example",
  contactPhone: "+41 71 123 45 67",
};
export const CUSTOMER = {
  name: "Säntis Bühnen AG",
  address: { line1: "Messeplatz 1", postal_code: "9000", city: "St. Gallen", country: "CH" },
  email: "rechnung@saentis.example",
  phone: "+41 71 123 45 67",
  preferred_locales: ["de"],
};
export const TAX_ID = { type: "ch_vat", value: "CHE-123.456.788 MWST" };

/** What tests do with companies in one shop; `client` is another Stripe client than the shop's. */
export function companiesOf(shop: Shop) {
  const { db, client: usual } = shop;
  const order = (buyer: Buyer, client: Stripe = usual) => {
    const request = { skuId: "lr_sku_30d_1", requestKey: null, whileOpen: false };
    return placeOrder(db.app, client, buyer, request, "https://billing.example.ch");
  };
  /** A tenant of its own. */
  const newBuyer = async (): Promise<Buyer> => {
    const { tenantId } = await newCustomer(db.owner);
    const [user] = await db.owner<{ id: string }[]>`select id from app_user where tenant_id = ${tenantId}`;
    return { tenantId, userId: String(user?.id) };
  };
  return {
    order,
    newBuyer,
    /** A tenant that has bought before and is a customer of Stripe's. */
    async newRegular(): Promise<Buyer> {
      const buyer = await newBuyer();
      await order(buyer);
      return buyer;
    },
    save: (buyer: Buyer, change: Partial<Accounting> = {}, client: Stripe = usual) =>
      saveAccounting(db.app, client, buyer, { ...COMPANY, ...change }),
    async row({ tenantId }: Buyer) {
      const [found] = await db.owner`select * from tenant_accounting where tenant_id = ${tenantId}`;
      return found;
    },
    /** The tenant's one customer and its tax ids, as Stripe has them. */
    async atStripe({ tenantId }: Buyer) {
      const everybody = await usual.customers.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
      const [customer, ...more] = everybody.filter((it) => it.metadata.tenantId === tenantId);
      if (!customer || more.length > 0) throw new Error(`The tenant has ${more.length + 1} customers, or none.`);
      const taxIds = await usual.customers.listTaxIds(customer.id);
      return { ...customer, taxIds: taxIds.data.map(({ type, value }) => ({ type, value })) };
    },
  };
}
