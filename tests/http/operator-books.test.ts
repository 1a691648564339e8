import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signedIn, type Visitor, visitor } from "../support/http";
import { asServer } from "../support/ledger";
import { type Stack, startStack } from "../support/stack";

const PAGE = "/operator/reconciliation";
const LOCK_OF_RECONCILE = 727_010;

let stack: Stack;
let operator: Visitor;
beforeAll(async () => {
  stack = await startStack();
  operator = await signedIn(stack.origin, "operator@leadradar.example");
});
afterAll(() => stack?.stop());

const text = async (answer: Response) =>
  (await answer.text())
    .replaceAll(/<script[\s\S]*?<\/script>/g, "")
    .replaceAll("<!-- -->", "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");
const page = async (query = "") => text(await operator.get(`${PAGE}${query}`));
const post = (intent: string) => operator.post(PAGE, { intent });

/** A report written as the reconciliation writes it. */
async function report(change: {
  differences?: Array<{ kind: string; subject: string; detail: string }>;
  books?: Record<string, unknown>;
  full?: boolean;
  complete?: boolean;
  minutesAgo?: number;
}): Promise<number> {
  const { differences = [], books = {}, full = true, complete = true, minutesAgo = 0 } = change;
  const [row] = await stack.db.owner<{ id: string }[]>`
    insert into reconciliation_report (started_at, finished_at, window_from, complete, checked, healed, differences, duration_ms, details)
    values (now() - make_interval(mins => ${minutesAgo}), now() - make_interval(mins => ${minutesAgo}),
      now() - make_interval(mins => ${minutesAgo}) - make_interval(days => ${full ? 30 : 0}), ${complete}, 12, 3,
      ${differences.length}, 1800, ${JSON.stringify({ differences, books })}) returning id`;
  return Number(row?.id);
}

/** Holds the lock of the reconciliation, as another server would. */
async function whileHeld(work: () => Promise<void>): Promise<void> {
  const other = asServer(stack.db.url, 1);
  await other`select pg_advisory_lock(${LOCK_OF_RECONCILE})`;
  try {
    await work();
  } finally {
    await other.end();
  }
}

const finished = (kind: string) =>
  expect
    .poll(async () => (await stack.db.owner`select id from task where kind = ${kind} and finished_at is null`).length)
    .toBe(0);

describe("who may see it", () => {
  test.each([PAGE, "/operator/health", "/operator/reconciliation.csv"])("%s: nobody else", async (path) => {
    const anonymous = await visitor(stack.origin).get(path);
    expect([anonymous.status, anonymous.headers.get("location")]).toEqual([
      302,
      `/login?redirectTo=${encodeURIComponent(path)}`,
    ]);
    const owner = await signedIn(stack.origin, "owner@alpen.example");
    for (const form of [path, `${path}.data`]) expect((await owner.get(form)).status).toBe(404);
    expect((await owner.post(path, { intent: "reconcile" })).status).toBe(404);
    expect(await stack.db.owner`select id from task`).toEqual([]);
  });
});

