import { expireLots } from "~/billing/credits.server";
import { spendCredit } from "~/billing/licences.server";
import type { Bought, Shop } from "./books-shop";

const DAY = 86_400;
const TENANTS = ["lr_tenant_alpen", "lr_tenant_jura"];
const SKUS = ["lr_sku_30d_3", "lr_sku_365d_5", "lr_sku_30d_10", "lr_sku_slot_1", "lr_sku_365d_3"];

/**
 * Books with something of everything, made through the domain: some sixty paid orders of ten days, one of them more than a
 * year ago; credits spent, lapsed, refunded in part and in full, given back, frozen by a dispute and lost by one.
 */
export async function fillVariedBooks(shop: Shop): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const bought: Bought[] = [];
  for (let day = 0; day < 10; day++) {
    for (const [i, skuId] of SKUS.entries()) {
      bought.push(...(await shop.buy(1, { skuId, tenantId: TENANTS[(day + i) % 2] })));
    }
    await shop.deliver({ created: now - (day === 9 ? 400 : day) * DAY });
  }
  for (const tenantId of TENANTS) bought.push(...(await shop.buy(5, { tenantId })));
  await shop.deliver();
  await moveMoney(shop, bought);
  for (const tenantId of TENANTS) await spend(shop, tenantId, 20);
  await expireLots(shop.db.app);
  await shop.order(2); // never paid
}

/** Refunds and disputes of orders that still have their credits. */
async function moveMoney(shop: Shop, bought: readonly Bought[]): Promise<void> {
  const { control } = shop.stripe;
  const session = (i: number) => bought[i]?.sessionId ?? "";
  await control.refund(session(0), { amount: 4_000 });
  await control.refund(session(1));
  const failing = await control.refund(session(6));
  await shop.deliver();
  await control.failRefund(failing.id);
  await control.dispute(session(7));
  const lost = await control.dispute(session(10));
  await shop.deliver();
  await control.loseDispute(lost.id);
  await shop.deliver();
}

async function spend({ db }: Shop, tenantId: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const type = i % 2 ? "LICENSE_30D" : "LICENSE_365D";
    await spendCredit(db.app, { tenantId, type, userId: null, deviceId: null, requestKey: null });
  }
}
