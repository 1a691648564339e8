import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { complaints, newCustomer, signIn, toast } from "./steps";

const STAFF = "operator@leadradar.example";

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
] as const)("coupon codes, %s JavaScript", (how, javaScriptEnabled) => {
  let page: Page;
  let context: BrowserContext;
  let problems: string[];
  beforeEach(async () => {
    ({ page, context, problems } = await openPage(browser, { javaScriptEnabled }));
    await signIn(page, stack.origin, STAFF, "/operator/coupons");
  });
  afterEach(async () => {
    await context.close();
    expect(complaints(problems)).toEqual([]);
  });

  const click = (name: string) => page.getByRole("button", { name, exact: true }).click();

  it("of one's own are made after their cost was shown, redeemed, and switched off", async () => {
    await page.getByRole("link", { name: "Code anlegen" }).click();
    await page.getByRole("textbox", { name: /^Code/ }).fill(`messe-${how}`);
    await page.getByLabel("Gültig von").fill("32.12.2026");
    await page.getByLabel("Höchstens einlösbar").fill("0");
    await click("Vorschau");
    await page.getByRole("alert").getByText("Geben Sie ein Datum wie 22.11.2026 ein.").waitFor();
    await page.getByRole("alert").getByText("Eine ganze Zahl von 1 bis 999999.").waitFor();
    await page.getByLabel("Gültig von").fill("");
    await page.getByLabel("Höchstens einlösbar").fill("50");
    await click("Vorschau");
    await page.getByRole("alert").getByText("Mindestens ein Credit muss enthalten sein.").waitFor();
    await page.getByLabel("Lizenzen 30 Tage").fill("2");
    await click("Vorschau");
    await page.getByText("Höchstens 50 Einlösungen: höchstens 100 Credits.").waitFor();
    await click("Anlegen");
    await toast(page, "Code angelegt");

    const { email } = await newCustomer(stack.db.owner);
    const buyer = await openPage(browser);
    await signIn(buyer.page, stack.origin, email);
    await buyer.page.getByLabel("Code").fill(`Messe-${how}`);
    await buyer.page.getByRole("button", { name: "Einlösen" }).click();
    await toast(buyer.page, "Gutscheincode eingelöst");
    await buyer.context.close();

    await page.reload();
    await page.getByRole("definition").getByText("1 von 50 eingelöst").waitFor();
    await page.getByRole("link", { name: "Säntis Bühnen AG" }).waitFor();
    await page.getByRole("link", { name: "Ausschalten" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Ausschalten" }).click();
    await toast(page, "Code ausgeschaltet");
    await page.getByText("Gutscheincode ausgeschaltet von Olivia Betrieb").waitFor();
  });

  it("in a batch can be downloaded for a spreadsheet", async () => {
    await page.goto(`${stack.origin}/operator/coupons/new`);
    await page.getByLabel("Anzahl Codes").fill("3");
    await page.getByLabel("Geräte-Slots").fill("1");
    await page.getByLabel("Partner").fill("=HYPERLINK(1)");
    await click("Vorschau");
    await click("Anlegen");
    await toast(page, "Codes angelegt");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "CSV herunterladen" }).click(),
    ]);
    const text = readFileSync(await download.path(), "utf8");
    expect(text.startsWith("\ufeffCode;Stand;")).toBe(true);
    expect(text.trim().split("\r\n")).toHaveLength(4);
    expect(text).toContain(';"\'=HYPERLINK(1)"');
  });

  it("leave their trace: who, what, when", async () => {
    await page.getByRole("link", { name: "Protokoll" }).click();
    await page.getByLabel("Was").selectOption("COUPONS_CREATED");
    await click("Filtern");
    await page.waitForURL((url) => url.searchParams.get("aktion") === "COUPONS_CREATED");
    const entries = page.getByRole("main").getByRole("listitem").filter({ hasText: "Gutscheincodes angelegt" });
    expect(await entries.count()).toBeGreaterThan(0);
    await page.getByText("von Olivia Betrieb").first().waitFor();
  });
});

it("how they look: list, form, code, audit trail", async () => {
  const { page, context, problems } = await openPage(browser);
  await signIn(page, stack.origin, STAFF, "/operator/coupons");
  await inspect(page, problems, "operator-coupons");
  await page.goto(`${stack.origin}/operator/coupons/new`);
  await inspect(page, problems, "operator-coupon-new", "main");
  const [code] = await stack.db.owner<{ id: string }[]>`select id from promo_code order by redeemed_count desc limit 1`;
  await page.goto(`${stack.origin}/operator/coupons/${code?.id}`);
  await inspect(page, problems, "operator-coupon", "main");
  await page.goto(`${stack.origin}/operator/audit`);
  await inspect(page, problems, "operator-audit");
  await context.close();
});
