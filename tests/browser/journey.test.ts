import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import {
  buyButton,
  type Customer,
  complaints,
  credits,
  goToPayPage,
  lastSession,
  newCustomer,
  ordersOf,
  payButton,
  signIn,
  toast,
  untilCredits,
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

describe.each([
  ["with", true],
  ["without", false],
] as const)("a purchase %s JavaScript", (_, javaScriptEnabled) => {
  let customer: Customer;
  let page: Page;
  let context: BrowserContext;
  let problems: string[];

  beforeEach(async () => {
    customer = await newCustomer(stack.db.owner);
    ({ page, context, problems } = await openPage(browser, { javaScriptEnabled }));
  });
  afterEach(async () => {
    await context.close();
    expect(complaints(problems)).toEqual([]);
  });

  it("leads from the login over the package and the payment back to the credits, and out", async () => {
    await page.goto(`${stack.origin}/admin/billing`);
    expect(page.url()).toBe(`${stack.origin}/login?redirectTo=%2Fadmin%2Fbilling`);
    await signIn(page, stack.origin, customer.email);
    expect(await credits(page)).toBe(0);

    await page.getByRole("link", { name: "Pakete", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Pakete" }).waitFor();
    await buyButton(page, "3 Lizenzen für 30 Tage").click();
    await payButton(page, "CHF 117.00 bezahlen").click();

    const text = await toast(page, "Zahlung erhalten");
    expect(text).toMatch(
      /Zahlung erhalten 3 × 30 Tage sind gutgeschrieben, gültig bis und mit \d\d\.\d\d\.20\d\d\. Bestellung ansehen$/,
    );
    expect(await page.title()).toBe("Zahlung erhalten: Übersicht – LeadRadar");
    expect(await credits(page)).toBe(3);
    expect((await ordersOf(stack.db.owner, customer)).map((order) => order.status)).toEqual(["PAID"]);

    await page.locator("summary:visible").filter({ hasText: "Inhaber/in" }).click();
    await page.getByRole("button", { name: "Abmelden" }).click();
    await page.getByText("Sie sind abgemeldet.").waitFor();
    await page.goto(`${stack.origin}/admin/billing`);
    expect(new URL(page.url()).pathname).toBe("/login");
  });

  it("that is cancelled says so and books nothing", async () => {
    await signIn(page, stack.origin, customer.email);
    await goToPayPage(page, stack.origin);
    await payButton(page, "Abbrechen").click();
    expect(await toast(page, "Kauf abgebrochen")).toContain("Solange Sie nicht bezahlen, wird nichts belastet.");
    expect(await credits(page)).toBe(0);
  });

  it("whose card is declined stays on the pay page and can still be paid", async () => {
    await signIn(page, stack.origin, customer.email);
    await goToPayPage(page, stack.origin);
    await payButton(page, "Karte abgelehnt").click();
    await page.getByRole("alert").getByText("Karte abgelehnt. Versuchen Sie es nochmals.").waitFor();
    expect(page.url()).toContain("/c/pay/");
    await payButton(page, "CHF 117.00 bezahlen").click();
    await toast(page, "Zahlung erhalten");
    expect(await credits(page)).toBe(3);
  });

  it("that is paid later waits, then shows the credits", async () => {
    await signIn(page, stack.origin, customer.email);
    await goToPayPage(page, stack.origin);
    await payButton(page, "Später bezahlen").click();
    expect(await toast(page, "Zahlung wird verarbeitet")).not.toContain("gutgeschrieben");
    expect(await page.title()).toBe("Zahlung wird verarbeitet: Übersicht – LeadRadar");
    expect(await credits(page)).toBe(0);

    const settledAt = performance.now();
    await stack.stripe.control.settle(await lastSession(stack.db.owner, customer));
    if (!javaScriptEnabled) {
      await stack.stripe.control.idle();
      await page.getByRole("link", { name: "Status aktualisieren" }).click();
    }
    await toast(page, "Zahlung erhalten");
    await untilCredits(page, 3);
    const waited = performance.now() - settledAt;
    if (javaScriptEnabled) {
      console.log(`From the payment's confirmation to the credits on the open page: ${Math.round(waited)} ms`);
      expect(waited).toBeLessThan(2_000);
    }
  });

  it("that is clicked twice is one order", async () => {
    await signIn(page, stack.origin, customer.email, "/admin/billing/packages");
    await buyButton(page, "3 Lizenzen für 30 Tage").dblclick();
    await page.getByRole("heading", { name: "Bezahlen" }).waitFor();
    expect(await ordersOf(stack.db.owner, customer)).toHaveLength(1);
  });
});