describe("the runs", () => {
  test("never run", async () => {
    expect(await page()).toContain("Noch nie abgeglichen.");
  });

  test("one is asked for, waits for somebody else's, runs, and is in the audit trail", async () => {
    await whileHeld(async () => {
      const asked = await post("reconcile");
      expect([asked.status, asked.headers.get("location")]).toEqual([303, expect.stringMatching(/\?abgleich=\d+$/)]);
      const busy = await page();
      expect(busy).toContain("Abgleich läuft …");
      expect(busy).toContain("Stand aktualisieren");
      const second = await post("reconcile");
      expect(second.status).toBe(409);
      expect(await text(second)).toMatch(/Ein Abgleich läuft bereits seit \d\d:\d\d\./);
    });
    await finished("RECONCILE");
    const [task] = await stack.db.owner`select result, failure, trace_id from task where kind = 'RECONCILE'`;
    expect(task).toMatchObject({ failure: null });
    expect(JSON.parse(String(task?.result))).toMatchObject({ complete: true, differences: 0 });
    const entries = await stack.db.owner`
      select action, subject_type, actor_user_id, trace_id from audit_entry order by id`;
    expect(entries).toEqual([
      {
        action: "RECONCILE_REQUESTED",
        subject_type: "TASK",
        actor_user_id: "lr_user_operator",
        trace_id: task?.trace_id,
      },
    ]);
    const done = await page();
    expect(done).toContain("Alles stimmt überein");
    expect(done).toMatch(/Letzter Lauf \d\d\.\d\d\.\d{4}, \d\d:\d\d, voller Abgleich/);
    expect(await page("?abgleich=1")).toContain("Abgleich beendet");
  });

  test("an unknown intent, and addresses that are not ours", async () => {
    expect((await post("heal")).status).toBe(400);
    const bad = [
      "?bericht=x",
      "?bericht=999999",
      "?cursor=x",
      "?monat=2026-13",
      "?waehrung=chf",
      "?abgleich=999",
      "?pruefung=%00",
    ];
    for (const query of bad)
      expect([query, (await operator.get(`${PAGE}${query}`)).status]).toEqual([query, expect.toBeOneOf([400, 404])]);
  });

  test("an old run says so", async () => {
    // The server's own loop would see it, too.
    await whileHeld(async () => {
      await report({ minutesAgo: 42 });
      expect(await page()).toContain("Letzter Lauf vor 42 Minuten.");
      await report({});
    });
  });

  test("sums of the month with = and ≠, of the last full run, and other periods", async () => {
    const sums = {
      payments: 1_277_000,
      refunds: 29_000,
      lost: 0,
      ordersPaid: 1_248_000,
      ordersRefunded: 29_000,
      ordersLost: 0,
      granted: 1_248_000,
    };
    const month = new Date().toLocaleDateString("sv-SE", { timeZone: "Europe/Zurich" }).slice(0, 7);
    await report({
      books: { [`${month} CHF`]: sums, "2026-01 CHF": { ...sums, ordersPaid: 1_277_000, granted: 1_277_000 } },
    });
    await report({ full: false, books: { [`${month} CHF`]: { ...sums, payments: 1 } } });
    const html = await page();
    expect(html).toContain("CHF 12’480.00");
    expect(html).toContain("Zahlungen 12’770.00, Erstattungen −290.00");
    expect(html).toMatch(/≠ ungleich/);
    expect(html).toMatch(/= gleich/);
    expect(html).toContain("Januar 2026");
    const other = await page("?monat=2026-01&waehrung=CHF");
    expect(other).not.toMatch(/ungleich/);
  });

  test("what a full run found stands until the next full run, each kind with its one remedy", async () => {
    const [paid, reviewed] = ["order_books_1", "order_books_2"];
    for (const id of [paid, reviewed]) {
      await stack.db.owner`
        insert into billing_order (id, tenant_id, sku_id, currency, amount_cents, stripe_price_id, grant_license_30d, review_reason)
        values (${id}, 'lr_tenant_alpen', 'lr_sku_30d_3', 'CHF', 11700, 'price_x', 3, ${id === reviewed ? "AMOUNT_MISMATCH" : null})`;
    }
    await report({
      differences: [
        { kind: "PAYMENT_NOT_GRANTED", subject: `order ${paid}`, detail: "session cs_1: nothing" },
        { kind: "PAYMENT_NOT_GRANTED", subject: `order ${reviewed}`, detail: "AMOUNT_MISMATCH" },
        { kind: "PAYMENT_WITHOUT_ORDER", subject: "charge ch_1", detail: "order lost" },
        { kind: "LOT_SUM", subject: "lot 7", detail: "quantity 5, ledger <b>4</b>" },
        { kind: "SOMETHING_NEW", subject: "thing 7", detail: "x" },
      ],
    });
    await report({ full: false });
    const html = await (await operator.get(PAGE)).text();
    // What every run checks is gone with the next one; the rest is not looked at by it.
    expect(html).toContain("4 Abweichungen");
    expect(html).not.toContain("Guthaben ungleich Bewegungen");
    expect(html.match(/Fehlendes Ereignis nachholen/g)).toHaveLength(1);
    expect(html).toContain(`href="/operator/orders/${paid}"`);
    expect(html).toMatch(new RegExp(`href="/operator/orders/${reviewed}"[^>]*>Bestellung prüfen`));
    expect(html).toContain("Regel SOMETHING_NEW verletzt");
    const run = await report({
      differences: [{ kind: "LOT_SUM", subject: "lot 7", detail: "quantity 5, ledger <b>4</b>" }],
    });
    const now = await (await operator.get(PAGE)).text();
    expect(now).toContain("1 Abweichung");
    expect(now).toContain("Guthaben ungleich Bewegungen");
    expect(now).toContain("ledger &lt;b&gt;4&lt;/b&gt;");
    expect(await page(`?bericht=${run}`)).toContain("Lauf vom");
    await report({});
    expect(await page()).toContain("Alles stimmt überein");
  });

  test("pages of twenty, without a gap", async () => {
    for (let i = 0; i < 40; i++) await report({});
    const ids = await stack.db.owner<{ id: string }[]>`select id from reconciliation_report order by id desc`;
    const seen: string[] = [];
    for (let path: string | undefined = PAGE; path; ) {
      const html = await (await operator.get(path)).text();
      seen.push(...[...html.matchAll(/href="[^"]*bericht=(\d+)#lauf"/g)].map((it) => String(it[1])));
      path = /href="([^"]+)"[^>]*>Ältere/.exec(html)?.[1]?.replaceAll("&amp;", "&");
    }
    expect(seen).toEqual(ids.map((it) => String(it.id)));
  });
});

describe("the check of the books on demand", () => {
  test("says what it looked at, and names what it finds", async () => {
    const asked = await post("verify");
    expect(asked.headers.get("location")).toMatch(/\?pruefung=\d+#buecher$/);
    await finished("VERIFY");
    expect(await page()).toMatch(/0 Bewegungen in 0 Guthaben geprüft: alles stimmt\./);
    await stack.db.owner`update billing_order set status = 'PAID' where id = 'order_books_1'`;
    await post("verify");
    await finished("VERIFY");
    const html = await page("?pruefung=1");
    expect(html).toContain("Bücher geprüft");
    expect(html).toContain("1 Abweichung");
    expect(html).toContain("Status und Gutschrift widersprechen sich");
    await stack.db.owner`update billing_order set status = 'PENDING' where id = 'order_books_1'`;
  });
});

describe("the figures as CSV", () => {
  test("semicolons, the mark, twelve months, harmless in a spreadsheet", async () => {
    const answer = await operator.get("/operator/reconciliation.csv");
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename="abgleich-\d{4}-\d\d-\d\d\.csv"$/);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const lines = bytes.toString("utf8").slice(1).trimEnd().split("\r\n");
    expect(lines).toHaveLength(13);
    expect(lines[0]).toMatch(/^Monat;Währung;Bestellungen;Zahlungen;/);
    expect(lines[12]).toMatch(/^20\d\d-\d\d;CHF;0;0;0;0;0;0;0;0;0;0;0$/);
    for (const line of lines) expect(line.split(";").some((cell) => /^[=+@]/.test(cell))).toBe(false);
  });
});
