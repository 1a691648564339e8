import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import { buyButton, complaints, focusOn, newCustomer, signIn, toast } from "./steps";

let stack: Stack;
let browser: Browser;
let page: Page;
let context: BrowserContext;
let problems: string[];

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});
beforeEach(async () => {
  const { email } = await newCustomer(stack.db.owner);
  ({ page, context, problems } = await openPage(browser, { width: 390 }));
  await signIn(page, stack.origin, email);
});
afterEach(async () => {
  await context.close();
  expect(complaints(problems)).toEqual([]);
});

it("closes the menu with the page that it was opened on, and moves the focus to the new one", async () => {
  const summary = page.locator("summary:visible");
  const links = page.getByRole("navigation", { name: "Abrechnung" });
  // the second time to the page that is already there
  for (const _visit of [1, 2]) {
    await summary.click();
    await links.getByRole("link", { name: "Pakete" }).click();
    await page.getByRole("heading", { level: 1, name: "Pakete" }).waitFor();
    await links.waitFor({ state: "hidden" });
    await focusOn(page, "inhalt");
  }
});

it("shows the package that was refused, with the reason, while the message has the focus", async () => {
  stack.stripe.control.setFaults({ apiDown: "500" });
  await page.goto(`${stack.origin}/admin/billing/packages`);
  await buyButton(page, "10 Lizenzen für 30 Tage").click();
  await toast(page, "Stripe ist gerade nicht erreichbar");
  stack.stripe.control.setFaults({ apiDown: "off" });
  await focusOn(page, "meldung");

  const button = buyButton(page, "10 Lizenzen für 30 Tage");
  const reason = page.locator(`[id="${await button.getAttribute("aria-describedby")}"]`);
  expect(await reason.innerText()).toContain("Stripe ist gerade nicht erreichbar.");
  for (const it of [reason, button]) {
    const box = await it.boundingBox();
    expect(box?.y).toBeGreaterThan(0);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(844);
  }
});
