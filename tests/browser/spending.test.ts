import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createCoupons } from "~/billing/coupons.server";
import { launchBrowser, openPage, picture } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { type Customer, complaints, credits, focusOn, giveCredits, newCustomer, signIn, toast } from "./steps";

const TERMS = {
  grantLicense30d: 2,
  grantLicense365d: 0,
  grantDeviceSlots: 0,
  creditExpiresInDays: 365,
  maxRedemptions: 1,
  validFrom: null,
  validUntil: null,
  partner: null,
};

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
] as const)("spending %s JavaScript", (_, javaScriptEnabled) => {
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

  const ask = (name: string) => page.getByRole("link", { name, exact: true }).click();
  const answer = (name: string) => page.getByRole("dialog").getByRole("button", { name, exact: true }).click();

  it("asks, says what it leads to, and extends the licence by one credit, then by another", async () => {
    await giveCredits(stack.db.owner, customer.tenantId, "LICENSE_30D", 2, 100);
    await signIn(page, stack.origin, customer.email);
    await ask("30 Tage aktivieren");
    const question = page.getByRole("dialog", { name: "Lizenz für 30 Tage aktivieren?" });
    expect(await question.innerText()).toMatch(
      /Gültig bis neu: \d\d\.\d\d\.\d{4}, \d\d:\d\d\. Verbraucht wird 1 Credit, gültig bis und mit \d\d\.\d\d\.\d{4}\./,
    );
    await answer("30 Tage aktivieren");
    expect(await toast(page, "Lizenz verlängert")).toMatch(/Gültig bis \d\d\.\d\d\.\d{4}, \d\d:\d\d\./);
    expect(await credits(page)).toBe(1);
    await page.getByText("noch 30 Tage").waitFor();

    await ask("30 Tage aktivieren");
    await page.getByRole("dialog", { name: "Lizenz um 30 Tage verlängern?" }).waitFor();
    await answer("30 Tage aktivieren");
    await page.getByText("noch 60 Tage").waitFor();
    expect(await page.getByRole("button", { name: "30 Tage aktivieren" }).isDisabled()).toBe(true);
  });

  it("adds a device slot", async () => {
    await giveCredits(stack.db.owner, customer.tenantId, "DEVICE_SLOT", 1, 100);
    await signIn(page, stack.origin, customer.email);
    await ask("Gerät hinzufügen");
    await page.getByText("Danach können 2 Geräte aktiv sein.").waitFor();
    await answer("Gerät hinzufügen");
    expect(await toast(page, "Geräte-Slot hinzugefügt")).toContain("Sie können jetzt 2 Geräte nutzen.");
    await page.getByText("0 von 2 aktiv").waitFor();
  });

  it("does nothing on «Abbrechen», and comes back to the button", async () => {
    await giveCredits(stack.db.owner, customer.tenantId, "LICENSE_365D", 1, 100);
    await signIn(page, stack.origin, customer.email);
    await ask("365 Tage aktivieren");
    await page.getByRole("dialog").getByRole("link", { name: "Abbrechen" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await credits(page, "LICENSE_365D")).toBe(1);
    if (!javaScriptEnabled) return;
    await focusOn(page, "lizenz-365");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await focusOn(page, "lizenz-365");
    expect(await credits(page, "LICENSE_365D")).toBe(1);
  });

  it("says why not when the credit went elsewhere meanwhile", async () => {
    await giveCredits(stack.db.owner, customer.tenantId, "LICENSE_30D", 1, 100);
    await signIn(page, stack.origin, customer.email);
    await ask("30 Tage aktivieren");
    await page.getByRole("dialog").waitFor();
    await stack.db.owner`
      insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at)
      select tenant_id, type, -1, 'MANUAL_ADJUST', expires_at from tenant_credit_balance where tenant_id = ${customer.tenantId}`;
    await answer("30 Tage aktivieren");
    const refusal = page.getByRole("alert").filter({ hasText: "Dafür ist kein Guthaben da" });
    await refusal.waitFor();
    expect(await page.title()).toMatch(/^Fehler: Dafür ist kein Guthaben da/);
    expect(await refusal.getByRole("link", { name: "Pakete ansehen" }).isVisible()).toBe(true);
    await focusOn(page, "meldung");
  });

  it("redeems a code in any case, once, and keeps what was typed when it is wrong", async () => {
    const [code = ""] = await createCoupons(stack.db.app, 1, TERMS);
    await signIn(page, stack.origin, customer.email);
    const redeem = async (text: string) => {
      await page.getByLabel("Code").fill(text);
      await page.getByRole("button", { name: "Einlösen" }).click();
    };
    await redeem("FALSCH-1");
    await page.getByRole("alert").filter({ hasText: "Dieser Code ist nicht gültig" }).waitFor();
    expect(await page.getByLabel("Code").inputValue()).toBe("FALSCH-1");
    expect(await page.getByLabel("Code").getAttribute("aria-invalid")).toBe("true");
    await redeem(`  ${code.toLowerCase()} `);
    expect(await toast(page, "Gutscheincode eingelöst")).toMatch(/2 × 30 Tage sind gutgeschrieben, gültig bis und mit/);
    expect(await credits(page)).toBe(2);
    await redeem(code);
    await page.getByRole("alert").filter({ hasText: "Ihr Konto hat diesen Code schon eingelöst" }).waitFor();
    expect(await credits(page)).toBe(2);
  });

  it("lets a viewer see and not touch", async () => {
    const viewer = await newCustomer(stack.db.owner, "VIEWER");
    await giveCredits(stack.db.owner, viewer.tenantId, "LICENSE_30D", 1, 100);
    await signIn(page, stack.origin, viewer.email);
    for (const name of ["30 Tage aktivieren", "Einlösen"]) {
      const button = page.getByRole("button", { name, exact: true });
      expect(await button.isDisabled()).toBe(true);
      expect(await button.getAttribute("aria-describedby")).toBe("nur-lesen");
    }
    await page.goto(`${stack.origin}/admin/billing?bestaetigen=lizenz-30`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
  });
});

describe("how it looks", () => {
  it("the question as a dialog", async () => {
    const { page, context, problems } = await question(true);
    await page.locator("dialog:modal").waitFor();
    await inspect(page, problems, "spending-question");
    await context.close();
  });

  it.each([1280, 320])("the question as a block, without JavaScript, %s px", async (width) => {
    const { page, context } = await question(false, width);
    await picture(page, `spending-question-plain-${width}`);
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(tooWide).toBeLessThanOrEqual(0);
    await context.close();
  });
});

async function question(javaScriptEnabled: boolean, width = 1280) {
  const customer = await newCustomer(stack.db.owner);
  await giveCredits(stack.db.owner, customer.tenantId, "LICENSE_365D", 1, 100);
  const visitor = await openPage(browser, { javaScriptEnabled, width });
  await signIn(visitor.page, stack.origin, customer.email);
  await visitor.page.goto(`${stack.origin}/admin/billing?bestaetigen=lizenz-365`);
  await visitor.page.getByRole("dialog").waitFor();
  return visitor;
}
