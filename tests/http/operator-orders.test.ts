import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { noFaults } from "../sandbox/stripe/faults";
import { type Account, newAccount, stopInOrder } from "../support/accounts";
import { signedIn, type Visitor } from "../support/http";
import { insertOrder } from "../support/orders";
import { type Stack, startStack } from "../support/stack";

let stack: Stack;
let staff: Visitor;
let account: Account;
beforeAll(async () => {
  stack = await startStack();
  staff = await signedIn(stack.origin, "operator@leadradar.example");
  account = await newAccount(stack);
});
afterAll(() => stopInOrder(stack));
afterEach(() => {
  stack.stripe.control.setFaults(noFaults());
});

const TEN = "lr_sku_30d_10"; // 10 licences of 30 days for 290.00

/** Bought through the API and paid at Stripe, its news delivered. */
async function paid(): Promise<{ id: string; path: string }> {
  const answer = await account.owner.json("/api/admin/v1/billing/checkout", { skuId: TEN });
  const { data } = (await answer.json()) as { data: { orderId: string } };
  const [order] = await stack.db.owner<{ session: string }[]>`
    select stripe_checkout_session_id as session from billing_order where id = ${data.orderId}`;
  await stack.stripe.control.pay(order?.session ?? "");
  await stack.stripe.control.idle();
  return { id: data.orderId, path: `/operator/orders/${data.orderId}` };
}

const refund = (path: string, change: Record<string, string> = {}) =>
  staff.post(path, { intent: "refund", betrag: "29.00", grund: "Kulanz", nonce: randomUUID(), ...change });
const requests = (orderId: string) =>
  stack.db.owner<{ id: string; status: string; cents: number }[]>`
    select id, status, amount_cents as cents from refund_request where order_id = ${orderId} order by requested_at`;
const entries = async (orderId: string) => {
  const rows = await stack.db.owner<{ action: string }[]>`
    select action from audit_entry where subject_id = ${orderId} order by id`;
  return rows.map(({ action }) => action);
};
/** What the page says, without its markup. */
async function words(answer: Response): Promise<string> {
  const html = await answer.text();
  return html
    .replaceAll(/<script[\s\S]*?<\/script>/g, "")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/&#x27;|&quot;/g, "'")
    .replaceAll(/\s+/g, " ");
}
const follow = async (answer: Response) => {
  expect(answer.status).toBe(303);
  return words(await staff.get(answer.headers.get("location") ?? ""));
};

