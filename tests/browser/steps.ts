import { randomBytes } from "node:crypto";
import type { Locator, Page } from "playwright-core";
import type postgres from "postgres";
import { expect } from "vitest";
import { DEMO_PASSWORD } from "../../db/seed";

/** One person with a tenant of its own, so that tests do not meet in one balance. */
export interface Customer {
  tenantId: string;
  email: string;
}

/** Adds a tenant with one user. All seeded users share a password, and so does this one. */
export async function newCustomer(owner: postgres.Sql, role: "OWNER" | "VIEWER" = "OWNER"): Promise<Customer> {
  const key = randomBytes(6).toString("hex");
  const customer = { tenantId: `tenant_${key}`, email: `${key}@kunde.example` };
  await owner`insert into tenant (id, slug, name) values (${customer.tenantId}, ${key}, 'Säntis Bühnen AG')`;
  await owner`
    insert into app_user (tenant_id, name, email, password_hash, role)
    select ${customer.tenantId}, 'Sina Säntis', ${customer.email}, password_hash, ${role}
    from app_user where id = 'lr_user_owner_alpen'`;
  return customer;
}

/** Opens a page of the app; whoever is not signed in lands on the login and comes back from there. */
export async function signIn(page: Page, origin: string, email: string, path = "/admin/billing"): Promise<void> {
  await page.goto(`${origin}${path}`);
  await page.getByLabel("E-Mail").fill(email);
  await page.getByLabel("Passwort").fill(DEMO_PASSWORD);
  await page.getByRole("button", { name: "Anmelden" }).click();
  await page.waitForURL(`${origin}${path}`);
}

/** The button «Kaufen» of one package, by the name that assistive technology hears. */
export function buyButton(page: Page, packageName: string) {
  return page.getByRole("button", { name: new RegExp(`^(Kaufen|Wird gekauft …)\\s?: ${packageName},`) });
}

/** The button of the pay page that decides how the payment ends. */
export function payButton(page: Page, name: string) {
  return page.getByRole("button", { name });
}

/** From anywhere to the pay page of a package. */
export async function goToPayPage(page: Page, origin: string, packageName = "3 Lizenzen für 30 Tage"): Promise<void> {
  await page.goto(`${origin}/admin/billing/packages`);
  await buyButton(page, packageName).click();
  await page.getByRole("heading", { name: "Bezahlen" }).waitFor();
}

/** Waits for the block that says what has happened, and gives its whole text. */
export async function toast(page: Page, title: string): Promise<string> {
  const box = page.locator("#meldung").filter({ hasText: title });
  await box.waitFor();
  return (await box.innerText()).replaceAll(/\s+/g, " ");
}

/**
 * Waits until the page shows something that takes its time: with JavaScript the page reads itself again, without it somebody
 * clicks for the news.
 */
export async function follow(page: Page, found: Locator, hasScript: boolean): Promise<void> {
  if (hasScript) return found.waitFor();
  const again = page.getByRole("link", { name: "Stand aktualisieren" });
  await expect
    .poll(async () => {
      if (await found.isVisible()) return true;
      if (await again.isVisible()) await again.click();
      else await page.reload();
      return found.isVisible();
    })
    .toBe(true);
}

/** Waits until the focus is on the element with this id. */
export async function focusOn(page: Page, id: string): Promise<void> {
  // By the clock: on a busy machine a page may have to wait long for its next frame.
  await page.waitForFunction((wanted) => document.activeElement?.id === wanted, id, { polling: 100 });
}

/** The number of usable credits that the overview shows. */
export async function credits(page: Page, type = "LICENSE_30D"): Promise<number> {
  return Number(await page.getByTestId(`credits-${type}`).locator(".num").first().innerText());
}

/** Waits until the overview shows so many credits. */
export async function untilCredits(page: Page, count: number, type = "LICENSE_30D"): Promise<void> {
  await page.getByTestId(`credits-${type}`).locator(".num").getByText(String(count), { exact: true }).waitFor();
}

/** The tenant's orders, oldest first. */
export async function ordersOf(owner: postgres.Sql, { tenantId }: Customer) {
  return owner<{ id: string; status: string; session: string; skuId: string }[]>`
    select id, status, stripe_checkout_session_id as session, sku_id as "skuId"
    from billing_order where tenant_id = ${tenantId} order by created_at, id`;
}

/** The Checkout session of the tenant's newest order. */
export async function lastSession(owner: postgres.Sql, customer: Customer): Promise<string> {
  const session = (await ordersOf(owner, customer)).at(-1)?.session;
  if (!session) throw new Error("There is no session.");
  return session;
}

/** What the browser complained about, without the lines it prints for an answer of 400 and above. */
export function complaints(problems: string[]): string[] {
  return problems.filter((problem) => !problem.startsWith("Failed to load resource"));
}

/** Adds credits that expire after so many days, some of them held. */
export async function giveCredits(
  sql: postgres.Sql,
  tenantId: string,
  type: string,
  count: number,
  days: number,
  held = 0,
): Promise<void> {
  const [row] = await sql<{ lot: string }[]>`
    insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at)
    values (${tenantId}, ${type}, ${count}, 'MANUAL_ADJUST', 
      (date_trunc('day', now() at time zone 'Europe/Zurich') + make_interval(days => ${days})) at time zone 'Europe/Zurich')
    returning balance_id as lot`;
  if (held > 0) await sql`update tenant_credit_balance set held = ${held} where id = ${row?.lot ?? ""}`;
}
