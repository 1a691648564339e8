import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DEMO_PASSWORD } from "../../db/seed";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import {
  buyButton,
  type Customer,
  complaints,
  credits,
  focusOn,
  goToPayPage,
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

describe.each([
  ["with", true],
  ["without", false],
] as const)("a refusal %s JavaScript", (_, javaScriptEnabled) => {
  let customer: Customer;
  let page: Page;
  let context: BrowserContext;
  let problems: string[];

  beforeEach(async () => {
    customer = await newCustomer(stack.db.owner);
    ({ page, context, problems } = await openPage(browser, { javaScriptEnabled }));
  });
  afterEach(async () => {
    stack.stripe.control.setFaults({ drop: false, apiDown: "off" });
    await context.close();
    expect(complaints(problems)).toEqual([]);
  });

  /** What an error must be to be noticed: an alert with the focus, which it also has before any script runs. */
  async function expectFocusedAlert(title: string) {
    const box = page.getByRole("alert").filter({ hasText: title });
    await box.waitFor();
    expect(await page.locator("#meldung").count()).toBe(1);
    expect(await box.getAttribute("id")).toBe("meldung");
    await focusOn(page, "meldung");
  }

  it("by a Stripe that is down stays on the package's tab, says so and costs nothing", async () => {
    await signIn(page, stack.origin, customer.email, "/admin/billing/packages?art=365-tage");
    stack.stripe.control.setFaults({ apiDown: "500" });
    const answer = page.waitForResponse((response) => response.request().method() === "POST");
    await buyButton(page, "3 Lizenzen für 365 Tage").click();
    const document = await (await answer).text();
    expect(document).toMatch(/<div id="meldung" role="alert"[^>]* autofocus=""/);
    await expectFocusedAlert("Stripe ist gerade nicht erreichbar");
    expect(await toast(page, "Stripe ist gerade nicht erreichbar")).toMatch(
      /Es wurde nichts belastet\. .*Trace-ID \w+/,
    );
    expect(await page.locator("a[aria-current=page]").allInnerTexts()).toContain("365 Tage");
    expect(await buyButton(page, "3 Lizenzen für 365 Tage").getAttribute("aria-disabled")).toBeNull();

    stack.stripe.control.setFaults({ apiDown: "off" });
    await buyButton(page, "3 Lizenzen für 365 Tage").click();
    await payButton(page, "CHF 1’197.00 bezahlen").waitFor();
  });

  it("of a package whose price is switched off at Stripe says that it is not to be had", async () => {
    await stack.stripe.control.updatePrice("price_lr_slot_1", { active: false });
    try {
      await signIn(page, stack.origin, customer.email, "/admin/billing/packages?art=geraete");
      await buyButton(page, "1 Geräte-Slot").click();
      await expectFocusedAlert("Dieses Paket ist zurzeit nicht erhältlich");
      expect(await toast(page, "Dieses Paket")).toContain("Es wurde nichts belastet. Wählen Sie ein anderes.");
      expect(await page.locator("a[aria-current=page]").allInnerTexts()).toContain("Geräte");
    } finally {
      await stack.stripe.control.updatePrice("price_lr_slot_1", { active: true });
    }
  });

  it("of a viewer is visible before the click: buttons off, with the reason beside them", async () => {
    const viewer = await newCustomer(stack.db.owner, "VIEWER");
    await signIn(page, stack.origin, viewer.email);
    for (const path of ["/admin/billing", "/admin/billing/packages"]) {
      await page.goto(`${stack.origin}${path}`);
      const buttons = page.getByRole("button", { name: /^Kaufen/ });
      expect(await buttons.count()).toBeGreaterThan(0);
      for (const button of await buttons.all()) {
        expect(await button.isDisabled()).toBe(true);
        const reason = page.locator(`[id="${await button.getAttribute("aria-describedby")}"]`);
        expect(await reason.innerText()).toBe("Nur Inhaber/in und Admin dürfen das.");
        expect(await reason.isVisible()).toBe(true);
      }
    }
  });

  it("by a lost webhook and a Stripe that does not answer waits and never claims a booking", async () => {
    await signIn(page, stack.origin, customer.email);
    await goToPayPage(page, stack.origin);
    stack.stripe.control.setFaults({ drop: true, apiDown: "500" });
    await payButton(page, "CHF 117.00 bezahlen").click();
    await toast(page, "Zahlung wird verarbeitet");
    if (!javaScriptEnabled) await page.getByRole("link", { name: "Status aktualisieren" }).click();
    await toast(page, "Zahlung wird verarbeitet");
    expect(await page.locator("main").innerText()).not.toMatch(/gutgeschrieben|Zahlung erhalten/);
    expect(await credits(page)).toBe(0);
    expect((await ordersOf(stack.db.owner, customer)).map((order) => order.status)).toEqual(["PENDING"]);
  });

  it("of a wrong password keeps the e-mail, empties the password and takes the focus", async () => {
    await page.goto(`${stack.origin}/login?redirectTo=%2Fadmin%2Fbilling%2Fpackages`);
    await page.getByLabel("E-Mail").fill(customer.email);
    await page.getByLabel("Passwort").fill("falsch-falsch-falsch");
    await page.getByRole("button", { name: "Anmelden" }).click();
    const alert = page.getByRole("alert");
    await alert.getByRole("heading", { name: "Anmelden nicht möglich" }).waitFor();
    expect(await alert.getByRole("link").innerText()).toBe("E-Mail oder Passwort stimmt nicht.");
    expect(await page.getByLabel("E-Mail").inputValue()).toBe(customer.email);
    expect(await page.getByLabel("Passwort").inputValue()).toBe("");
    await page.waitForFunction(() => document.activeElement?.querySelector("[role=alert]") != null);
    await alert.getByRole("link").click();
    expect(await page.evaluate(() => location.hash)).toBe("#email");

    await page.getByLabel("Passwort").fill(DEMO_PASSWORD);
    await page.getByRole("button", { name: "Anmelden" }).click();
    await page.waitForURL((url) => url.pathname === "/admin/billing/packages");
  });

  it("of a person without a tenant: the way in leads to the books, and there is no billing", async () => {
    await signIn(page, stack.origin, "operator@leadradar.example", "/operator/reconciliation");
    await page.goto(stack.origin);
    expect(new URL(page.url()).pathname).toBe("/operator/reconciliation");
    const answer = await page.goto(`${stack.origin}/admin/billing`);
    expect(answer?.status()).toBe(404);
    await page.getByRole("heading", { level: 1, name: "Diese Seite gibt es nicht" }).waitFor();
  });

  it("of an unknown page is a 404 that stays in the shell", async () => {
    await signIn(page, stack.origin, customer.email);
    for (const path of ["/admin/billing/gibt-es-nicht", "/gibt-es-nicht"]) {
      const answer = await page.goto(`${stack.origin}${path}`);
      expect(answer?.status()).toBe(404);
      await page.getByRole("heading", { level: 1, name: "Diese Seite gibt es nicht" }).waitFor();
      expect(await page.title()).toMatch(/^Fehler/);
      expect(await page.locator("summary:visible").innerText()).toContain("Säntis Bühnen AG");
      expect(await page.getByText(/^Trace-ID \w+/).isVisible()).toBe(true);
    }
    await page.getByRole("link", { name: "Zur Übersicht" }).click();
    await page.getByRole("heading", { level: 1, name: "Übersicht" }).waitFor();
  });
});
