import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCoupons, redeemCoupon } from "~/billing/coupons.server";
import { expireLots } from "~/billing/credits.server";
import { spendCredit } from "~/billing/licences.server";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { type Customer, complaints, giveCredits, newCustomer, signIn } from "./steps";

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

/** A tenant with something of everything: bought, redeemed, spent, lapsed, corrected; 30 rows more than fit on a page. */
async function busyCustomer(): Promise<Customer> {
  const customer = await newCustomer(stack.db.owner);
  const { tenantId } = customer;
  const [user] = await stack.db.owner<{ id: string }[]>`select id from app_user where tenant_id = ${tenantId}`;
  const who = { tenantId, userId: user?.id ?? "", deviceId: null, requestKey: null };
  await giveCredits(stack.db.owner, tenantId, "LICENSE_365D", 2, 400);
  const terms = {
    grantLicense30d: 3,
    grantLicense365d: 0,
    grantDeviceSlots: 1,
    creditExpiresInDays: 30,
    maxRedemptions: null,
  };
  const [code = ""] = await createCoupons(stack.db.app, 1, {
    ...terms,
    validFrom: null,
    validUntil: null,
    partner: null,
  });
  await redeemCoupon(stack.db.app, { ...who, code });
  for (const type of ["LICENSE_365D", "LICENSE_30D", "DEVICE_SLOT"] as const)
    await spendCredit(stack.db.app, { ...who, type });
  await stack.db.owner`
    insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at, note, occurred_at)
    select ${tenantId}, 'LICENSE_30D', 1, 'MANUAL_ADJUST', now() + make_interval(days => 50 + n), '=1+1 <b>Kulanz</b>; "Nr." ' || n,
      '2026-03-01T09:00:00Z'::timestamptz + make_interval(days => n)
    from generate_series(1, 30) as n`;
  await stack.db.owner`
    insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at, occurred_at)
    values (${tenantId}, 'LICENSE_30D', 4, 'MANUAL_ADJUST', '2026-04-11T22:00:00Z', '2026-01-11T22:00:00Z')`;
  await expireLots(stack.db.app);
  return customer;
}

const rows = (page: Page) => page.locator("main tbody tr");

