import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { type Customer, complaints, focusOn, goToPayPage, newCustomer, payButton, signIn, toast } from "./steps";

const PAGE = "/admin/billing/accounting";

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
] as const)("Firma & Belege %s JavaScript", (_, javaScriptEnabled) => {
  let customer: Customer;
  let page: Page;
  let context: BrowserContext;
  let problems: string[];

  beforeEach(async () => {
    customer = await newCustomer(stack.db.owner);
    ({ page, context, problems } = await openPage(browser, { javaScriptEnabled }));
  });
  afterEach(async () => {
    stack.stripe.control.setFaults({ apiDown: "off", apiDownPath: null, apiDelayMs: 0 });
    await context.close();
    expect(complaints(problems)).toEqual([]);
  });

  /** A field by its label; "Firma" alone is no other's beginning. */
  const input = (label: string) => page.getByLabel(new RegExp(`^${label}( Freiwillig)?$`));
  const value = (label: string) => input(label).inputValue();
  const fill = async (fields: Record<string, string>) => {
    for (const [label, text] of Object.entries(fields)) await input(label).fill(text);
  };
  const save = () => page.getByRole("button", { name: "Speichern" }).click();
  const GOOD = { "Strasse und Nummer": "Messeplatz 1", PLZ: "9000", Ort: "St. Gallen" };

  it("begins with the name and country of the tenant, saves, says so, and shows the number as it is kept", async () => {
    await signIn(page, stack.origin, customer.email, PAGE);
    expect(await page.title()).toBe("Firma & Belege – LeadRadar");
    expect(await page.locator("nav a[aria-current=page]:visible").innerText()).toBe("Firma & Belege");
    expect([await value("Firma"), await value("Land"), await value("PLZ")]).toEqual(["Säntis Bühnen AG", "CH", ""]);

    await fill({ ...GOOD, "UID/MWST-Nummer": "che 123456788 mwst", "E-Mail": "rechnung@saentis.example" });
    await save();
    expect(await toast(page, "Gespeichert")).toBe("Gespeichert Neue Belege verwenden diese Angaben.");
    await page.waitForFunction(() => document.title === "Gespeichert: Firma & Belege – LeadRadar");
    expect(await value("UID/MWST-Nummer")).toBe("CHE-123.456.788 MWST");
    if (javaScriptEnabled) expect(new URL(page.url()).search).toBe("");

    // another country is shown as saved, too
    await page.getByLabel("Land").selectOption("Liechtenstein");
    await page.getByLabel("PLZ").fill("9490");
    await save();
    await expect
      .poll(() => stack.db.owner`select country from tenant_accounting where tenant_id = ${customer.tenantId}`)
      .toEqual([{ country: "LI" }]);
    await page.goto(`${stack.origin}${PAGE}`);
    expect([await value("Land"), await value("PLZ")]).toEqual(["LI", "9490"]);
    expect(await page.locator("#meldung").count()).toBe(0);
  });

  it("says what is wrong above and at the fields, keeps what was typed, and leads to the field", async () => {
    await signIn(page, stack.origin, customer.email, PAGE);
    await page.getByLabel("Land").selectOption("Deutschland");
    await fill({ Firma: "", Ort: "Konstanz", PLZ: "9000", "UID/MWST-Nummer": "DE12", "E-Mail": "niemand" });
    await save();
    const alert = page.getByRole("alert");
    await alert.getByRole("heading", { name: "Die Angaben wurden nicht gespeichert" }).waitFor();
    expect(await alert.getByRole("link").allInnerTexts()).toEqual([
      "Geben Sie den Firmennamen ein.",
      "Geben Sie Strasse und Nummer ein.",
      "Geben Sie eine PLZ mit 5 Ziffern ein.",
      "Geben Sie eine Nummer wie DE123456789 ein.",
      "Geben Sie eine E-Mail-Adresse wie name@firma.ch ein.",
    ]);
    await page.waitForFunction(() => document.activeElement?.querySelector("[role=alert]") != null);
    await page.waitForFunction(() => document.title.startsWith("Fehler: "));
    expect([await value("Firma"), await value("Land"), await value("Ort"), await value("E-Mail")]).toEqual([
      "",
      "DE",
      "Konstanz",
      "niemand",
    ]);

    await alert.getByRole("link", { name: "PLZ" }).click();
    await focusOn(page, "postalCode");
    expect(await value("Ort")).toBe("Konstanz");
    const described = await page.getByLabel("UID/MWST-Nummer").getAttribute("aria-describedby");
    expect(described).toBe("vatNumber-fehler vatNumber-hinweis");
    expect(await page.locator("#vatNumber-fehler").innerText()).toContain("Geben Sie eine Nummer wie DE123456789 ein.");

    // refused once more, with something else
    await fill({ Firma: "Bühne GmbH", "Strasse und Nummer": "Seestrasse 2", PLZ: "78462", "UID/MWST-Nummer": "" });
    await save();
    await page.waitForFunction(() => document.querySelectorAll("[role=alert] a").length === 1);
    await page.waitForFunction(() => document.activeElement?.querySelector("[role=alert]") != null);
    await fill({ "E-Mail": "" });
    await save();
    await toast(page, "Gespeichert");
    expect(await page.getByRole("alert").count()).toBe(0);
    await page.waitForFunction(() => document.title === "Gespeichert: Firma & Belege – LeadRadar");
  });

  it("saves without Stripe, says that it knows nothing yet, and tells it before the next purchase", async () => {
    await signIn(page, stack.origin, customer.email, PAGE);
    await goToPayPage(page, stack.origin);
    await page.goto(`${stack.origin}${PAGE}`);
    stack.stripe.control.setFaults({ apiDown: "500" });
    await fill({ ...GOOD, Firma: "Neue Bühnen AG" });
    await save();
    expect(await toast(page, "Gespeichert")).toBe(
      "Gespeichert Stripe ist gerade nicht erreichbar. Die Angaben folgen vor dem nächsten Kauf.",
    );
    expect(await value("Firma")).toBe("Neue Bühnen AG");
    stack.stripe.control.setFaults({ apiDown: "off" });
    await goToPayPage(page, stack.origin);
    await page.getByText("Neue Bühnen AG").first().waitFor();
    expect(await payButton(page, "CHF 117.00 bezahlen").isVisible()).toBe(true);
  });

  it("shows a viewer everything and lets it change nothing", async () => {
    const viewer = await newCustomer(stack.db.owner, "VIEWER");
    await signIn(page, stack.origin, viewer.email, PAGE);
    expect(await value("Firma")).toBe("Säntis Bühnen AG");
    for (const label of ["Firma", "Land", "UID/MWST-Nummer", "Telefon"]) {
      expect(await input(label).isDisabled()).toBe(true);
    }
    const button = page.getByRole("button", { name: "Speichern" });
    expect(await button.isDisabled()).toBe(true);
    const reason = page.locator(`[id="${await button.getAttribute("aria-describedby")}"]`);
    expect(await reason.innerText()).toBe("Nur Inhaber/in und Admin dürfen das.");
  });

  if (!javaScriptEnabled) return;

  it("says that it is saving, and takes a second click for the same", async () => {
    await signIn(page, stack.origin, customer.email, PAGE);
    await goToPayPage(page, stack.origin);
    await page.goto(`${stack.origin}${PAGE}`);
    await fill(GOOD);
    stack.stripe.control.setFaults({ apiDelayMs: 400 });
    const posts: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST") posts.push(request.url());
    });
    await save();
    const busy = page.getByRole("button", { name: "Wird gespeichert …" });
    await busy.waitFor();
    expect(await busy.getAttribute("aria-disabled")).toBe("true");
    await busy.click({ force: true });
    await toast(page, "Gespeichert");
    expect(posts).toHaveLength(1);
  });

  it("lets the browser ask before something typed is lost, also by a link in the app, and not after saving", async () => {
    await signIn(page, stack.origin, customer.email, PAGE);
    const asked: string[] = [];
    let leave = false;
    page.on("dialog", (dialog) => {
      asked.push(dialog.type());
      return leave ? dialog.accept() : dialog.dismiss();
    });
    const packages = page.getByRole("link", { name: "Pakete" }).first();
    const isAt = (path: string) => page.waitForURL(`${stack.origin}${path}`);

    // nothing typed
    await packages.click();
    await isAt("/admin/billing/packages");
    await page.goBack();
    await input("Ort").fill("St. Gallen");
    const question = page.waitForEvent("dialog");
    await packages.click({ noWaitAfter: true });
    await question;
    expect(asked).toEqual(["beforeunload"]);
    expect(await value("Ort")).toBe("St. Gallen");
    expect(new URL(page.url()).pathname).toBe(PAGE);

    // refused is not saved
    await save();
    await page.getByRole("alert").waitFor();
    const again = page.waitForEvent("dialog");
    await packages.click({ noWaitAfter: true });
    await again;

    await fill(GOOD);
    await save();
    await toast(page, "Gespeichert");
    await packages.click();
    await isAt("/admin/billing/packages");
    expect(asked).toHaveLength(2);

    await page.goto(`${stack.origin}${PAGE}`);
    await input("Ort").fill("Wil");
    leave = true;
    await packages.click();
    await isAt("/admin/billing/packages");
    expect(asked).toHaveLength(3);
  });

  it("keeps what is being typed when the tab is looked at again, although somebody else has saved", async () => {
    await signIn(page, stack.origin, customer.email, PAGE);
    await fill(GOOD);
    await stack.db.owner`
      insert into tenant_accounting (tenant_id, legal_name, city) values (${customer.tenantId}, 'Andere AG', 'Wil')`;
    const read = page.waitForResponse((response) => response.url().includes("accounting.data"));
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await read;
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    expect([await value("Ort"), await value("PLZ")]).toEqual(["St. Gallen", "9000"]);
  });
});

