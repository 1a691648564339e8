import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { complaints, credits, goToPayPage, newCustomer, payButton, signIn, toast } from "./steps";

const STAFF = "operator@leadradar.example";

let stack: Stack;
let browser: Browser;
beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
  const { control } = stack.stripe;
  const price = { productName: "Zwanziger", unitAmount: 54_000, currency: "chf" };
  await control.createPrice({ ...price, id: "price_twenty" });
  await control.createPrice({ ...price, id: "price_euro", currency: "eur" });
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

describe.each([
  ["with", true],
  ["without", false],
] as const)("the catalogue, %s JavaScript", (how, javaScriptEnabled) => {
  let page: Page;
  let context: BrowserContext;
  let problems: string[];
  beforeEach(async () => {
    ({ page, context, problems } = await openPage(browser, { javaScriptEnabled }));
    await signIn(page, stack.origin, STAFF, "/operator/skus");
  });
  afterEach(async () => {
    await context.close();
    expect(complaints(problems)).toEqual([]);
  });

  const click = (name: string) => page.getByRole("button", { name, exact: true }).click();
  const make = async (name: string) => {
    await page.getByRole("link", { name: "Paket anlegen" }).click();
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Stripe-Preis").selectOption("price_twenty");
    await page.getByLabel("Lizenzen 30 Tage").fill("20");
    await page.getByLabel("Zum Verkauf freigegeben").check();
    await click("Vorschau");
    await page.getByText("Spare CHF 240.00 gegenüber 20× Einzelkauf").waitFor();
    await page.getByText("Lohnt sich ab 14 Lizenzen").waitFor();
    await click("Speichern");
    await toast(page, "Paket angelegt");
  };

  it("gets a package of a Stripe price, sells it, and keeps its word when it is retired before the payment", async () => {
    const name = `20 Lizenzen ${how}`;
    await make(name);
    const sku = new URL(page.url()).pathname;

    const buyer = await openPage(browser);
    const customer = await newCustomer(stack.db.owner);
    await signIn(buyer.page, stack.origin, customer.email);
    await goToPayPage(buyer.page, stack.origin, name);

    await page.goto(`${stack.origin}${sku}`);
    await page.getByRole("link", { name: "Aus dem Verkauf nehmen" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Aus dem Verkauf nehmen" }).click();
    await toast(page, "Aus dem Verkauf genommen");
    await page.getByText("Nicht im Verkauf", { exact: true }).waitFor();

    await payButton(buyer.page, "CHF 540.00 bezahlen").click();
    await toast(buyer.page, "Zahlung erhalten");
    expect(await credits(buyer.page)).toBe(20);
    await buyer.page.goto(`${stack.origin}/admin/billing/packages`);
    expect(await buyer.page.getByText(name).count()).toBe(0);
    await buyer.context.close();
  });

  it("refuses a price that does not fit and keeps what was typed, names and markup too", async () => {
    await page.getByRole("link", { name: "Paket anlegen" }).click();
    await page.getByLabel("Name").fill("=1+1 <b>Zwanziger</b>");
    await page.getByLabel("Oder die ID eines Preises").fill("price_euro");
    await page.getByLabel("Geräte-Slots").fill("1");
    await click("Vorschau");
    await page.getByRole("alert").getByText("Dieser Stripe-Preis ist nicht in CHF.").waitFor();
    expect(await page.getByLabel("Name").inputValue()).toBe("=1+1 <b>Zwanziger</b>");
    await page.getByLabel("Oder die ID eines Preises").fill("price_gibt_es_nicht");
    await click("Vorschau");
    await page.getByRole("alert").getByText("Dieser Stripe-Preis existiert nicht.").waitFor();
    await page.getByLabel("Oder die ID eines Preises").fill("");
    await page.getByLabel("Geräte-Slots").fill("0");
    await page.getByLabel("Name").fill("rechts\u202elinks");
    await click("Vorschau");
    await page.getByText("Mindestens ein Credit muss enthalten sein.").first().waitFor();
    await page.getByText("Zeichen, die die Schreibrichtung ändern, sind nicht erlaubt.").first().waitFor();
  });

  it("shows what a change alters, who made it, and moves packages", async () => {
    const name = `Zwanziger ${how}`;
    await make(name);
    await page.getByLabel("Lizenzen 30 Tage").fill("21");
    await click("Vorschau");
    await page.getByText("20 × Lizenz 30 Tage").first().waitFor();
    await page.getByText("21 × Lizenz 30 Tage").first().waitFor();
    await click("Speichern");
    await toast(page, "Gespeichert");
    const changes = page.getByRole("region", { name: "Änderungen" });
    await changes.getByText("Paket geändert von Olivia Betrieb").waitFor();
    await click("Mit Stripe vergleichen");
    await toast(page, "Mit Stripe verglichen");

    await page.goto(`${stack.origin}/operator/skus`);
    const rows = page.getByRole("table", { name: "Pakete im Verkauf" }).getByRole("rowheader");
    const last = (await rows.count()) - 1;
    expect(await rows.nth(last).innerText()).toContain(name);
    await click(`${name} nach vorn`);
    await rows
      .nth(last - 1)
      .getByText(name)
      .waitFor();
  });
});

it("how they look: list, form, preview, package", async () => {
  const { page, context, problems } = await openPage(browser);
  await stack.db
    .owner`update billing_sku set price_fault = 'INACTIVE', price_checked_at = now() where id = 'lr_sku_30d_5'`;
  await signIn(page, stack.origin, STAFF, "/operator/skus");
  await inspect(page, problems, "operator-skus");
  await page.goto(`${stack.origin}/operator/skus/lr_sku_30d_5`);
  await inspect(page, problems, "operator-sku");
  await page.getByLabel("Geräte-Slots").fill("2");
  await page.getByRole("button", { name: "Vorschau" }).click();
  await page.getByRole("heading", { name: "Vorschau" }).waitFor();
  await inspect(page, problems, "operator-sku-preview", "main");
  await context.close();
});
