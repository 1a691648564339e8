import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openPage, type View } from "../support/browser";
import { insertDevice, slotsOf } from "../support/devices";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { complaints, newCustomer, signIn, toast } from "./steps";

const PAGE = "/admin/devices";
const NEW = "/admin/devices/new";
const KEY = /^lrd_[\w-]{43}$/;
const MAX_SCRIPT_BYTES = 100_000;

let stack: Stack;
let browser: Browser;
const open: BrowserContext[] = [];

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((context) => context.close()));
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

interface Guest {
  page: Page;
  context: BrowserContext;
  problems: string[];
  tenantId: string;
}

/** A signed-in person of a fresh tenant with so many slots, on the page of its devices. */
async function guest(slots: number, view: View = {}, role: "OWNER" | "VIEWER" = "OWNER"): Promise<Guest> {
  const { tenantId, email } = await newCustomer(stack.db.owner, role);
  await stack.db.owner`insert into tenant_entitlement (tenant_id, max_devices) values (${tenantId}, ${slots})`;
  const { page, context, problems } = await openPage(browser, view);
  context.setDefaultTimeout(10_000);
  open.push(context);
  await signIn(page, stack.origin, email, PAGE);
  return { page, context, problems, tenantId };
}

/** Devices as in the mockup: three active ones, one blocked. */
async function fleet(tenantId: string): Promise<void> {
  const devices: Array<[string, "ACTIVE" | "DISABLED", string | null, string]> = [
    ["Stand 1, Halle 3", "ACTIVE", "2026-11-22T09:31:00Z", "2026-03-03T09:00:00Z"],
    ["Stand 2, Halle 3", "ACTIVE", "2026-11-22T09:29:00Z", "2026-03-03T09:01:00Z"],
    ["Empfang", "ACTIVE", null, "2026-05-14T09:00:00Z"],
    ["Leihgerät OLMA", "DISABLED", "2026-10-18T16:04:00Z", "2026-10-06T09:00:00Z"],
  ];
  for (const [name, status, seen, created] of devices) {
    const { id } = await insertDevice(stack.db.owner, tenantId, { name, status });
    await stack.db.owner`update device set last_seen_at = ${seen}, created_at = ${created} where id = ${id}`;
  }
}

const row = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name });
const change = (page: Page, verb: string, name: string) =>
  page.getByRole("link", { name: new RegExp(`^${verb}\\s?: ${name}$`) });
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });

