import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bookMonths } from "~/operations/books.server";
import { createStripeClient } from "~/stripe/gateway.server";
import { launchBrowser, openPage, type View } from "../support/browser";
import { asServer } from "../support/ledger";
import { TEST_SECRET_KEY } from "../support/server";
import { newBuyer, order } from "../support/shop";
import { type Stack, startStack } from "../support/stack";
import { inspect } from "./inspect";
import { complaints, follow, signIn, toast } from "./steps";

const PAGE = "/operator/reconciliation";
const LOCK_OF_RECONCILE = 727_010;
const LOCK_OF_VERIFY = 727_013;

let stack: Stack;
let browser: Browser;
const open: BrowserContext[] = [];
beforeAll(async () => {
  browser = await launchBrowser();
});
beforeEach(async () => {
  stack = await startStack();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((context) => context.close()));
  await stack?.stop();
});
afterAll(() => browser?.close());

async function operator(path = PAGE, view: View = {}) {
  const { page, context, problems } = await openPage(browser, view);
  open.push(context);
  await signIn(page, stack.origin, "operator@leadradar.example", path);
  return { page, problems };
}

/** An order that is paid at Stripe while nothing is delivered. */
async function paidButNotDelivered(): Promise<{ orderId: string; tenantId: string }> {
  stack.stripe.control.setFaults({ drop: true });
  const client = createStripeClient(TEST_SECRET_KEY, stack.stripe.url);
  const bought = await order({ db: stack.db, client }, await newBuyer(stack), "lr_sku_30d_3");
  await stack.stripe.control.pay(bought.sessionId);
  return bought;
}

const statusOf = async (orderId: string) =>
  (
    await stack.db
      .owner`select status, credits_granted_at is not null as granted from billing_order where id = ${orderId}`
  )[0];

function report(differences: Array<Record<string, string>>, books: Record<string, unknown> = {}, minutesAgo = 0) {
  return stack.db.owner`
    insert into reconciliation_report (started_at, finished_at, window_from, complete, checked, healed, differences, duration_ms, details)
    values (now() - make_interval(mins => ${minutesAgo}), now() - make_interval(mins => ${minutesAgo}), now() - interval '40 days',
      true, 1284, 2, ${differences.length}, 1800, ${JSON.stringify({ differences, books })})`;
}

/** A year of sales as in the mockup, one order a month, some of it refunded, most of it still unused. */
async function fillYear(): Promise<string> {
  const { months, bounds } = bookMonths(new Date());
  const sales = [9_500, 6_200, 7_400, 10_400, 8_200, 12_000, 13_000, 5_500, 8_800, 14_500, 13_200, 12_770];
  const back = [0, 300, 0, 500, 0, 0, 1_300, 0, 0, 400, 0, 290];
  for (const [i, francs] of sales.entries()) {
    const at = new Date((bounds[i] as Date).getTime() + 3_600_000);
    await stack.db.owner.begin(async (tx) => {
      await tx`
        insert into billing_order (id, tenant_id, sku_id, status, currency, amount_cents, stripe_price_id, grant_license_30d, paid_at,
          paid_cents, credits_granted_at, refunded_cents)
        values (${`year_${i}`}, 'lr_tenant_alpen', 'lr_sku_30d_10', 'PAID', 'CHF', ${francs * 100}, 'p', 100, ${at}, ${francs * 100}, ${at},
          ${(back[i] ?? 0) * 100})`;
      for (const [delta, reason, orderId] of [
        [100, "STRIPE_PURCHASE", `year_${i}`],
        [-60, "MANUAL_ADJUST", null],
      ] as const) {
        await tx`
          insert into tenant_credit_ledger (tenant_id, type, delta, reason, order_id, expires_at, occurred_at)
          values ('lr_tenant_alpen', 'LICENSE_30D', ${delta}, ${reason}, ${orderId}, ${`2031-01-${String(i + 1).padStart(2, "0")}`}, ${at})`;
      }
    });
  }
  return months.at(-1) ?? "";
}

