import type { Browser, BrowserContext, Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openPage, type View } from "../support/browser";
import { deliver, sessionEvent } from "../support/events";
import { insertOrder, orderState } from "../support/orders";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { complaints, follow, signIn, toast } from "./steps";

const STAFF = "operator@leadradar.example";
const PAGE = "/operator/events";
const MAX_SCRIPT_BYTES = 110_000;

let stack: Stack;
let browser: Browser;
const open: BrowserContext[] = [];
beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
});
afterAll(async () => {
  await Promise.all(open.map((context) => context.close()));
  await browser?.close();
  await stack?.stop();
});

async function operator(path = PAGE, view: View = {}) {
  const visitor = await openPage(browser, view);
  open.push(visitor.context);
  await signIn(visitor.page, stack.origin, STAFF, path);
  return visitor;
}

/** An event of a fresh order that was paid too little, delivered: FAILED for good. */
async function underpaid() {
  const order = await insertOrder(stack.db.owner, { tenantId: "lr_tenant_jura", skuId: "lr_sku_30d_10" });
  const event = sessionEvent(order, "completed", {
    amount_subtotal: 19_000,
    amount_total: 19_000,
    customer_details: { email: "jenny@rosen.example", name: "Jenny Rosen", address: { city: "Zug" } },
  });
  expect((await deliver(stack.origin, event)).status).toBe(200);
  return { order, event };
}

/** An event that came, and that a server has left behind: stored, not processed. */
async function leftBehind() {
  const order = await insertOrder(stack.db.owner);
  const event = sessionEvent(order, "completed");
  await stack.db.owner`
    insert into stripe_event (id, type, payload, status, attempts, error_message)
    values (${event.id}, ${event.type}, ${JSON.stringify(event)}, 'FAILED', 3, 'ORDER_UNKNOWN: gone')`;
  return { order, event };
}

const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 1 });

/** The block that tells of a replay, as soon as it is over. */
async function until(page: Page, hasScript: boolean, title: string): Promise<string> {
  await follow(page, page.locator("#meldung").filter({ hasText: title }), hasScript);
  return toast(page, title);
}

describe("the empty log", () => {
  it("says so", async () => {
    const { page, problems } = await operator();
    await page.getByText("Noch kein Ereignis empfangen.").waitFor();
    await inspect(page, problems, "operator-events-empty");
  });
});