describe.each([
  ["with", true],
  ["without", false],
] as const)("%s JavaScript", (_, javaScriptEnabled) => {
  it("a device is recorded, works with its key, is blocked and freed", async () => {
    const { page, problems, tenantId } = await guest(2, { javaScriptEnabled });
    await page.getByText("Noch kein Gerät erfasst.").waitFor();
    await page.getByText("0 von 2 Slots belegt").waitFor();
    await page.getByRole("link", { name: "Gerät erfassen" }).click();
    await heading(page, "Gerät erfassen").waitFor();
    await page.getByLabel("Name").fill("Empfang");
    await page.getByRole("button", { name: "Gerät erfassen" }).click();

    await heading(page, "Gerät erfasst").waitFor();
    expect(await page.title()).toBe("Gerät erfasst – LeadRadar");
    const field = page.getByTestId("api-key");
    const key = await field.inputValue();
    expect(key).toMatch(KEY);
    expect(await field.getAttribute("readonly")).not.toBeNull();
    expect(await field.evaluate((it) => it === document.activeElement)).toBe(true);
    expect(await page.getByRole("button", { name: "Kopieren" }).count()).toBe(javaScriptEnabled ? 1 : 0);
    expect(page.url()).not.toContain(key);
    const status = () =>
      fetch(`${stack.origin}/api/mobile/v1/billing/status`, { headers: { "x-api-key": key } }).then((it) => it.status);
    expect(await status()).toBe(200);

    await page.getByRole("link", { name: "Fertig" }).click();
    await heading(page, "Geräte").waitFor();
    expect(page.url()).toBe(`${stack.origin}${PAGE}`);
    expect(await page.content()).not.toContain(key);
    await page.getByText("1 von 2 Slots belegt").waitFor();
    expect(await page.getByText("1 Slot ist frei. Weitere Slots kaufen").count()).toBe(1);
    expect(await row(page, "Empfang").innerText()).toMatch(/Empfang[\s\S]*Aktiv[\s\S]*\d\d:\d\d[\s\S]*Sperren/);

    await change(page, "Sperren", "Empfang").click();
    await page.getByRole("heading", { name: "Gerät «Empfang» sperren?" }).waitFor();
    await page.getByText("Das Gerät kann nicht mehr arbeiten. Der Slot wird frei.").waitFor();
    expect(await status()).toBe(200);
    await page.getByRole("button", { name: "Sperren" }).click();
    await toast(page, "Gerät gesperrt");
    expect(await page.title()).toBe("Gerät gesperrt: Geräte – LeadRadar");
    expect(await status()).toBe(401);
    await page.getByText("0 von 2 Slots belegt").waitFor();

    await change(page, "Freigeben", "Empfang").click();
    await page.getByRole("heading", { name: "Gerät «Empfang» freigeben?" }).waitFor();
    await page.getByRole("button", { name: "Freigeben" }).click();
    await toast(page, "Gerät freigegeben");
    expect(await status()).toBe(200);
    expect(await slotsOf(stack.db.owner, tenantId)).toEqual({ active: 1, max: 2 });
    expect(complaints(problems)).toEqual([]);
  });

  it("«Abbrechen» changes nothing", async () => {
    const { page, tenantId } = await guest(2, { javaScriptEnabled });
    await insertDevice(stack.db.owner, tenantId, { name: "Empfang" });
    await page.reload();
    await change(page, "Sperren", "Empfang").click();
    await page.getByRole("heading", { name: "Gerät «Empfang» sperren?" }).waitFor();
    await page.getByRole("link", { name: "Abbrechen" }).click();
    await page.waitForURL(`${stack.origin}${PAGE}`);
    await page.getByText("1 von 2 Slots belegt").waitFor();
  });

  it("a name that is refused keeps what was typed, and leads to the field", async () => {
    const { page } = await guest(2, { javaScriptEnabled });
    await page.goto(`${stack.origin}${NEW}`);
    await page.getByLabel("Name").fill("   ");
    await page.getByRole("button", { name: "Gerät erfassen" }).click();
    await page.getByRole("heading", { name: "Das Gerät wurde nicht gespeichert" }).waitFor();
    await page.getByRole("link", { name: "Geben Sie einen Namen ein." }).click();
    expect(await page.getByLabel("Name").evaluate((it) => it === document.activeElement)).toBe(true);
    expect(await page.getByLabel("Name").inputValue()).toBe("   ");
    await page.getByLabel("Name").fill("Halle 3");
    await page.getByRole("button", { name: "Gerät erfassen" }).click();
    await heading(page, "Gerät erfasst").waitFor();
  });

  it("all slots taken: the button says why not, and freeing is refused before it is asked", async () => {
    const { page, tenantId } = await guest(1, { javaScriptEnabled });
    await insertDevice(stack.db.owner, tenantId, { name: "Empfang" });
    await insertDevice(stack.db.owner, tenantId, { name: "Lager", status: "DISABLED" });
    await page.reload();
    const button = page.getByRole("button", { name: "Gerät erfassen" });
    expect(await button.isDisabled()).toBe(true);
    const reason = page.locator(`#${await button.getAttribute("aria-describedby")}`);
    expect(await reason.innerText()).toBe(
      "Der Slot ist belegt. Sperren Sie ein Gerät oder fügen Sie einen Slot hinzu.",
    );
    await change(page, "Freigeben", "Lager").click();
    const text = await toast(page, "Alle Slots sind belegt");
    expect(text).toContain("Sperren Sie ein Gerät oder fügen Sie einen Slot hinzu.");
    expect(await page.locator("#meldung").evaluate((it) => it === document.activeElement)).toBe(true);
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.locator("#meldung").getByRole("link", { name: "Weitere Slots kaufen" }).click();
    await heading(page, "Pakete").waitFor();
    expect(page.url()).toBe(`${stack.origin}/admin/billing/packages?art=geraete`);
  });

  it("a slot that is lost between question and answer: the refusal stands on the page and has the focus", async () => {
    const { page, tenantId } = await guest(1, { javaScriptEnabled });
    await insertDevice(stack.db.owner, tenantId, { name: "Lager", status: "DISABLED" });
    await page.reload();
    await change(page, "Freigeben", "Lager").click();
    await page.getByRole("heading", { name: "Gerät «Lager» freigeben?" }).waitFor();
    await insertDevice(stack.db.owner, tenantId, { name: "Empfang" });
    await page.getByRole("button", { name: "Freigeben" }).click();
    await toast(page, "Alle Slots sind belegt");
    await page.getByText("1 von 1 Slot belegt").waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "meldung");
    expect(await slotsOf(stack.db.owner, tenantId)).toEqual({ active: 1, max: 1 });
  });

  it("51 devices are two pages, and blocking on the second stays there", async () => {
    const { page, tenantId } = await guest(60, { javaScriptEnabled });
    await stack.db.owner`
      insert into device (tenant_id, name, created_at)
      select ${tenantId}, 'Stand ' || lpad(n::text, 2, '0'), now() - make_interval(hours => n) from generate_series(1, 51) as n`;
    await page.reload();
    await page.getByText("1–50 von 51 Geräten").waitFor();
    await page.getByRole("link", { name: "Ältere" }).click();
    await page.getByText("51 von 51 Geräten").waitFor();
    await change(page, "Sperren", "Stand 51").click();
    await page.getByRole("button", { name: "Sperren" }).click();
    await toast(page, "Gerät gesperrt");
    await row(page, "Stand 51").getByText("Gesperrt").waitFor();
    await page.getByRole("link", { name: "Neuere" }).click();
    await page.getByText("1–50 von 51 Geräten").waitFor();
    expect(await page.locator("#meldung").count()).toBe(0);
  });
});