const sums = {
  payments: 1_277_000,
  refunds: 29_000,
  lost: 0,
  ordersPaid: 1_277_000,
  ordersRefunded: 29_000,
  ordersLost: 0,
  granted: 1_277_000,
};

describe.each([
  ["with", true],
  ["without", false],
] as const)("%s JavaScript", (_, javaScriptEnabled) => {
  it("deliveries that were dropped are made good from the page, through the normal path", async () => {
    const { orderId } = await paidButNotDelivered();
    expect(await statusOf(orderId)).toEqual({ status: "PENDING", granted: false });
    await report([{ kind: "PAYMENT_NOT_GRANTED", subject: `order ${orderId}`, detail: "session cs_1: stripe away" }]);
    const { page, problems } = await operator(PAGE, { javaScriptEnabled });
    await page.getByRole("heading", { name: "1 Abweichung" }).waitFor();
    await page.getByText("Bezahlt, aber nicht gutgeschrieben").first().waitFor();
    await page.getByText("Es wird kein Saldo von Hand geändert.").waitFor();
    await page.getByRole("button", { name: "Fehlendes Ereignis nachholen" }).click();
    await follow(page, page.getByText("Alles stimmt überein").first(), javaScriptEnabled);
    expect(await statusOf(orderId)).toEqual({ status: "PAID", granted: true });
    // What is granted is no difference any more; the sums come with the end of the run.
    await follow(page, page.getByTestId("panel").getByText("117.00").nth(2), javaScriptEnabled);
    expect(complaints(problems)).toEqual([]);
  });

  it("a run is busy until it is done; a second click is told since when", async () => {
    const { page } = await operator(PAGE, { javaScriptEnabled });
    await page.getByText("Noch nie abgeglichen.").waitFor();
    const other = asServer(stack.db.url, 1);
    await other`select pg_advisory_lock(${LOCK_OF_RECONCILE})`;
    try {
      await page.getByRole("button", { name: "Jetzt abgleichen" }).click();
      await page.getByRole("button", { name: "Abgleich läuft …" }).waitFor();
      await page.getByRole("link", { name: "Stand aktualisieren" }).waitFor();
      await page.getByRole("button", { name: "Abgleich läuft …" }).click();
      expect(await toast(page, "Ein Abgleich läuft bereits seit")).toMatch(/seit \d\d:\d\d\./);
    } finally {
      await other.end();
    }
    await follow(page, page.getByText("Alles stimmt überein").first(), javaScriptEnabled);
    // The run is over a moment after its report is there.
    await follow(page, page.getByRole("button", { name: "Jetzt abgleichen" }), javaScriptEnabled);
  });

  it("the books are checked on demand, and a run is opened", async () => {
    await report([{ kind: "PAYMENT_WITHOUT_ORDER", subject: "charge ch_9", detail: "order lost" }]);
    await fillYear();
    const { page } = await operator(PAGE, { javaScriptEnabled });
    await page.getByRole("button", { name: "Bücher prüfen" }).click();
    await follow(page, page.getByText("24 Bewegungen in 12 Guthaben geprüft: alles stimmt."), javaScriptEnabled);
    await page.getByRole("table", { name: "Läufe des Abgleichs" }).getByRole("link").first().click();
    await page.getByRole("heading", { name: /^Lauf vom/ }).waitFor();
    await page.getByRole("link", { name: "Schliessen" }).click();
    await expect.poll(() => page.getByRole("heading", { name: /^Lauf vom/ }).count()).toBe(0);
    await page.getByText("Werte als Tabelle").first().click();
    await page.getByRole("columnheader", { name: "Rückerstattet" }).waitFor();
  });
});

