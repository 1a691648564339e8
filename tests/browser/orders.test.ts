import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage, picture } from "../support/browser";
import { insertOrder } from "../support/orders";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import {
  type Customer,
  complaints,
  goToPayPage,
  lastSession,
  newCustomer,
  ordersOf,
  payButton,
  signIn,
  toast,
} from "./steps";

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const row = (page: Page, n: number) => page.locator("main tbody tr").nth(n);

describe.each([
  ["with", true],
  ["without", false],
] as const)("orders %s JavaScript", (_, javaScriptEnabled) => {
  let customer: Customer;
  let page: Page;
  let context: BrowserContext;
  let problems: string[];

  beforeEach(async () => {
    customer = await newCustomer(stack.db.owner);
    ({ page, context, problems } = await openPage(browser, { javaScriptEnabled }));
    await signIn(page, stack.origin, customer.email);
  });
  afterEach(async () => {
    await context.close();
    expect(complaints(problems)).toEqual([]);
  });

  it("lead on to the payment that was left, and tell what became of it", async () => {
    await goToPayPage(page, stack.origin);
    await page.goto(`${stack.origin}/admin/billing/orders`);
    expect(await row(page, 0).innerText()).toMatch(/3 × 30 Tage[\s\S]*Zahlung offen[\s\S]*117\.00/);
    await row(page, 0).getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: "3 × 30 Tage" }).waitFor();
    await page.getByText(/Die Zahlungsseite ist bis \d\d:\d\d gültig\./).waitFor();
    await page.getByRole("link", { name: "Zahlung fortsetzen" }).click();
    await payButton(page, "CHF 117.00 bezahlen").click();
    await toast(page, "Zahlung erhalten");
    await page.getByRole("link", { name: "Bestellung ansehen" }).click();
    await page.getByText("Zahlung bestätigt").waitFor();
    expect(await page.locator("main ol h3").allInnerTexts()).toEqual([
      "Bestellung ausgelöst",
      "Weiter zu Stripe",
      "Zahlung bestätigt",
      "3 Credits gutgeschrieben",
    ]);
    expect(await page.locator("main dl").innerText()).toMatch(/LR-\d{4}-\d{6}[\s\S]*CHF 39\.00[\s\S]*3, davon 3 übrig/);

    await stack.stripe.control.refund(await lastSession(stack.db.owner, customer), { amount: 3_900 });
    await stack.stripe.control.idle();
    await page.reload();
    await page.getByText("CHF 39.00 wurden rückerstattet. 1 Credit wurde zurückgenommen.").waitFor();
    await page.getByText("Teilweise rückerstattet").waitFor();
    expect(await page.locator("main ol h3").allInnerTexts()).toEqual(
      expect.arrayContaining(["CHF 39.00 rückerstattet", "1 Credit zurückgenommen"]),
    );
    await page.getByRole("link", { name: "Im Kontoauszug ansehen" }).click();
    await page.getByText("1–2 von 2 Bewegungen, gefiltert").waitFor();
    await page
      .locator("main tbody tr")
      .first()
      .getByRole("link", { name: /Bestellung LR-/ })
      .filter({ visible: true })
      .click();
    await page.getByRole("heading", { level: 1, name: "3 × 30 Tage" }).waitFor();
  });

  it("can be bought again when they have expired", async () => {
    await goToPayPage(page, stack.origin);
    await stack.stripe.control.expire(await lastSession(stack.db.owner, customer));
    await stack.stripe.control.idle();
    const [order] = await ordersOf(stack.db.owner, customer);
    await page.goto(`${stack.origin}/admin/billing/orders/${order?.id}`);
    await page.getByText("Die Zahlungsseite ist abgelaufen. Es wurde nichts belastet.").first().waitFor();
    await page.getByRole("button", { name: /^Erneut kaufen/ }).click();
    await page.getByRole("heading", { name: "Bezahlen" }).waitFor();
    expect(await ordersOf(stack.db.owner, customer)).toHaveLength(2);
  });

  it("of another tenant are not there", async () => {
    const other = await newCustomer(stack.db.owner);
    const { id } = await insertOrder(stack.db.owner, { tenantId: other.tenantId });
    const answer = await page.goto(`${stack.origin}/admin/billing/orders/${id}`);
    expect(answer?.status()).toBe(404);
    const garbage = await page.goto(`${stack.origin}/admin/billing/orders?cursor=garbage`);
    expect(garbage?.status()).toBe(400);
    await page.getByRole("heading", { name: "Der Filter stimmt nicht" }).waitFor();
  });
});

const STATES = ["PENDING", "PROCESSING", "PAID", "PARTIALLY_REFUNDED", "REFUNDED", "EXPIRED", "FAILED", "DISPUTED"];

describe("how they look", () => {
  it("empty, in every state, one order, in print", async () => {
    const customer = await newCustomer(stack.db.owner);
    const { page, context, problems } = await openPage(browser);
    await signIn(page, stack.origin, customer.email, "/admin/billing/orders");
    await inspect(page, problems, "orders-empty");

    await goToPayPage(page, stack.origin);
    await payButton(page, "CHF 117.00 bezahlen").click();
    await toast(page, "Zahlung erhalten");
    const [paid] = await ordersOf(stack.db.owner, customer);
    for (const status of STATES.filter((it) => it !== "PAID")) {
      const { id } = await insertOrder(stack.db.owner, { tenantId: customer.tenantId });
      await stack.db.owner`
        update billing_order set status = ${status}, refunded_cents = ${status.includes("REFUNDED") ? 3_900 : 0},
          review_reason = ${status === "PROCESSING" ? "AMOUNT_MISMATCH" : null} where id = ${id}`;
    }
    await page.goto(`${stack.origin}/admin/billing/orders`);
    await inspect(page, problems, "orders");
    await page.goto(`${stack.origin}/admin/billing/orders/${paid?.id}`);
    await inspect(page, problems, "order");
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 690, height: 1000 });
    await picture(page, "order-print");
    expect(await page.getByText("Zahlungsbeleg", { exact: true }).isVisible()).toBe(true);
    expect(await page.getByRole("navigation").count()).toBe(0);
    await context.close();
  }, 90_000);
});
