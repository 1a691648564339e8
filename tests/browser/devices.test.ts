import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { insertDevice, slotsOf } from "../support/devices";
import { change, DEVICES_PAGE, deviceRoom, heading, NEW_DEVICE_PAGE } from "./device-steps";
import { complaints, focusOn, toast } from "./steps";

const KEY = /^lrd_[\w-]{43}$/;
const MAX_SCRIPT_BYTES = 100_000;

const { room, guest } = deviceRoom();

const row = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name });

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
    await focusOn(page, "schluessel");
    const copy = page.getByRole("button", { name: "Kopieren" });
    if (javaScriptEnabled) await copy.waitFor();
    else expect(await copy.count()).toBe(0);
    expect(page.url()).not.toContain(key);
    const status = () =>
      fetch(`${room.stack.origin}/api/mobile/v1/billing/status`, { headers: { "x-api-key": key } }).then(
        (it) => it.status,
      );
    expect(await status()).toBe(200);

    await page.getByRole("link", { name: "Fertig" }).click();
    await heading(page, "Geräte").waitFor();
    expect(page.url()).toBe(`${room.stack.origin}${DEVICES_PAGE}`);
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
    expect(await slotsOf(room.stack.db.owner, tenantId)).toEqual({ active: 1, max: 2 });
    expect(complaints(problems)).toEqual([]);
  });

  it("«Abbrechen» changes nothing", async () => {
    const { page, tenantId } = await guest(2, { javaScriptEnabled });
    await insertDevice(room.stack.db.owner, tenantId, { name: "Empfang" });
    await page.reload();
    await change(page, "Sperren", "Empfang").click();
    await page.getByRole("heading", { name: "Gerät «Empfang» sperren?" }).waitFor();
    await page.getByRole("link", { name: "Abbrechen" }).click();
    await page.waitForURL(`${room.stack.origin}${DEVICES_PAGE}`);
    await page.getByText("1 von 2 Slots belegt").waitFor();
  });

  it("a name that is refused keeps what was typed, and leads to the field", async () => {
    const { page } = await guest(2, { javaScriptEnabled });
    await page.goto(`${room.stack.origin}${NEW_DEVICE_PAGE}`);
    await page.getByLabel("Name").fill("   ");
    await page.getByRole("button", { name: "Gerät erfassen" }).click();
    await page.getByRole("heading", { name: "Das Gerät wurde nicht gespeichert" }).waitFor();
    await page.waitForFunction(() => document.activeElement?.querySelector("[role=alert]") != null);
    await page.getByRole("link", { name: "Geben Sie einen Namen ein." }).click();
    await focusOn(page, "name");
    expect(await page.getByLabel("Name").inputValue()).toBe("   ");
    await page.getByLabel("Name").fill("Halle 3");
    await page.getByRole("button", { name: "Gerät erfassen" }).click();
    await heading(page, "Gerät erfasst").waitFor();
  });

  it("all slots taken: the button says why not, and freeing is refused before it is asked", async () => {
    const { page, tenantId } = await guest(1, { javaScriptEnabled });
    await insertDevice(room.stack.db.owner, tenantId, { name: "Empfang" });
    await insertDevice(room.stack.db.owner, tenantId, { name: "Lager", status: "DISABLED" });
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
    await focusOn(page, "meldung");
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.locator("#meldung").getByRole("link", { name: "Weitere Slots kaufen" }).click();
    await heading(page, "Pakete").waitFor();
    expect(page.url()).toBe(`${room.stack.origin}/admin/billing/packages?art=geraete`);
  });

  it("a slot that is lost between question and answer: the refusal stands on the page and has the focus", async () => {
    const { page, tenantId } = await guest(1, { javaScriptEnabled });
    await insertDevice(room.stack.db.owner, tenantId, { name: "Lager", status: "DISABLED" });
    await page.reload();
    await change(page, "Freigeben", "Lager").click();
    await page.getByRole("heading", { name: "Gerät «Lager» freigeben?" }).waitFor();
    await insertDevice(room.stack.db.owner, tenantId, { name: "Empfang" });
    await page.getByRole("button", { name: "Freigeben" }).click();
    await toast(page, "Alle Slots sind belegt");
    await page.getByText("1 von 1 Slot belegt").waitFor();
    await focusOn(page, "meldung");
    expect(await slotsOf(room.stack.db.owner, tenantId)).toEqual({ active: 1, max: 1 });
  });

  it("51 devices are two pages, and blocking on the second stays there", async () => {
    const { page, tenantId } = await guest(60, { javaScriptEnabled });
    await room.stack.db.owner`
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
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: room.stack.origin });
    await page.goto(`${room.stack.origin}${NEW_DEVICE_PAGE}`);
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
    const { id } = await insertDevice(room.stack.db.owner, tenantId, { name: "Empfang" });
    await page.reload();
    await change(page, "Sperren", "Empfang").click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await focusOn(page, `geraet-${id}`);
    expect(await page.getByRole("dialog").count()).toBe(0);
  });

  it("a usable slot credit leads to adding it, instead of to the shop", async () => {
    const { page, tenantId } = await guest(1);
    await insertDevice(room.stack.db.owner, tenantId, { name: "Empfang" });
    await room.stack.db.owner`
      insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at)
      values (${tenantId}, 'DEVICE_SLOT', 1, 'MANUAL_ADJUST', now() + interval '9 days')`;
    await page.reload();
    const link = page.getByRole("link", { name: "Slot hinzufügen" });
    expect(await link.getAttribute("href")).toBe("/admin/billing?bestaetigen=geraete-slot");
    await room.stack.db.owner`update tenant_credit_balance set held = 1 where tenant_id = ${tenantId}`;
    await page.reload();
    await page.getByRole("link", { name: "Weitere Slots kaufen" }).waitFor();
    expect(await link.count()).toBe(0);
  });

  it.each([DEVICES_PAGE, NEW_DEVICE_PAGE])("sends at most 100 kB of scripts for %s", async (path) => {
    const { page } = await guest(2);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Network.enable");
    await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
    const sizes: Array<Promise<{ responseBodySize: number }>> = [];
    page.on("requestfinished", (request) => {
      if (new URL(request.url()).pathname.endsWith(".js")) sizes.push(request.sizes());
    });
    await page.goto(`${room.stack.origin}${path}`);
    await page.waitForLoadState("networkidle");
    const bytes = (await Promise.all(sizes)).reduce((sum, it) => sum + it.responseBodySize, 0);
    console.log(`Scripts of ${path}: ${bytes} bytes in ${sizes.length} files`);
    expect(sizes.length).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(MAX_SCRIPT_BYTES);
  });
});
