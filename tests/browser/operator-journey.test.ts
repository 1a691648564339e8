import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import {
  complaints,
  credits,
  follow,
  goToPayPage,
  lastSession,
  newCustomer,
  ordersOf,
  payButton,
  signIn,
  toast,
} from "./steps";

const STAFF = "operator@leadradar.example";

let stack: Stack;
let browser: Browser;
beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
  const price = { productName: "Fünfer-Slot", unitAmount: 45_000, currency: "chf" };
  await stack.stripe.control.createPrice({ ...price, id: "price_slots" });
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

describe.each([
  ["with", true],
  ["without", false],
] as const)("a day in the room, %s JavaScript", (how, javaScriptEnabled) => {
  const open: Array<{ context: BrowserContext; problems: string[] }> = [];
  let page: Page;
  const visit = async (withScript = javaScriptEnabled): Promise<Page> => {
    const visitor = await openPage(browser, { javaScriptEnabled: withScript });
    open.push(visitor);
    return visitor.page;
  };
  beforeEach(async () => {
    page = await visit();
    await signIn(page, stack.origin, STAFF, "/operator/skus");
  });
  afterEach(async () => {
    stack.stripe.control.setFaults({ drop: false });
    for (const { context, problems } of open.splice(0)) {
      await context.close();
      expect(complaints(problems)).toEqual([]);
    }
  });

  const click = (name: string) => page.getByRole("main").getByRole("button", { name, exact: true }).click();
  const until = (text: RegExp | string) => follow(page, page.getByText(text).first(), javaScriptEnabled);

  it("makes a package, keeps its word after it was retired, pays half back, and replays the event for nothing", async () => {
    const name = `5 Slots ${how}`;
    await page.getByRole("link", { name: "Paket anlegen" }).click();
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Stripe-Preis").selectOption("price_slots");
    await page.getByLabel("Geräte-Slots").fill("5");
    await page.getByLabel("Zum Verkauf freigegeben").check();
    await click("Vorschau");
    await click("Speichern");
    await toast(page, "Paket angelegt");

    const buyer = await visit(true);
    const customer = await newCustomer(stack.db.owner);
    await signIn(buyer, stack.origin, customer.email, "/admin/billing/packages?art=geraete");
    await buyer.getByRole("button", { name: new RegExp(`Kaufen\\s?: ${name},`) }).click();
    await page.getByRole("link", { name: "Aus dem Verkauf nehmen" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Aus dem Verkauf nehmen" }).click();
    await toast(page, "Aus dem Verkauf genommen");
    await payButton(buyer, "CHF 450.00 bezahlen").click();
    await toast(buyer, "Zahlung erhalten");
    expect(await credits(buyer, "DEVICE_SLOT")).toBe(5);

    const [order] = await ordersOf(stack.db.owner, customer);
    await page.goto(`${stack.origin}/operator/orders/${order?.id}`);
    await page.getByRole("link", { name: "Rückerstatten" }).click();
    await page.getByLabel("Betrag in CHF").fill("225.00");
    await page.getByLabel("Grund").fill("Halbe Messe fiel aus");
    await page.getByRole("dialog").getByRole("button", { name: "Rückerstatten" }).click();
    await toast(page, "Rückerstattung ausgelöst");
    await page.getByText("Teilweise rückerstattet", { exact: true }).waitFor();
    await buyer.reload();
    expect(await credits(buyer, "DEVICE_SLOT")).toBe(3);

    await page.getByRole("main").getByRole("link", { name: "checkout.session.completed" }).first().click();
    await click("Erneut verarbeiten");
    await until(/nichts zu tun/i);
    await buyer.reload();
    expect(await credits(buyer, "DEVICE_SLOT")).toBe(3);
  });

  it("brings in what was paid while no delivery came through, and proves the books", async () => {
    const customer = await newCustomer(stack.db.owner);
    stack.stripe.control.setFaults({ drop: true });
    const buyer = await visit(true);
    await signIn(buyer, stack.origin, customer.email);
    await goToPayPage(buyer, stack.origin);
    // The buyer pays and never comes back.
    await stack.stripe.control.pay(await lastSession(stack.db.owner, customer));
    expect((await ordersOf(stack.db.owner, customer)).map((it) => it.status)).toEqual(["PENDING"]);

    await page.goto(`${stack.origin}/operator/reconciliation`);
    await click("Jetzt abgleichen");
    await until("Alles stimmt überein");
    await expect.poll(async () => (await ordersOf(stack.db.owner, customer)).map((it) => it.status)).toEqual(["PAID"]);
    await buyer.goto(`${stack.origin}/admin/billing`);
    expect(await credits(buyer)).toBe(3);

    await page.getByRole("link", { name: "Zustand" }).click();
    await page.getByRole("heading", { level: 1, name: "Zustand" }).waitFor();
  });
});

it.each([
  "/operator/reconciliation",
  "/operator/health",
  "/operator/events",
  "/operator/orders",
  "/operator/skus",
  "/operator/skus/new",
  "/operator/skus/lr_sku_30d_1",
  "/operator/coupons",
  "/operator/coupons/new",
  "/operator/tenants",
  "/operator/tenants/new",
  "/operator/tenants/lr_tenant_alpen",
  "/operator/audit",
])("%s sends at most 110 kB of scripts", async (path) => {
  const { page, context } = await openPage(browser);
  await signIn(page, stack.origin, STAFF, path);
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  const sizes: Array<Promise<number>> = [];
  page.on("requestfinished", (request) => {
    if (new URL(request.url()).pathname.endsWith(".js")) {
      sizes.push(request.sizes().then((it) => it.responseBodySize));
    }
  });
  await page.goto(`${stack.origin}${path}`);
  await page.waitForLoadState("networkidle");
  const bytes = (await Promise.all(sizes)).reduce((sum, it) => sum + it, 0);
  console.log(`Scripts of ${path}: ${bytes} bytes`);
  await context.close();
  expect(sizes.length).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(110_000);
});