describe("with JavaScript only", () => {
  it("«Kopieren» puts the key on the clipboard and says so", async () => {
    const { page, context, problems } = await guest(2);
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: stack.origin });
    await page.goto(`${stack.origin}${NEW}`);
    await page.getByLabel("Name").fill("Empfang");
    await page.getByRole("button", { name: "Gerät erfassen" }).click();
    await page.getByRole("button", { name: "Kopieren" }).click();
    await page.getByRole("button", { name: "Kopiert" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe(await page.getByTestId("api-key").inputValue());
    await page.goBack();
    expect(await page.content()).not.toContain(copied);
    expect(complaints(problems)).toEqual([]);
  });

  it("Escape closes the question, and the focus returns to where it came from", async () => {
    const { page, tenantId } = await guest(2);
    const { id } = await insertDevice(stack.db.owner, tenantId, { name: "Empfang" });
    await page.reload();
    await change(page, "Sperren", "Empfang").click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction((trigger) => document.activeElement?.id === trigger, `geraet-${id}`);
    expect(await page.getByRole("dialog").count()).toBe(0);
  });

  it("a usable slot credit leads to adding it, instead of to the shop", async () => {
    const { page, tenantId } = await guest(1);
    await insertDevice(stack.db.owner, tenantId, { name: "Empfang" });
    await stack.db.owner`
      insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at)
      values (${tenantId}, 'DEVICE_SLOT', 1, 'MANUAL_ADJUST', now() + interval '9 days')`;
    await page.reload();
    const link = page.getByRole("link", { name: "Slot hinzufügen" });
    expect(await link.getAttribute("href")).toBe("/admin/billing?bestaetigen=geraete-slot");
    await stack.db.owner`update tenant_credit_balance set held = 1 where tenant_id = ${tenantId}`;
    await page.reload();
    await page.getByRole("link", { name: "Weitere Slots kaufen" }).waitFor();
    expect(await link.count()).toBe(0);
  });

  it.each([PAGE, NEW])("sends at most 100 kB of scripts for %s", async (path) => {
    const { page } = await guest(2);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Network.enable");
    await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
    const sizes: Array<Promise<{ responseBodySize: number }>> = [];
    page.on("requestfinished", (request) => {
      if (new URL(request.url()).pathname.endsWith(".js")) sizes.push(request.sizes());
    });
    await page.goto(`${stack.origin}${path}`);
    await page.waitForLoadState("networkidle");
    const bytes = (await Promise.all(sizes)).reduce((sum, it) => sum + it.responseBodySize, 0);
    console.log(`Scripts of ${path}: ${bytes} bytes in ${sizes.length} files`);
    expect(sizes.length).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(MAX_SCRIPT_BYTES);
  });
});

