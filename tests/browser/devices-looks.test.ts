import { describe, expect, it } from "vitest";
import { insertDevice } from "../support/devices";
import { change, deviceRoom, heading, NEW_DEVICE_PAGE } from "./device-steps";
import { inspect } from "./inspect";
import { toast } from "./steps";

const { room, guest } = deviceRoom();

/** Devices as in the mockup: three active ones, one blocked. */
async function fleet(tenantId: string): Promise<void> {
  const devices: Array<[string, "ACTIVE" | "DISABLED", string | null, string]> = [
    ["Stand 1, Halle 3", "ACTIVE", "2026-11-22T09:31:00Z", "2026-03-03T09:00:00Z"],
    ["Stand 2, Halle 3", "ACTIVE", "2026-11-22T09:29:00Z", "2026-03-03T09:01:00Z"],
    ["Empfang", "ACTIVE", null, "2026-05-14T09:00:00Z"],
    ["Leihgerät OLMA", "DISABLED", "2026-10-18T16:04:00Z", "2026-10-06T09:00:00Z"],
  ];
  for (const [name, status, seen, created] of devices) {
    const { id } = await insertDevice(room.stack.db.owner, tenantId, { name, status });
    await room.stack.db.owner`update device set last_seen_at = ${seen}, created_at = ${created} where id = ${id}`;
  }
}

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

  it("all slots taken, and a long name", async () => {
    const { page, problems, tenantId } = await guest(4);
    await fleet(tenantId);
    await insertDevice(room.stack.db.owner, tenantId, { name: `Donaudampfschifffahrt${"sgesellschaft".repeat(4)}` });
    await page.reload();
    await page.getByText("Alle 4 Slots sind belegt.").first().waitFor();
    await change(page, "Freigeben", "Leihgerät OLMA").click();
    await toast(page, "Alle Slots sind belegt");
    await inspect(page, problems, "devices-full");
  });

  it("the form with an error", async () => {
    const { page, problems } = await guest(4);
    await page.goto(`${room.stack.origin}${NEW_DEVICE_PAGE}`);
    await page.getByLabel("Name").fill(" ");
    await page.getByRole("button", { name: "Gerät erfassen" }).click();
    await page.getByRole("heading", { name: "Das Gerät wurde nicht gespeichert" }).waitFor();
    await inspect(page, problems, "devices-form-error");
  });

  it("the key", async () => {
    const { page, problems } = await guest(4);
    await page.goto(`${room.stack.origin}${NEW_DEVICE_PAGE}`);
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