describe("paying back", () => {
  test("leads to the order, which says what is true, and leaves its entries in the audit trail", async () => {
    const { id, path } = await paid();
    expect(await follow(await refund(path))).toContain("Rückerstattet sind CHF 29.00.");
    expect(await entries(id)).toEqual(["REFUND_REQUESTED", "REFUND_SENT"]);
  });

  test("the same form twice is one refund; with another amount it is refused", async () => {
    const { id, path } = await paid();
    const nonce = randomUUID();
    const answers = await Promise.all([refund(path, { nonce }), refund(path, { nonce })]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    expect((await refund(path, { nonce, betrag: "30" })).status).toBe(409);
    expect(await requests(id)).toMatchObject([{ status: "SENT", cents: 2_900 }]);
  });

  test("Stripe's answer is lost: the page says that it is unknown, and sending again finds the refund", async () => {
    const { id, path } = await paid();
    stack.stripe.control.setFaults({ apiDown: "lost", apiDownPath: "/v1/refunds" });
    const page = await follow(await refund(path));
    expect(page).toContain("Stripe hat nicht geantwortet");
    expect(page).not.toContain("nichts belastet");
    expect(page).toContain("Nochmals senden");
    stack.stripe.control.setFaults(noFaults());
    const [open] = await requests(id);
    expect(open?.status).toBe("OPEN");
    const sent = await follow(await staff.post(path, { intent: "resend", refund: open?.id ?? "" }));
    expect(sent).toContain("Rückerstattung ausgelöst");
    expect(sent).not.toContain("Nochmals senden");
    expect(stack.stripe.control.events().filter((it) => it.type === "refund.created").length).toBeGreaterThan(0);
    expect(await requests(id)).toMatchObject([{ status: "SENT" }]);
    expect(await entries(id)).toEqual(["REFUND_REQUESTED", "REFUND_SENT"]);
  });

  test("a refusal by Stripe is said in plain words, and the next try is a new one", async () => {
    const { id, path } = await paid();
    const [order] = await stack.db.owner<{ session: string }[]>`
      select stripe_checkout_session_id as session from billing_order where id = ${id}`;
    const { id: dispute } = await stack.stripe.control.dispute(order?.session ?? "");
    await stack.stripe.control.idle();
    const page = await follow(await refund(path));
    expect(page).toContain("Stripe hat die Rückerstattung abgelehnt");
    expect(page).toContain("Die Zahlung ist angefochten, und die Bank entscheidet. Es wurde nichts rückerstattet.");
    await stack.stripe.control.winDispute(dispute);
    await stack.stripe.control.idle();
    expect(await follow(await refund(path))).toContain("Rückerstattung ausgelöst");
    expect(await entries(id)).toEqual(["REFUND_REQUESTED", "REFUND_REFUSED", "REFUND_REQUESTED", "REFUND_SENT"]);
  });

  test("an address that names somebody else's refund, or none, says nothing", async () => {
    const [one, two] = [await paid(), await paid()];
    await refund(one.path);
    const [request] = await requests(one.id);
    for (const auftrag of [request?.id ?? "", "rr_nowhere", "x".repeat(5_000)]) {
      const page = await words(await staff.get(`${two.path}?auftrag=${auftrag}`));
      expect(page).not.toContain("Rückerstattung ausgelöst");
    }
  });
});

describe("bad input is refused, and nothing is written", () => {
  let order: { id: string; path: string };
  beforeAll(async () => {
    order = await paid();
  });
  afterAll(async () => {
    expect(await requests(order.id)).toEqual([]);
    expect(await entries(order.id)).toEqual([]);
  });

  test.each([
    ["290.01", "Höchstens CHF 290.00."],
    ["1’197.00", "Höchstens CHF 290.00."],
    ["9999999", "Höchstens CHF 290.00."],
    ["0", "Geben Sie einen Betrag über 0 ein."],
    ["0.00", "Geben Sie einen Betrag über 0 ein."],
    ...[
      "",
      "-5",
      "+5",
      "1e2",
      "1.5",
      "1,234.50",
      "1.234,50",
      "11’97",
      "0x10",
      "٣",
      "145.000",
      "CHF 145",
      "=1+1",
      "12 00",
    ].map((it): [string, string] => [it, "Geben Sie einen Betrag wie 145.00 ein."]),
  ])("the amount %s", async (betrag, sentence) => {
    const answer = await refund(`${order.path}?bestaetigen=rueckerstatten`, { betrag });
    expect(answer.status).toBe(400);
    expect(await words(answer)).toContain(sentence);
  });

  test.each([
    ["", "Geben Sie den Grund an."],
    ["   ", "Geben Sie den Grund an."],
    ["ab", "Geben Sie den Grund mit mindestens 3 Zeichen an."],
    ["a".repeat(501), "Höchstens 500 Zeichen."],
    ["abc\u202edef", "Zeichen, die die Schreibrichtung ändern, sind nicht erlaubt."],
    ["abc\u0000def", "Steuerzeichen sind nicht erlaubt."],
  ])("the reason %j", async (grund, sentence) => {
    const answer = await refund(`${order.path}?bestaetigen=rueckerstatten`, { grund });
    expect(answer.status).toBe(400);
    expect(await words(answer)).toContain(sentence);
  });

  test("an intent that does not exist, none, no click, an order that does not exist", async () => {
    expect((await staff.post(order.path, { intent: "toString" })).status).toBe(400);
    expect((await staff.post(order.path, {})).status).toBe(400);
    expect((await refund(order.path, { nonce: "" })).status).toBe(400);
    expect((await refund("/operator/orders/nowhere")).status).toBe(404);
    expect((await staff.post(order.path, { intent: "resend", refund: "rr_nowhere" })).status).toBe(404);
    expect((await staff.get("/operator/orders/nowhere")).status).toBe(404);
  });

  test("a preview of an amount that is none says so and keeps what was typed", async () => {
    const page = await staff.get(`${order.path}?bestaetigen=rueckerstatten&betrag=viel&grund=Kulanz`);
    const html = await page.text();
    expect(html).toContain("Geben Sie einen Betrag wie 145.00 ein.");
    expect(html).toContain('value="viel"');
    expect(html).toContain('value="Kulanz"');
  });
});

test("nobody but staff pays back or ends a review", async () => {
  const { id, path } = await paid();
  for (const who of [account.owner, await account.viewer()]) {
    for (const intent of ["refund", "resend", "resolve"]) {
      const answer = await who.post(path, {
        intent,
        betrag: "1",
        grund: "Kulanz",
        nonce: randomUUID(),
        refund: "rr_1",
      });
      expect(answer.status).toBe(404);
    }
  }
  expect(await entries(id)).toEqual([]);
});

describe("a review", () => {
  test("ends once, with a note shown as it was typed; markup and formulas stay text", async () => {
    const { id } = await insertOrder(stack.db.owner, { tenantId: account.tenantId });
    await stack.db.owner`update billing_order set review_reason = 'AMOUNT_MISMATCH: expected 1' where id = ${id}`;
    const path = `/operator/orders/${id}`;
    expect(await words(await staff.get(`${path}?erledigt=pruefung`))).not.toContain("Prüfung abgeschlossen");
    expect(await words(await staff.get(`${path}?bestaetigen=pruefung`))).toContain("Es wird nichts gutgeschrieben.");
    expect((await staff.post(path, { intent: "resolve", grund: "" })).status).toBe(400);
    const grund = '=1+1<script>alert("x")</script>';
    const answer = await staff.post(path, { intent: "resolve", grund });
    expect(answer.status).toBe(303);
    const html = await (await staff.get(answer.headers.get("location") ?? "")).text();
    expect(html).toContain("Prüfung abgeschlossen");
    expect(html).toContain("=1+1&lt;script&gt;");
    expect(html).not.toContain(grund);
    expect((await staff.post(path, { intent: "resolve", grund: "Nochmals" })).status).toBe(409);
    expect(await entries(id)).toEqual(["REVIEW_RESOLVED"]);
  });
});

describe("the list", () => {
  const rows = async (query: string) => {
    const answer = await staff.get(`/operator/orders?${query}`);
    const html = await answer.text();
    return {
      status: answer.status,
      ids: [...html.matchAll(/<a [^>]*href="\/operator\/orders\/([^"?]+)"/g)].map((it) => it[1]),
    };
  };

  test("finds an order by everything that names it, also with blanks around, and several of one tenant", async () => {
    const { id } = await paid();
    const [it] = await stack.db.owner<Record<string, string>[]>`
      select o.number, o.stripe_checkout_session_id as session, o.stripe_payment_intent_id as intent, o.stripe_charge_id as charge,
        lower(o.number) as lower from billing_order o where o.id = ${id}`;
    for (const text of [id, ` ${id} `, it?.number, it?.lower, it?.session, it?.intent, it?.charge]) {
      expect((await rows(new URLSearchParams({ suche: text ?? "" }).toString())).ids, text).toEqual([id]);
    }
    const slug = account.tenantId.slice(2);
    for (const text of [account.tenantId, slug, `KONTO ${slug.slice(0, 8)}`, `Owner@${slug}.example`]) {
      const { ids } = await rows(new URLSearchParams({ suche: text }).toString());
      expect(ids.length, text).toBeGreaterThan(1);
      expect(ids, text).toContain(id);
    }
  });

  test.each(["%", "_", "\\", "' or 1=1 --", "cs_%", "LR-2026-999999", "‮gnp", "a@b", "=1+1", "<b>"])(
    "%s finds nothing and does no harm",
    async (suche) => expect(await rows(new URLSearchParams({ suche }).toString())).toEqual({ status: 200, ids: [] }),
  );

  test("refuses what is no filter", async () => {
    for (const query of ["status=LOST", "pruefung=2", `suche=${"x".repeat(10_000)}`, "suche=a%00b", "cursor=garbage"]) {
      expect((await rows(query)).status, query.slice(0, 40)).toBe(400);
    }
  });

  test("leads through all pages and back without losing or repeating one, also where instants are equal", async () => {
    const other = await newAccount(stack);
    await stack.db.owner`
      insert into billing_order (tenant_id, sku_id, currency, amount_cents, stripe_price_id, grant_license_30d, created_at)
      select ${other.tenantId}, 'lr_sku_30d_1', 'CHF', 3900, 'p', 1, timestamptz '2026-01-01 00:00:00' + (n / 40) * interval '1 second'
      from generate_series(1, 120) as n`;
    const seen: string[][] = [];
    let next: string | undefined = `/operator/orders?tenant=${other.tenantId}`;
    let back: string | undefined;
    while (next) {
      const html: string = await (await staff.get(next)).text();
      seen.push([...html.matchAll(/<a [^>]*href="\/operator\/orders\/([^"?]+)"/g)].map((it) => String(it[1])));
      const links = [...html.matchAll(/href="([^"]*cursor=[^"]*)"[^>]*>([^<]*)/g)].map(
        (it) => [String(it[1]).replaceAll("&amp;", "&"), it[2]] as const,
      );
      next = links.find(([, text]) => text?.includes("Ältere"))?.[0];
      back = links.find(([, text]) => !text?.includes("Ältere"))?.[0] ?? back;
    }
    expect(seen.map((page) => page.length)).toEqual([50, 50, 20]);
    expect(new Set(seen.flat()).size).toBe(120);
    const page = await (await staff.get(back ?? "")).text();
    expect([...page.matchAll(/<a [^>]*href="\/operator\/orders\/([^"?]+)"/g)].map((it) => it[1])).toEqual(seen[1]);
  });
});