describe("looks", () => {
  it("no device yet", async () => {
    const { page, problems } = await guest(4);
    await inspect(page, problems, "devices-empty");
  });

  it("active and blocked ones, and the question", async () => {
    const { page, problems, tenantId } = await guest(4);
    await fleet(tenantId);
    await page.reload();
    await page.getByText("3 von 4 Slots belegt").waitFor();
    await page.getByText("Noch nie").first().waitFor({ state: "attached" });
    await inspect(page, problems, "devices");
    await change(page, "Sperren", "Empfang").click();
    await page.getByRole("dialog").waitFor();
    await inspect(page, problems, "devices-question", "dialog");
  });

  it("the question without JavaScript", async () => {
    const { page, tenantId } = await guest(4, { javaScriptEnabled: false, width: 390 });
    await fleet(tenantId);
    await page.reload();
    await change(page, "Sperren", "Empfang").click();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
  });

  it("all slots taken, a long name, more slots than segments", async () => {
    const { page, problems, tenantId } = await guest(4);
    await fleet(tenantId);
    await insertDevice(stack.db.owner, tenantId, { name: `Donaudampfschifffahrt${"sgesellschaft".repeat(4)}` });
    await page.reload();
    await page.getByText("Alle 4 Slots sind belegt.").first().waitFor();
    await change(page, "Freigeben", "Leihgerät OLMA").click();
    await toast(page, "Alle Slots sind belegt");
    await inspect(page, problems, "devices-full");
  });

  it("the form with an error", async () => {
    const { page, problems } = await guest(4);
    await page.goto(`${stack.origin}${NEW}`);
    await page.getByLabel("Name").fill(" ");
    await page.getByRole("button", { name: "Gerät erfassen" }).click();
    await page.getByRole("heading", { name: "Das Gerät wurde nicht gespeichert" }).waitFor();
    await inspect(page, problems, "devices-form-error");
  });

  it("the key", async () => {
    const { page, problems } = await guest(4);
    await page.goto(`${stack.origin}${NEW}`);
    await page.getByLabel("Name").fill("Stand 1, Halle 3");
    await page.getByRole("button", { name: "Gerät erfassen" }).click();
    await heading(page, "Gerät erfasst").waitFor();
    await inspect(page, problems, "devices-key");
  });

  it("for a viewer", async () => {
    const { page, problems, tenantId } = await guest(4, {}, "VIEWER");
    await fleet(tenantId);
    await page.reload();
    for (const button of await page.getByRole("button", { name: /Gerät erfassen|Sperren|Freigeben/ }).all()) {
      expect(await button.isDisabled()).toBe(true);
      expect(await button.getAttribute("aria-describedby")).toBe("nur-lesen");
    }
    await inspect(page, problems, "devices-viewer", "main");
  });
});
