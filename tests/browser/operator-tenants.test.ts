import { randomUUID } from "node:crypto";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { complaints, credits, giveCredits, newCustomer, signIn, toast } from "./steps";

const OLIVIA = "operator@leadradar.example";
const KONRAD = "kontrolle@leadradar.example";

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
] as const)("tenants, %s JavaScript", (_, javaScriptEnabled) => {
  const open: Array<{ context: BrowserContext; problems: string[] }> = [];
  let page: Page;
  const visit = async (): Promise<Page> => {
    const visitor = await openPage(browser, { javaScriptEnabled });
    open.push(visitor);
    return visitor.page;
  };
  beforeEach(async () => {
    page = await visit();
  });
  afterEach(async () => {
    for (const { context, problems } of open.splice(0)) {
      await context.close();
      expect(complaints(problems)).toEqual([]);
    }
  });

  const click = (name: string, on = page) => on.getByRole("button", { name, exact: true }).click();

  it("are made with an owner, who sets a password once and comes in, and are shut out again", async () => {
    const email = `${randomUUID()}@neu.example`;
    await signIn(page, stack.origin, OLIVIA, "/operator/tenants");
    await page.getByRole("link", { name: "Konto anlegen" }).click();
    await page.getByLabel("Name des Kontos").fill("Neu <b>Messe</b> =1+1");
    await page.getByLabel("Name der Person").fill("Nora Neu");
    await page.getByLabel("E-Mail der Person").fill("owner@alpen.example");
    await click("Konto anlegen");
    await page.getByRole("alert").getByText("Diese E-Mail gehört schon zu einem Zugang.").waitFor();
    await page.getByLabel("E-Mail der Person").fill(email);
    await click("Konto anlegen");
    const link = await page.getByTestId("password-link").inputValue();

    const owner = await visit();
    await owner.goto(link);
    await owner.getByLabel("Neues Passwort").fill("ein langes Passwort");
    await owner.getByLabel("Passwort wiederholen").fill("ein anderes Passwort");
    await click("Passwort setzen", owner);
    await owner.getByRole("alert").getByText("Die beiden Passwörter sind verschieden.").waitFor();
    await owner.getByLabel("Neues Passwort").fill("ein langes Passwort");
    await owner.getByLabel("Passwort wiederholen").fill("ein langes Passwort");
    await click("Passwort setzen", owner);
    await owner.getByText("Ihr Passwort ist gesetzt. Melden Sie sich an.").waitFor();
    await owner.getByLabel("E-Mail").fill(email);
    await owner.getByLabel("Passwort").fill("ein langes Passwort");
    await click("Anmelden", owner);
    await owner.waitForURL(`${stack.origin}/admin/billing`);

    const late = await visit();
    await late.goto(link);
    await late.getByRole("heading", { name: "Dieser Link gilt nicht mehr" }).waitFor();

    await page.getByRole("link", { name: "Zum Konto" }).click();
    await page.getByRole("link", { name: "Konto sperren" }).click();
    await page.getByRole("dialog").getByLabel("Grund").fill("Test der Sperre");
    await page.getByRole("dialog").getByRole("button", { name: "Konto sperren" }).click();
    await toast(page, "Konto gesperrt");
    await owner.goto(`${stack.origin}/admin/billing`);
    expect(new URL(owner.url()).pathname).toBe("/login");
    await owner.getByLabel("E-Mail").fill(email);
    await owner.getByLabel("Passwort").fill("ein langes Passwort");
    await click("Anmelden", owner);
    await owner.getByText("E-Mail oder Passwort stimmt nicht.").first().waitFor();
  });

  it("keep an owner, whatever staff click", async () => {
    const { tenantId } = await newCustomer(stack.db.owner);
    await signIn(page, stack.origin, OLIVIA, `/operator/tenants/${tenantId}`);
    await page.getByRole("button", { name: /^Sperren\s?: Sina Säntis$/ }).click();
    expect(await toast(page, "Das geht im jetzigen Zustand nicht mehr")).toContain("Jedes Konto braucht");
  });

  it("get a large correction when a second person agrees, and see the reason in their statement", async () => {
    const { tenantId, email } = await newCustomer(stack.db.owner);
    await signIn(page, stack.origin, OLIVIA, `/operator/tenants/${tenantId}`);
    await page.getByRole("link", { name: "Korrektur buchen" }).click();
    const question = page.getByRole("dialog", { name: "Korrektur buchen?" });
    await question.getByLabel("Menge").fill("-1");
    await question.getByLabel("Gültig bis und mit").fill("31.12.2031");
    await question.getByLabel("Begründung").fill("Ausfall der Halle 3");
    await question.getByRole("button", { name: "Weiter" }).click();
    await question.getByRole("alert").getByText("Das Guthaben reicht nicht: verfügbar sind 0.").waitFor();
    await question.getByLabel("Menge").fill("12");
    await question.getByRole("button", { name: "Weiter" }).click();
    await question.getByText("jetzt 0, danach 12.").waitFor();
    await question.getByText("Eine zweite Person vom Betrieb muss zustimmen.").waitFor();
    await question.getByRole("button", { name: "Korrektur buchen" }).click();
    await toast(page, "Korrektur verlangt");
    await page.getByText("Die zweite Person muss eine andere sein.").waitFor();

    const second = await visit();
    await signIn(second, stack.origin, KONRAD, "/operator/tenants");
    await second.getByText("auf eine zweite Person").first().waitFor();
    await second.goto(`${stack.origin}/operator/tenants/${tenantId}`);
    await click("Zustimmen und buchen", second);
    await toast(second, "Korrektur gebucht");
    await second.getByText("Korrektur gebucht von Konrad Kontrolle").waitFor();

    const owner = await visit();
    await signIn(owner, stack.origin, email);
    expect(await credits(owner)).toBe(12);
    await owner.goto(`${stack.origin}/admin/billing/ledger`);
    await owner.getByText("Ausfall der Halle 3").filter({ visible: true }).waitFor();
  });
});

it("how they look: list, tenant, correction, link", async () => {
  const { tenantId } = await newCustomer(stack.db.owner);
  await giveCredits(stack.db.owner, tenantId, "LICENSE_30D", 8, 100, 2);
  await stack.db.owner`
    insert into adjustment (tenant_id, type, delta, expires_at, reason, requested_by, request_key)
    values (${tenantId}, 'LICENSE_365D', 20, now() + interval '99 days', 'Kulanz', 'lr_user_kontrolle', ${randomUUID()})`;
  const { page, context, problems } = await openPage(browser);
  await signIn(page, stack.origin, OLIVIA, "/operator/tenants");
  await inspect(page, problems, "operator-tenants");
  await page.goto(`${stack.origin}/operator/tenants/${tenantId}`);
  await inspect(page, problems, "operator-tenant");
  await page.goto(`${stack.origin}/operator/tenants/${tenantId}?bestaetigen=korrektur`);
  await inspect(page, problems, "operator-adjustment", "dialog");
  await page.goto(`${stack.origin}/operator/tenants/new`);
  await inspect(page, problems, "operator-tenant-new", "main");
  await page.goto(`${stack.origin}/password?token=x`);
  await inspect(page, problems, "password-over");
  await context.close();
});
