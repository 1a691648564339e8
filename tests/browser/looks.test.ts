import type { Browser, BrowserContext, Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser";
import { deliver, type SessionChange, sessionEvent } from "../support/events";
import { insertOrder } from "../support/orders";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { buyButton, giveCredits, newCustomer, signIn, toast } from "./steps";

const MAX_SCRIPT_BYTES = 100_000;

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

async function visit(): Promise<{ page: Page; problems: string[] }> {
  const { page, context, problems } = await openPage(browser);
  open.push(context);
  return { page, problems };
}

/** A signed-in owner of a fresh tenant. */
async function owner() {
  const customer = await newCustomer(stack.db.owner);
  const visitor = await visit();
  await signIn(visitor.page, stack.origin, customer.email);
  return { ...visitor, ...customer };
}

async function giveLicence(tenantId: string, days: number): Promise<void> {
  await stack.db.owner`
    insert into tenant_entitlement (tenant_id, valid_until, max_devices)
    values (${tenantId}, now() + make_interval(days => ${days}), 4)`;
  await stack.db.owner`insert into device (tenant_id, name) values (${tenantId}, 'Stand 1'), (${tenantId}, 'Stand 2')`;
}

describe("no violation, no sideways scroll, no complaint of the browser", () => {
  it("login", async () => {
    const { page, problems } = await visit();
    await page.goto(`${stack.origin}/login`);
    await inspect(page, problems, "login");
  });

  it("login with an error", async () => {
    const { page, problems } = await visit();
    await page.goto(`${stack.origin}/login`);
    await page.getByLabel("E-Mail").fill("niemand@kunde.example");
    await page.getByLabel("Passwort").fill("falsch");
    await page.getByRole("button", { name: "Anmelden" }).click();
    await page.getByRole("alert").waitFor();
    await inspect(page, problems, "login-error");
  });

  it("overview with nothing yet", async () => {
    const { page, problems } = await owner();
    await inspect(page, problems, "overview-empty");
  });

  it("overview with credits, some expiring soon, some held, and an active licence", async () => {
    const { page, problems, tenantId } = await owner();
    await giveLicence(tenantId, 313);
    await giveCredits(stack.db.owner, tenantId, "LICENSE_30D", 2, 13);
    await giveCredits(stack.db.owner, tenantId, "LICENSE_30D", 8, 300);
    await giveCredits(stack.db.owner, tenantId, "LICENSE_365D", 3, 209, 1);
    await giveCredits(stack.db.owner, tenantId, "DEVICE_SLOT", 3, 209);
    await giveCredits(stack.db.owner, tenantId, "DEVICE_SLOT", 2, 240);
    await page.reload();
    await page.getByText("2 davon laufen in 12 Tagen ab").waitFor();
    await page.getByText("ein weiterer ist gesperrt").waitFor();
    await page.getByText(/^3 bis und mit \d\d\.\d\d\.20\d\d, 2 bis und mit \d\d\.\d\d\.20\d\d$/).waitFor();
    await page.getByText("gesperrt: Zahlung angefochten").waitFor();
    await page.getByText("2 von 4 aktiv").waitFor();
    await inspect(page, problems, "overview-full");
  });

  it.each([
    ["licence-soon", 12, "Läuft bald ab"],
    ["licence-over", -1, "Abgelaufen"],
  ])("overview, %s", async (name, days, badge) => {
    const { page, problems, tenantId } = await owner();
    await giveLicence(tenantId, days);
    await page.reload();
    await page.getByText(badge, { exact: true }).waitFor();
    await inspect(page, problems, `overview-${name}`, "section[aria-labelledby=lizenz]");
  });

  it.each([["30-tage"], ["365-tage"], ["geraete"]])("packages, tab %s", async (art) => {
    const { page, problems } = await owner();
    await page.goto(`${stack.origin}/admin/billing/packages?art=${art}`);
    await inspect(page, problems, `packages-${art}`, art === "30-tage" ? undefined : "main");
  });

  it("packages for a viewer", async () => {
    const { email } = await newCustomer(stack.db.owner, "VIEWER");
    const { page, problems } = await visit();
    await signIn(page, stack.origin, email, "/admin/billing/packages");
    await inspect(page, problems, "packages-viewer", "main");
  });

  it("packages after a refusal", async () => {
    const { page, problems } = await owner();
    await stack.stripe.control.updatePrice("price_lr_30d_5", { active: false });
    await page.goto(`${stack.origin}/admin/billing/packages`);
    await buyButton(page, "5 Lizenzen für 30 Tage").click();
    await toast(page, "Dieses Paket ist zurzeit nicht erhältlich");
    await inspect(page, problems, "toast-refused", "#meldung");
    await stack.stripe.control.updatePrice("price_lr_30d_5", { active: true });
  });

  it.each<[string, string, string | null, SessionChange]>([
    ["booked", "Zahlung erhalten", "completed", {}],
    ["processing", "Zahlung wird verarbeitet", null, {}],
    ["review", "Zahlung erhalten, wird geprüft", "completed", { amount_total: 1, amount_subtotal: 1 }],
    ["failed", "Fehlgeschlagen", "async_payment_failed", {}],
    ["expired", "Abgelaufen", "expired", {}],
  ])("overview that says %s", async (name, title, event, change) => {
    const { page, problems, tenantId } = await owner();
    const order = await insertOrder(stack.db.owner, { tenantId });
    if (event) await deliver(stack.origin, sessionEvent(order, event, change));
    await page.goto(`${stack.origin}/admin/billing?checkout=success&session_id=${order.sessionId}`);
    await toast(page, title);
    await inspect(page, problems, `toast-${name}`, "#meldung");
  });

  it("overview that says cancelled", async () => {
    const { page, problems } = await owner();
    await page.goto(`${stack.origin}/admin/billing?checkout=cancel`);
    await toast(page, "Kauf abgebrochen");
    await inspect(page, problems, "toast-cancelled", "#meldung");
  });

  it("unknown page, in the shell and outside", async () => {
    const { page, problems } = await owner();
    await page.goto(`${stack.origin}/admin/gibt-es-nicht`);
    await inspect(page, problems, "404-in-shell");
    const guest = await visit();
    await guest.page.goto(`${stack.origin}/gibt-es-nicht`);
    await inspect(guest.page, guest.problems, "404-guest");
  });

  it("open menu on a phone", async () => {
    const { page, problems } = await owner();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator("summary:visible").click();
    await page.getByRole("button", { name: "Abmelden" }).waitFor();
    await inspect(page, problems, "menu", "header");
  });
});

it.each([
  ["packages", "/admin/billing/packages"],
  ["overview", "/admin/billing"],
])("sends at most 100 kB of scripts for the %s page", async (name, path) => {
  const { email } = await newCustomer(stack.db.owner);
  const { page } = await visit();
  await signIn(page, stack.origin, email);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  const sizes: Array<ReturnType<Request["sizes"]>> = [];
  page.on("requestfinished", (request) => {
    if (new URL(request.url()).pathname.endsWith(".js")) sizes.push(request.sizes());
  });
  await page.goto(`${stack.origin}${path}`);
  await page.waitForLoadState("networkidle");
  const sent = await Promise.all(sizes);
  const bodies = sent.reduce((sum, it) => sum + it.responseBodySize, 0);
  const headers = sent.reduce((sum, it) => sum + it.responseHeadersSize, 0);
  console.log(`Scripts of the ${name} page: ${bodies} bytes in ${sent.length} files, and ${headers} bytes of headers`);
  expect(sent.length).toBeGreaterThan(0);
  expect(bodies).toBeLessThanOrEqual(MAX_SCRIPT_BYTES);
});