describe("no violation, no sideways scroll, no complaint of the browser", () => {
  it("empty, refused, saved, and saved without Stripe", async () => {
    const { email, tenantId } = await newCustomer(stack.db.owner);
    const { page, context, problems } = await openPage(browser);
    await signIn(page, stack.origin, email, PAGE);
    await inspect(page, problems, "accounting-empty");

    await page.getByLabel("Firma", { exact: true }).fill("");
    await page.getByLabel("PLZ").fill("900");
    await page.getByLabel("UID/MWST-Nummer").fill("CHE-123.456.789 MWST");
    await page.getByLabel("E-Mail").fill("niemand");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByRole("alert").waitFor();
    await inspect(page, problems, "accounting-refused");

    await page.getByLabel("Firma", { exact: true }).fill("Säntis Bühnen AG");
    await page.getByLabel("Strasse und Nummer").fill("Messeplatz 1");
    await page.getByLabel("PLZ").fill("9000");
    await page.getByLabel("Ort").fill("St. Gallen");
    await page.getByLabel("UID/MWST-Nummer").fill("CHE-123.456.788 MWST");
    await page.getByLabel("E-Mail").fill("rechnung@saentis.example");
    await page.getByRole("button", { name: "Speichern" }).click();
    await toast(page, "Gespeichert");
    await inspect(page, problems, "accounting-saved");

    await stack.db.owner`update tenant set stripe_customer_id = ${`cus_${tenantId}`} where id = ${tenantId}`;
    await stack.db.owner`update tenant_accounting set stripe_due = true where tenant_id = ${tenantId}`;
    await page.goto(`${stack.origin}${PAGE}?gespeichert=1`);
    await toast(page, "Gespeichert");
    await inspect(page, problems, "accounting-waiting", "#meldung");
    await context.close();
  });

  it("a viewer's", async () => {
    const { email } = await newCustomer(stack.db.owner, "VIEWER");
    const { page, context, problems } = await openPage(browser);
    await signIn(page, stack.origin, email, PAGE);
    await inspect(page, problems, "accounting-viewer");
    await context.close();
  });

  it("sends at most 100 kB of scripts", async () => {
    const { email } = await newCustomer(stack.db.owner);
    const { page, context } = await openPage(browser);
    await signIn(page, stack.origin, email, PAGE);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Network.enable");
    await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
    const sizes: Array<Promise<{ responseBodySize: number }>> = [];
    page.on("requestfinished", (request) => {
      if (new URL(request.url()).pathname.endsWith(".js")) sizes.push(request.sizes());
    });
    await page.goto(`${stack.origin}${PAGE}`);
    await page.waitForLoadState("networkidle");
    const bytes = (await Promise.all(sizes)).reduce((sum, it) => sum + it.responseBodySize, 0);
    console.log(`Scripts of the accounting page: ${bytes} bytes in ${sizes.length} files`);
    expect(sizes.length).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(100_000);
    await context.close();
  });
});