describe.each([
  ["with", true],
  ["without", false],
] as const)("the statement %s JavaScript", (_, javaScriptEnabled) => {
  it("says what, when, who, which order or code, and what was left; filters, turns pages, downloads", async () => {
    const customer = await busyCustomer();
    const { page, context, problems } = await openPage(browser, { javaScriptEnabled });
    await signIn(page, stack.origin, customer.email);
    await page.getByRole("link", { name: "Kontoauszug", exact: true }).first().click();
    await page.getByRole("heading", { level: 1, name: "Kontoauszug" }).waitFor();
    await page.getByText("1–25 von 38 Bewegungen").waitFor();
    expect(await rows(page).first().innerText()).toMatch(/Verfall.*30 Tage.*−4.*0.*11\.04\.2026.*nicht eingelöst/s);
    await page.getByRole("link", { name: "Ältere" }).click();
    await page.getByText("26–38 von 38 Bewegungen").waitFor();
    expect(await rows(page).last().innerText()).toMatch(/Korrektur.*365 Tage.*\+2/s);
    await page.getByRole("link", { name: "Neuere" }).click();
    await page.getByText("1–25 von 38 Bewegungen").waitFor();

    await page.getByLabel("Grund").selectOption("CREDIT_CONSUME");
    await page.getByRole("button", { name: "Filtern" }).click();
    await page.getByText("1–3 von 3 Bewegungen, gefiltert").waitFor();
    expect(await rows(page).allInnerTexts()).toEqual([
      expect.stringMatching(/Verbrauch.*Geräte-Slot.*−1.*Slot 2/s),
      expect.stringMatching(/Verbrauch.*30 Tage.*−1.*Lizenz bis/s),
      expect.stringMatching(new RegExp(`Verbrauch.*365 Tage.*−1.*Lizenz bis.*${customer.email}`, "s")),
    ]);
    // the life of one lot
    await rows(page)
      .nth(1)
      .getByRole("link", { name: /alle Bewegungen dieser Credits/ })
      .filter({ visible: true })
      .click();
    await page.getByText("1–2 von 2 Bewegungen, gefiltert").waitFor();
    expect((await rows(page).last().innerText()).replaceAll(/\s+/g, " ")).toMatch(
      /Gutscheincode.*\+3 3.*Code [A-Z0-9-]{19}/,
    );

    await page.getByRole("link", { name: "Zurücksetzen" }).click();
    await page.getByText("1–25 von 38 Bewegungen").waitFor();
    await page.getByLabel("Von").fill("01.03.2026");
    await page.getByLabel("Bis und mit").fill("3.3.2026");
    await page.getByRole("button", { name: "Filtern" }).click();
    await page.getByText("1–2 von 2 Bewegungen, gefiltert").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "CSV herunterladen" }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^kontoauszug-[0-9a-f]{12}-\d{4}-\d\d-\d\d\.csv$/);
    const csv = await readFile(await download.path(), "utf8");
    expect(
      csv.startsWith(
        "\ufeffNummer;Datum;Vorgang;Credit;Bewegung;Rest;Gültig bis und mit;Bezug;Durch;Bestell-ID;Los-ID\r\n",
      ),
    ).toBe(true);
    expect(csv.split("\r\n")).toHaveLength(4);
    expect(csv).toMatch(
      /\d+;03\.03\.2026 10:00:00;Korrektur;30 Tage;1;1;[\d.]{10};"'=1\+1 <b>Kulanz<\/b>; ""Nr\."" 2";LeadRadar;;[0-9a-f-]{36}\r\n/,
    );

    await page.getByLabel("Bis und mit").fill("1.2.2026");
    await page.getByRole("button", { name: "Filtern" }).click();
    await page.getByText("Das Ende liegt vor dem Anfang.").waitFor();
    await page.getByLabel("Von").fill("31.2.2026");
    await page.getByRole("button", { name: "Filtern" }).click();
    await page.getByText("Geben Sie ein Datum wie 22.11.2026 ein.").waitFor();
    expect(await page.getByLabel("Von").inputValue()).toBe("31.2.2026");
    expect(await page.title()).toBe("Fehler: Kontoauszug – LeadRadar");
    await context.close();
    expect(complaints(problems)).toEqual([]);
  });

  it("knows what there was on any day", async () => {
    const customer = await busyCustomer();
    const { page, context } = await openPage(browser, { javaScriptEnabled });
    await signIn(page, stack.origin, customer.email, "/admin/billing/ledger");
    const at = async (day: string) => {
      await page.getByLabel("Guthaben an einem Tag").fill(day);
      await page.getByRole("button", { name: "Anzeigen" }).click();
      await page.getByRole("heading", { name: `Guthaben am ${day}` }).waitFor();
      return Number(await page.getByTestId("stand-30 Tage").innerText());
    };
    expect(await at("10.01.2026")).toBe(0);
    expect(await at("11.01.2026")).toBe(4);
    expect(await at("05.03.2026")).toBe(8);
    expect(await at("12.04.2026")).toBe(30);
    await context.close();
  });
});

describe("how it looks", () => {
  it.each([
    ["ledger", "/admin/billing/ledger"],
    ["ledger-filtered", "/admin/billing/ledger?reason=CREDIT_CONSUME&at=2026-11-01"],
    ["ledger-wrong", "/admin/billing/ledger?from=gestern"],
    ["licences", "/admin/licenses"],
  ])("%s", async (name, path) => {
    const customer = await busyCustomer();
    const { page, context, problems } = await openPage(browser);
    await signIn(page, stack.origin, customer.email);
    await page.goto(`${stack.origin}${path}`);
    await inspect(page, problems, name);
    await context.close();
  });
});
