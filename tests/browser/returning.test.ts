import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import {
  buyButton,
  type Customer,
  complaints,
  goToPayPage,
  lastSession,
  newCustomer,
  ordersOf,
  payButton,
  signIn,
  toast,
  untilCredits,
} from "./steps";

/** Loaders of the overview: shell, billing room, page. One reading again asks each once. */
const LOADERS = 3;
/** How often a waiting page reads again before it gives up. */
const READINGS = 6;
const A_MINUTE = 60_000;

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
  context.setDefaultTimeout(10_000);
  await signIn(page, stack.origin, customer.email);
});
afterEach(async () => {
  stack.stripe.control.setFaults({ drop: false });
  await context.close();
  expect(complaints(problems)).toEqual([]);
});

/** Counts from now on what the page asks of the server: whole documents, and data for the open page. */
function watchRequests(of: Page) {
  const counts = { documents: 0, data: 0 };
  of.on("request", (request) => {
    if (!request.url().startsWith(stack.origin)) return;
    if (request.resourceType() === "document") counts.documents += 1;
    if (new URL(request.url()).searchParams.has("_data")) counts.data += 1;
  });
  return counts;
}

/** Lets a minute pass on the page's clock: whatever is still planned happens now. */
async function letAMinutePass(): Promise<void> {
  await page.clock.fastForward(A_MINUTE);
  await page.waitForLoadState("networkidle");
}

describe("the open overview after a payment", () => {
  it("takes the query out of the address and loads nothing more once the credits are there", async () => {
    await page.clock.install();
    await goToPayPage(page, stack.origin);
    const counts = watchRequests(page);
    await payButton(page, "Später bezahlen").click();
    await toast(page, "Zahlung wird verarbeitet");
    await stack.stripe.control.settle(await lastSession(stack.db.owner, customer));
    await toast(page, "Zahlung erhalten");
    await untilCredits(page, 3);

    expect(page.url()).toBe(`${stack.origin}/admin/billing`);
    expect(await page.title()).toBe("Zahlung erhalten: Übersicht – LeadRadar");
    await page.waitForLoadState("networkidle");
    const before = { ...counts };
    expect(before.documents).toBe(1);
    expect(before.data).toBeLessThanOrEqual(READINGS * LOADERS);
    await letAMinutePass();
    await letAMinutePass();
    expect(counts).toEqual(before);
  });

  it("stops reading again when the confirmation does not come, and never claims a booking", async () => {
    stack.stripe.control.setFaults({ drop: true });
    await page.clock.install();
    await goToPayPage(page, stack.origin);
    const counts = watchRequests(page);
    await payButton(page, "CHF 117.00 bezahlen").click();
    await toast(page, "Zahlung wird verarbeitet");
    await letAMinutePass();
    const before = { ...counts };
    expect(before.documents).toBe(1);
    expect(before.data).toBeGreaterThan(0);
    expect(before.data).toBeLessThanOrEqual(READINGS * LOADERS);
    await letAMinutePass();
    expect(counts).toEqual(before);
    await toast(page, "Zahlung wird verarbeitet");
    expect(await page.locator("main").innerText()).not.toContain("gutgeschrieben");
  });

  it("says nothing a second time after a reload", async () => {
    await goToPayPage(page, stack.origin);
    await payButton(page, "CHF 117.00 bezahlen").click();
    await toast(page, "Zahlung erhalten");
    await page.reload();
    await untilCredits(page, 3);
    expect(await page.locator("main").innerText()).not.toContain("Zahlung erhalten");
    expect(await page.title()).toBe("Übersicht – LeadRadar");
  });

  it("shows credits bought in another tab when it is looked at again", async () => {
    const other = await context.newPage();
    await goToPayPage(other, stack.origin);
    await payButton(other, "CHF 117.00 bezahlen").click();
    await toast(other, "Zahlung erhalten");
    await untilCredits(page, 0);
    const counts = watchRequests(page);
    // Without a screen every tab counts as visible, so the change itself is played.
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await untilCredits(page, 3);
    expect(counts).toEqual({ documents: 0, data: LOADERS });
  });
});

describe("«Kaufen»", () => {
  it("is usable again after going back from the pay page", async () => {
    await goToPayPage(page, stack.origin);
    await page.goBack();
    const button = buyButton(page, "3 Lizenzen für 30 Tage");
    await button.getByText("Kaufen", { exact: true }).waitFor();
    expect(await button.getAttribute("aria-disabled")).toBeNull();
    await button.click();
    await payButton(page, "CHF 117.00 bezahlen").click();
    await toast(page, "Zahlung erhalten");
    await untilCredits(page, 3);
  });

  it("says that it works, ignores a second click, and is ready when the browser shows a kept page", async () => {
    let posts = 0;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route("**/admin/billing/packages", async (route) => {
      if (route.request().method() === "POST") {
        posts += 1;
        await held;
      }
      await route.continue();
    });
    await page.goto(`${stack.origin}/admin/billing/packages`);
    const button = buyButton(page, "3 Lizenzen für 30 Tage");
    const width = (await button.boundingBox())?.width;
    await button.click({ noWaitAfter: true });
    await button.getByText("Wird gekauft …").waitFor();
    expect(await button.getAttribute("aria-disabled")).toBe("true");
    expect((await button.boundingBox())?.width).toBe(width);
    await button.dispatchEvent("click");
    expect(posts).toBe(1);

    await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
    await button.getByText("Kaufen", { exact: true }).waitFor();
    release();
    await page.getByRole("heading", { name: "Bezahlen" }).waitFor();
    expect(await ordersOf(stack.db.owner, customer)).toHaveLength(1);
  });
});
