import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser";
import { deliver, sessionEvent } from "../support/events";
import { insertOrder } from "../support/orders";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { type Customer, complaints, goToPayPage, newCustomer, ordersOf, payButton, signIn, toast } from "./steps";

const STAFF = "operator@leadradar.example";

let stack: Stack;
let browser: Browser;
beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

/** A customer who has bought ten licences. */
async function paidOrder(): Promise<{ customer: Customer; orderId: string; session: string }> {
  const customer = await newCustomer(stack.db.owner);
  const { page, context } = await openPage(browser);
  await signIn(page, stack.origin, customer.email);
  await goToPayPage(page, stack.origin, "10 Lizenzen für 30 Tage");
  await payButton(page, "CHF 290.00 bezahlen").click();
  await toast(page, "Zahlung erhalten");
  await context.close();
  const [order] = await ordersOf(stack.db.owner, customer);
  return { customer, orderId: order?.id ?? "", session: order?.session ?? "" };
}

describe.each([
  ["with", true],
  ["without", false],
] as const)("orders of all tenants, %s JavaScript", (_, javaScriptEnabled) => {
  let page: Page;
  let context: BrowserContext;
  let problems: string[];
  beforeEach(async () => {
    ({ page, context, problems } = await openPage(browser, { javaScriptEnabled }));
  });
  afterEach(async () => {
    await context.close();
    expect(complaints(problems)).toEqual([]);
  });

  const search = async (text: string) => {
    await page.getByRole("searchbox", { name: "Suche" }).fill(text);
    await page.getByRole("button", { name: "Filtern" }).click();
    await page.waitForURL((url) => url.searchParams.get("suche") === text);
    return page.getByRole("row").count();
  };

  it("are found by all that names them", async () => {
    const { customer, orderId, session } = await paidOrder();
    const [order] = await stack.db.owner<{ number: string; intent: string; charge: string }[]>`
      select number, stripe_payment_intent_id as intent, stripe_charge_id as charge from billing_order where id = ${orderId}`;
    await signIn(page, stack.origin, STAFF, "/operator/orders");
    const names = [orderId, order?.number, session, order?.intent, customer.email.toUpperCase(), customer.tenantId];
    for (const name of names) expect(await search(name ?? ""), name).toBe(2);
    await search("gibt-es-nicht");
    await page.getByText("Keine Bestellung passt zu diesem Filter.").waitFor();
  });

  it("are paid back in part, after the cost was shown, and the credits go with the money", async () => {
    const { orderId } = await paidOrder();
    await signIn(page, stack.origin, STAFF, `/operator/orders/${orderId}`);
    await page.getByRole("link", { name: "Rückerstatten" }).click();
    const question = page.getByRole("dialog", { name: "Rückerstatten?" });
    await question.getByText("Zurückgenommen werden 10 von 10 Credits.").waitFor();
    await question.getByLabel("Betrag in CHF").fill("145,00");
    await question.getByRole("button", { name: "Vorschau" }).click();
    await question.getByText("Zurückgenommen werden 5 von 10 Credits.").waitFor();
    await question.getByRole("button", { name: "Rückerstatten" }).click();
    await question.getByRole("alert").getByText("Geben Sie den Grund an.").waitFor();
    await question.getByLabel("Grund").fill("Halbe Messe fiel aus");
    await question.getByRole("button", { name: "Rückerstatten" }).click();
    expect(await toast(page, "Rückerstattung ausgelöst")).toContain("Rückerstattet sind CHF 145.00.");
    await page.getByText("Teilweise rückerstattet", { exact: true }).waitFor();
    await page.getByText("von Stripe angenommen", { exact: true }).waitFor();
    await page.getByText("Rückerstattung verlangt").waitFor();
    const [lot] = await stack.db.owner<{ left: number }[]>`
      select b.quantity as left from tenant_credit_balance b join billing_order o on o.tenant_id = b.tenant_id where o.id = ${orderId}`;
    expect(lot?.left).toBe(5);
  });

  it("in review are looked into, and the note stays", async () => {
    const { tenantId } = await newCustomer(stack.db.owner);
    const order = await insertOrder(stack.db.owner, { tenantId });
    await deliver(stack.origin, sessionEvent(order, "completed", { amount_total: 1, amount_subtotal: 1 }));
    await signIn(page, stack.origin, STAFF, `/operator/orders?pruefung=1&tenant=${tenantId}`);
    await page.getByRole("row").nth(1).getByRole("link").first().click();
    await page.getByText("Betrag stimmt nicht mit der Bestellung überein").waitFor();
    await page.getByRole("link", { name: "Prüfung abschliessen" }).click();
    await page.getByText("Es wird nichts gutgeschrieben.").waitFor();
    await page.getByLabel("Vermerk").fill("Zahlung zurückgegeben");
    await page.getByRole("dialog").getByRole("button", { name: "Prüfung abschliessen" }).click();
    await toast(page, "Prüfung abgeschlossen");
    await page.getByText("«Zahlung zurückgegeben»").waitFor();
    expect(await page.getByText("In Prüfung").count()).toBe(0);
  });
});

it("how they look: list, order, question", async () => {
  const { orderId } = await paidOrder();
  const { page, context, problems } = await openPage(browser);
  await signIn(page, stack.origin, STAFF, "/operator/orders");
  await inspect(page, problems, "operator-orders");
  await page.goto(`${stack.origin}/operator/orders/${orderId}`);
  await inspect(page, problems, "operator-order");
  await page.goto(`${stack.origin}/operator/orders/${orderId}?bestaetigen=rueckerstatten`);
  await inspect(page, problems, "operator-refund", "dialog");
  const ask = (status: string, change: { failure?: string; refund?: string } = {}) => stack.db.owner<{ id: string }[]>`
    insert into refund_request (order_id, tenant_id, amount_cents, reason, requested_by, request_key, status, failure, stripe_refund_id)
    select id, tenant_id, 2900, 'Halbe Messe fiel aus', 'lr_user_operator', ${status}, ${status}, ${change.failure ?? null},
      ${change.refund ?? null} from billing_order where id = ${orderId} returning id`;
  await ask("REFUSED", { failure: "charge_disputed: Charge ch_1 has been charged back; cannot issue a refund." });
  await ask("SENT", { refund: "re_1" });
  const [open] = await ask("OPEN");
  await stack.db.owner`
    update billing_order set review_reason = 'AMOUNT_MISMATCH: expected 29000, received 19000' where id = ${orderId}`;
  await stack.db.owner`
    update stripe_event set status = 'FAILED', error_message = 'AMOUNT_MISMATCH: expected 29000, received 19000'
    where order_id = ${orderId} and type = 'checkout.session.completed'`;
  await page.goto(`${stack.origin}/operator/orders/${orderId}?auftrag=${open?.id}`);
  await page.getByText("Stripe hat nicht geantwortet", { exact: true }).waitFor();
  await inspect(page, problems, "operator-order-doubts");
  const weight = await page.evaluate(() =>
    (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
      .filter(({ name }) => name.endsWith(".js"))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  );
  expect(weight).toBeGreaterThan(50_000);
  expect(weight).toBeLessThanOrEqual(110 * 1024);
  await context.close();
});