describe("looks", () => {
  it("never run", async () => {
    const { page, problems } = await operator();
    await inspect(page, problems, "books-never");
  });

  it("all equal, with a year of sales, a run open and the values as tables", async () => {
    const month = await fillYear();
    for (let i = 22; i > 0; i--) await report([], {}, i * 5);
    await report([], { [`${month} CHF`]: sums, "2026-01 CHF": sums });
    const { page, problems } = await operator();
    await page.getByRole("heading", { name: "Alles stimmt überein" }).waitFor();
    await inspect(page, problems, "books-equal");
    for (const summary of await page.getByText("Werte als Tabelle").all()) await summary.click();
    await page.getByText("Anderer Zeitraum").click();
    await inspect(page, problems, "books-tables", "main");
  });

  it("differences, an event that waits, a check that found faults", async () => {
    // The server's own loop would see that the last run is old.
    const other = asServer(stack.db.url, 1);
    await other`select pg_advisory_lock(${LOCK_OF_RECONCILE})`;
    const month = await fillYear();
    const { orderId } = await paidButNotDelivered();
    await stack.db.owner`
      insert into stripe_event (id, type, payload, status, attempts, received_at, next_attempt_at)
      values ('evt_late', 'charge.refunded', '{}', 'FAILED', 9, now() - interval '3 hours', now() + interval '1 day')`;
    await report(
      [
        { kind: "PAYMENT_NOT_GRANTED", subject: `order ${orderId}`, detail: "session cs_1: stripe away" },
        { kind: "AMOUNT_DIFFERS", subject: "order year_3", detail: "Stripe 1040000, order 1040100" },
        { kind: "PAYMENT_WITHOUT_ORDER", subject: `charge ch_${"x".repeat(60)}`, detail: `order ${"y".repeat(80)}` },
        { kind: "LOT_SUM", subject: "lot 4be1", detail: "quantity 5, ledger 4; rows 2, ledger 2" },
      ],
      { [`${month} CHF`]: { ...sums, ordersPaid: 1_248_000, granted: 1_248_000 } },
      42,
    );
    const found = {
      rows: 24,
      lots: 12,
      findings: 1,
      named: [{ rule: "LOT_SUM", subject: "lot 4be1", detail: "quantity 5, ledger 4" }],
    };
    await stack.db.owner`
      insert into task (kind, requested_by, trace_id, started_at, finished_at, result)
      values ('VERIFY', 'lr_user_operator', 'abc', now(), now(), ${JSON.stringify(found)})`;
    const { page, problems } = await operator();
    await page.getByRole("heading", { name: "4 Abweichungen" }).waitFor();
    await page.getByText("Letzter Lauf vor 42 Minuten.").waitFor();
    await inspect(page, problems, "books-differences");
    await page.goto(`${stack.origin}/operator/health`);
    await page.getByRole("heading", { name: "Zustand", level: 1 }).waitFor();
    await inspect(page, problems, "health-wrong");
    await other.end();
  });

  it("busy, and how far a check is", async () => {
    await report([]);
    const [reconciling, verifying] = [asServer(stack.db.url, 1), asServer(stack.db.url, 1)];
    // Other servers are at both, so that this one leaves them alone.
    await reconciling`select pg_advisory_lock(${LOCK_OF_RECONCILE})`;
    await verifying`select pg_advisory_lock(${LOCK_OF_VERIFY})`;
    try {
      await stack.db.owner`
        insert into task (kind, requested_by, trace_id, started_at, total, done)
        select kind, 'lr_user_operator', 'abc', now(), 20000, 7500 from unnest(array['VERIFY', 'RECONCILE']) as kind`;
      const { page, problems } = await operator(PAGE, { javaScriptEnabled: true });
      await page.getByText("7’500 von 20’000 Guthaben geprüft.").waitFor();
      await inspect(page, problems, "books-busy", "main");
    } finally {
      await Promise.all([reconciling.end(), verifying.end()]);
    }
  });

  it("the state when all is well", async () => {
    await report([]);
    await stack.db.owner`update billing_sku set price_checked_at = now()`;
    const { page, problems } = await operator("/operator/health");
    await inspect(page, problems, "health-fine");
  });
});
