import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { DEMO_PASSWORD } from "../../db/seed";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import { type Customer, complaints, newCustomer, signIn, toast, untilCredits } from "./steps";

const MAX_TABS = 60;

let stack: Stack;
let browser: Browser;
let customer: Customer;
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
  customer = await newCustomer(stack.db.owner);
  ({ page, context, problems } = await openPage(browser));
});
afterEach(async () => {
  await context.close();
  expect(complaints(problems)).toEqual([]);
});

/** Presses Tab until the focus is on something with this text; on the way every stop must be visible and outlined. */
async function tabTo(text: RegExp): Promise<void> {
  for (let i = 0; i < MAX_TABS; i += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const it = document.activeElement as HTMLElement;
      const { width, height } = it.getBoundingClientRect();
      const { outlineStyle, outlineWidth } = getComputedStyle(it);
      const text = it.innerText || it.getAttribute("aria-label") || it.getAttribute("name") || it.tagName;
      return {
        text,
        seen: width > 0 && height > 0,
        outlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
      };
    });
    expect(stop).toMatchObject({ seen: true, outlined: true });
    if (text.test(stop.text.replaceAll(/\s+/g, " "))) return;
  }
  throw new Error(`No stop says ${text}.`);
}

it("buys by keyboard alone, from the login to the log-out", async () => {
  await page.goto(`${stack.origin}/admin/billing`);
  await tabTo(/^email$/);
  await page.keyboard.type(customer.email);
  await tabTo(/^password$/);
  await page.keyboard.type(DEMO_PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Übersicht" }).waitFor();

  await tabTo(/^Pakete$/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Pakete" }).waitFor();
  await tabTo(/^Kaufen ?: 3 Lizenzen für 30 Tage/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Bezahlen" }).waitFor();
  await tabTo(/^CHF 117\.00 bezahlen$/);
  await page.keyboard.press("Enter");
  await toast(page, "Zahlung erhalten");
  await untilCredits(page, 3);

  await tabTo(/Inhaber\/in/);
  await page.keyboard.press("Enter");
  await tabTo(/^Abmelden$/);
  await page.keyboard.press("Enter");
  await page.getByText("Sie sind abgemeldet.").waitFor();
});

it("skips the navigation with the first stop", async () => {
  await signIn(page, stack.origin, customer.email);
  await page.reload();
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Zum Inhalt springen" });
  expect(await skip.evaluate((it) => it === document.activeElement)).toBe(true);
  expect((await skip.boundingBox())?.width).toBeGreaterThan(50);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.querySelector("main")?.contains(document.activeElement))).toBe(true);
});