describe.each([
  ["with", true],
  ["without", false],
] as const)("%s JavaScript", (_, javaScriptEnabled) => {
  const view = { javaScriptEnabled, width: 1100 };

  it("a failed event is found, read, replayed, and is still failing", async () => {
    const { order, event } = await underpaid();
    const { page, problems } = await operator(PAGE, view);
    await page.getByLabel("Status").selectOption("FAILED");
    await page.getByLabel("Ereignis, Bestellung oder Konto").fill("Jura Events GmbH");
    await page.getByRole("button", { name: "Filtern" }).click();
    await page.getByRole("link", { name: "Zurücksetzen" }).waitFor();
    await page.locator(`a[href="${PAGE}/${event.id}"]:visible`).click();
    await heading(page, "checkout.session.completed").waitFor();
    await page.getByText("Betrag stimmt nicht mit der Bestellung überein").waitFor();
    await page
      .getByText("Erwartet CHF 290.00, erhalten CHF 190.00. Nichts gutgeschrieben. Die Bestellung ist in Prüfung.")
      .waitFor();
    expect(await page.locator("mark").allInnerTexts()).toEqual(['"amount_subtotal": 19000', '"amount_total": 19000']);
    expect(await page.content()).not.toMatch(/jenny|rosen|Zug"/i);
    expect(await page.getByText("1, keine weiteren geplant").count()).toBe(1);
    await page.getByText("Gefahrlos: Eine Bestellung wird nie zweimal gutgeschrieben.").waitFor();
    await page.getByRole("button", { name: "Erneut verarbeiten" }).click();
    const text = await until(page, javaScriptEnabled, "Ereignis erneut fehlgeschlagen");
    expect(text).toContain("Erwartet CHF 290.00, erhalten CHF 190.00. Nichts gutgeschrieben.");
    await page.getByRole("heading", { name: "Wiederholungen" }).waitFor();
    expect((await orderState(stack.db.owner, order.id)).granted).toBe(false);
    expect(complaints(problems)).toEqual([]);
  });

  it("one that was left behind is granted; the second time there is nothing to do", async () => {
    const { order, event } = await leftBehind();
    const { page, problems } = await operator(`${PAGE}/${event.id}`, view);
    await page.getByRole("button", { name: "Erneut verarbeiten" }).click();
    expect(await until(page, javaScriptEnabled, "Ereignis verarbeitet")).toContain(
      "Die Credits sind jetzt gutgeschrieben.",
    );
    expect((await orderState(stack.db.owner, order.id)).rows).toHaveLength(1);
    await page.goto(`${stack.origin}${PAGE}/${event.id}`);
    await page.getByRole("button", { name: "Erneut verarbeiten" }).click();
    await until(page, javaScriptEnabled, "Nichts zu tun");
    expect(await page.getByRole("heading", { name: "Wiederholungen" }).count()).toBe(1);
    expect((await orderState(stack.db.owner, order.id)).rows).toHaveLength(1);
    expect(complaints(problems)).toEqual([]);
  });

  it("all of a filter: asked first, then done, with a result for each", async () => {
    const type = `customer.test${javaScriptEnabled ? 1 : 2}`;
    await stack.db.owner`
      insert into stripe_event (id, type, payload, status) select 'evt_' || ${type.slice(-5)}::text || n, ${type},
        json_build_object('id', 'evt_x', 'type', ${type}::text)::text, 'IGNORED' from generate_series(1, 60) as n`;
    const { page, problems } = await operator(`${PAGE}?type=${type}`, view);
    await page.getByText("1–25 von 60 Ereignissen, gefiltert").waitFor();
    await page.getByRole("link", { name: "Ältere" }).click();
    await page.getByText("26–50 von 60 Ereignissen, gefiltert").waitFor();
    await page.getByRole("link", { name: "Alle 60 Ereignisse dieses Filters erneut verarbeiten" }).click();
    const question = page.getByRole("dialog", { name: "Alle 60 Ereignisse dieses Filters erneut verarbeiten?" });
    await question.waitFor();
    await question.getByRole("link", { name: "Abbrechen" }).click();
    await question.waitFor({ state: "hidden" });
    await page.getByText("26–50 von 60 Ereignissen, gefiltert").waitFor();
    await page.getByRole("link", { name: "Alle 60 Ereignisse dieses Filters erneut verarbeiten" }).click();
    await question.getByRole("button", { name: "Erneut verarbeiten" }).click();
    await heading(page, "Wiederholung").waitFor();
    await follow(page, page.getByText("Abgeschlossen"), javaScriptEnabled);
    await page.getByText("60 von 60 Ereignissen").waitFor();
    expect(await page.getByTestId("count-NOTHING").innerText()).toBe("60");
    expect(await page.getByTestId("count-STILL_FAILING").innerText()).toBe("0");
    await page.getByText(`Typ ${type}`).waitFor();
    expect(complaints(problems)).toEqual([]);
  });
});

describe("beside the list", () => {
  it("the newest event is open; a click opens another one, and the list stays", async () => {
    const [first, second] = [await underpaid(), await underpaid()];
    const { page, problems } = await operator(`${PAGE}?status=FAILED`, { width: 1440 });
    const panel = page.locator("section.card");
    await panel.getByText(second.event.id, { exact: true }).waitFor();
    await page.locator(`a[href*="ereignis=${first.event.id}"]`).click();
    await panel.getByText(first.event.id, { exact: true }).waitFor();
    await page.getByRole("link", { name: "Zurücksetzen" }).waitFor();
    expect(complaints(problems)).toEqual([]);
  });
});

describe("looks", () => {
  it("the list, an event, the question, a replay: no violation at any width", async () => {
    await underpaid();
    const { order } = await underpaid();
    await deliver(stack.origin, sessionEvent({ ...order, id: "unknown-order" }, "completed"));
    await deliver(stack.origin, { ...sessionEvent(order, "expired"), type: "price.updated" });
    const good = await insertOrder(stack.db.owner);
    await deliver(stack.origin, sessionEvent(good, "completed"));
    const { event } = await underpaid();
    const { page, problems } = await operator();
    await inspect(page, problems, "operator-events");
    await page.goto(`${stack.origin}${PAGE}?von=31.02.2026&suche=niemand`);
    await inspect(page, problems, "operator-events-error", "main");
    await page.goto(`${stack.origin}${PAGE}?status=FAILED&bestaetigen=wiederholen`);
    await page.getByRole("dialog").waitFor();
    await inspect(page, problems, "operator-events-question", "dialog");
    await page.goto(`${stack.origin}${PAGE}/${event.id}`);
    await inspect(page, problems, "operator-event", "main");
    await page.goto(`${stack.origin}${PAGE}?status=FAILED&bestaetigen=wiederholen`);
    await page.getByRole("dialog").getByRole("button", { name: "Erneut verarbeiten" }).click();
    await page.getByText("Abgeschlossen").waitFor();
    await page.getByRole("heading", { name: "Nicht verarbeitet" }).waitFor();
    await inspect(page, problems, "operator-replay", "main");
  }, 120_000);

  it("every page carries at most 110 kB of script", async () => {
    const { event } = await underpaid();
    const { page } = await operator();
    const [row] = await stack.db.owner`select max(id) as id from task`;
    await page.close();
    for (const path of [PAGE, `${PAGE}/${event.id}`, `/operator/replays/${row?.id}`]) {
      const { page: fresh } = await operator(path);
      await fresh.goto("about:blank");
      const devtools = await fresh.context().newCDPSession(fresh);
      await devtools.send("Network.enable");
      await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
      const sizes: Array<ReturnType<Request["sizes"]>> = [];
      fresh.on("requestfinished", (request) => {
        if (new URL(request.url()).pathname.endsWith(".js")) sizes.push(request.sizes());
      });
      await fresh.goto(`${stack.origin}${path}`, { waitUntil: "networkidle" });
      const bytes = (await Promise.all(sizes)).reduce((sum, it) => sum + it.responseBodySize, 0);
      console.log(`${path}: ${bytes} bytes of script`);
      expect(bytes).toBeGreaterThan(10_000);
      expect(bytes).toBeLessThanOrEqual(MAX_SCRIPT_BYTES);
    }
  });
});
