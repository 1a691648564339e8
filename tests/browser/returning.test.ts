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
  payButton,
  signIn,
  toast,
  untilCredits,
} from "./steps";

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
  await signIn(page, stack.origin, customer.email);
});
afterEach(async () => {
  stack.stripe.control.setFaults({ drop: false, apiDown: "off" });
  await context.close();
  expect(complaints(problems)).toEqual([]);
});

/** Counts from now on what the page asks of the server: whole documents, and data for the open page. */
function watchRequests(of: Page) {
  const counts = { documents: 0, data: 0 };
  of.on("request", (request) => {
    if (!request.url().startsWith(stack.origin)) return;
    if (request.resourceType() === "document") counts.documents += 1;
    if (new URL(request.url()).pathname.endsWith(".data")) counts.data += 1;
  });
  return counts;
}

/** Lets a minute pass on the page's clock: whatever is still planned happens now, and has been asked for on return. */
async function letAMinutePass(): Promise<void> {
  await page.clock.fastForward(A_MINUTE);
  await page.evaluate(() => fetch("/healthz").then((answer) => answer.text()));
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

    await page.waitForURL(`${stack.origin}/admin/billing`);
    expect(await page.title()).toBe("Zahlung erhalten: Übersicht – LeadRadar");
    await page.waitForLoadState("networkidle");
    const before = { ...counts };
    expect(before.documents).toBe(1);
    expect(before.data).toBeLessThanOrEqual(READINGS);
    await letAMinutePass();
    await letAMinutePass();
    expect(counts).toEqual(before);
  });

  it("stops reading again when the confirmation does not come, and never claims a booking", async () => {
    await page.clock.install();
    await goToPayPage(page, stack.origin);
    // No delivery, and nobody at Stripe to ask.
    stack.stripe.control.setFaults({ drop: true, apiDown: "500" });
    const counts = watchRequests(page);
    await payButton(page, "CHF 117.00 bezahlen").click();
    await toast(page, "Zahlung wird verarbeitet");
    // The page's script runs only now, however slow the machine: before that there is nothing to fast-forward.
    await expect.poll(() => counts.data).toBeGreaterThan(0);
    // Each reading is planned when the one before it has ended.
    await expect
      .poll(async () => {
        await letAMinutePass();
        return counts.data;
      })
      .toBe(READINGS);
    await letAMinutePass();
    await letAMinutePass();
    expect(counts).toEqual({ documents: 1, data: READINGS });
    await toast(page, "Zahlung wird verarbeitet");
    expect(await page.locator("main").innerText()).not.toContain("gutgeschrieben");
  });

  it("books the credits itself when no delivery arrives", async () => {
    stack.stripe.control.setFaults({ drop: true });
    await goToPayPage(page, stack.origin);
    await payButton(page, "CHF 117.00 bezahlen").click();
    await toast(page, "Zahlung erhalten");
    await untilCredits(page, 3);
  });

  it("says nothing a second time after a reload", async () => {
    await goToPayPage(page, stack.origin);
    await payButton(page, "CHF 117.00 bezahlen").click();
    await toast(page, "Zahlung erhalten");
    await page.waitForURL(`${stack.origin}/admin/billing`);
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
    expect(counts).toEqual({ documents: 0, data: 1 });
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
    await page.goto(`${stack.origin}/admin/billing/packages`);
    const button = buyButton(page, "3 Lizenzen für 30 Tage");
    await page.waitForLoadState("networkidle");
    // Played inside the page, whose navigation is held back: nothing can be looked at while one is on its way.
    const seen = await button.evaluate(async (element) => {
      const turn = () => new Promise((resolve) => setTimeout(resolve));
      const look = () => ({
        label: element.firstElementChild?.textContent,
        disabled: element.ariaDisabled,
        width: element.getBoundingClientRect().width,
      });
      let sent = 0;
      window.addEventListener("submit", (event) => {
        if (!event.defaultPrevented) sent += 1;
        event.preventDefault();
      });
      const before = look();
      (element as HTMLButtonElement).click();
      await turn();
      const busy = look();
      (element as HTMLButtonElement).click();
      await turn();
      window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
      await turn();
      return { before, busy, after: look(), sent };
    });
    const { width } = seen.before;
    expect(seen).toEqual({
      before: { label: "Kaufen", disabled: null, width },
      busy: { label: "Wird gekauft …", disabled: "true", width },
      after: { label: "Kaufen", disabled: null, width },
      sent: 1,
    });
  });
});
