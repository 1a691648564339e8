import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HIDDEN, maskPayload } from "~/operations/event-payload.server";

const RECORDED = "../shared/stripe-events";
const recorded = existsSync(RECORDED) ? readdirSync(RECORDED).filter((file) => file !== "index.json") : [];

const masked = (value: unknown) => maskPayload(JSON.stringify(value))?.json ?? "";
const session = (object: object) => ({
  id: "evt_1SWqXk2eZvKYlo2C",
  type: "checkout.session.completed",
  data: { object },
});

/** Every text and number that stands under a key, or anywhere below it, that describes a person or a card. */
function personalIn(value: unknown, isPersonal = false): string[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) =>
      personalIn(
        inner,
        isPersonal ||
          (/email|name|address|phone|line\d|city|postal|shipping|billing_details|customer_details|last4|fingerprint|exp_|_ip$|receipt_url|hosted|invoice_pdf|client_secret/.test(
            key,
          ) &&
            !/options|collection|_check$/.test(key)),
      ),
    );
  }
  return isPersonal && (typeof value === "string" || typeof value === "number") && String(value).length > 1
    ? [String(value)]
    : [];
}

describe.skipIf(recorded.length === 0)("recorded events", () => {
  test.each(recorded)("%s: nothing of a person or a card comes through", (file) => {
    const payload = readFileSync(`${RECORDED}/${file}`, "utf8");
    const result = maskPayload(payload);
    const event = JSON.parse(payload);
    const shown = new Set([...(result?.json ?? "").matchAll(/: "?([^",\n]*)/g)].map((match) => match[1]));
    // States such as "none" or "US" may also stand elsewhere as words of Stripe's own; names and numbers may not. One secret was zeroed to an id.
    const personal = personalIn(event).filter((text) => !/^(none|exempt|reverse|usd|chf|eur|pi_0+)$/.test(text));
    expect(personal.filter((text) => shown.has(text))).toEqual([]);
    expect(result?.json).not.toMatch(/[\w.]+@[\w.]+\.\w+/);
    expect(result?.json).not.toMatch(/https?:/);
    expect(JSON.parse(result?.json ?? "")).toMatchObject({ id: event.id, type: event.type });
    expect(result?.isCut).toBe(false);
  });

  test("the recorded ones do hold what must be hidden", () => {
    const all = recorded.map((file) => readFileSync(`${RECORDED}/${file}`, "utf8"));
    const personal = all.flatMap((payload) => personalIn(JSON.parse(payload)));
    expect(personal).toContain("Jenny Rosen");
    expect(personal.length).toBeGreaterThan(20);
  });
});

describe("what stays", () => {
  test("ids, amounts, currency, states and our own metadata", () => {
    const metadata = {
      app: "leadradar-billing",
      orderId: "o-1",
      tenantId: "t_1",
      skuId: "lr_sku_30d_3",
      userId: "u_1",
    };
    const object = {
      id: "cs_test_a1B2c3D4e5F6",
      object: "checkout.session",
      amount_total: 19_000,
      currency: "chf",
      payment_status: "paid",
      payment_intent: "pi_3TbG44JEe0yY0QKr",
      client_reference_id: "o-1",
      metadata,
      total_details: { amount_discount: 0, amount_tax: 12 },
      livemode: false,
    };
    expect(JSON.parse(masked(session(object))).data.object).toEqual(object);
  });
});

describe("what goes", () => {
  const secret = (object: object) => JSON.stringify(JSON.parse(masked(session(object))).data.object);

  test.each<[string, object]>([
    ["an e-mail address", { customer_email: "anna@alpen.example" }],
    ["a name in lower case, which could be a word", { customer_details: { name: "jenny", email: "jenny" } }],
    ["a name in a part that Stripe adds tomorrow", { somebody: { full_label: "Jenny Rosen", nick: "jenny" } }],
    ["a phone number", { phone: "+41 44 000 00 00", customer_phone: 41440000000 }],
    ["an address", { shipping: { address: { line1: "jenny", city: "jenny", postal_code: "8000", country: "CH" } } }],
    [
      "a card",
      {
        payment_method_details: {
          card: { last4: "4242", fingerprint: "ZoVSX2dK5igWt2SB", exp_month: 11, exp_year: 2031 },
        },
      },
    ],
    ["a tax id", { customer_details: { tax_ids: [{ type: "ch_uid", value: "CHE-123.456.788" }] } }],
    ["somebody else's metadata", { metadata: { orderId: "jenny", note: "Jenny Rosen" } }],
    ["more than we write into our metadata", { metadata: { app: "leadradar-billing", note: "jenny" } }],
    ["free text in our metadata", { metadata: { app: "leadradar-billing", orderId: "Jenny Rosen, 4242" } }],
    ["a key that is a person", { metadata: { "jenny@alpen.example": "x" }, "Jenny Rosen": 1 }],
    ["a reference that is not ours", { client_reference_id: "jenny" }],
    ["a field that the buyer fills in", { custom_fields: [{ key: "jenny", text: { value: "jenny" } }] }],
    ["free text", { description: "For Jenny Rosen", reason: "Jenny Rosen asked" }],
    ["a link, which opens more", { url: "https://pay.example/jenny", receipt_url: "https://pay.example/jenny" }],
    ["a secret", { client_secret: "pi_3TbG44_secret_jenny4242" }],
    ["evidence", { evidence: { customer_purchase_ip: "10.0.0.1", product_description: "jenny" } }],
    ["an IP address", { ip: "10.0.0.1", ip_address: "10.0.0.1" }],
  ])("%s", (_, object) => {
    expect(secret(object)).not.toMatch(/jenny|rosen|anna|4242|8000|\+41|4144|ZoVS|2031|":11|CHE-|10\.0\.0/i);
    expect(secret(object)).toContain(HIDDEN);
  });

  test("control characters, marks of direction, markup: no such text comes through", () => {
    const text = "\u0000\u202eevil<script>alert(1)</script>";
    expect(secret({ id: text, status: text, [text]: text })).not.toMatch(/script|evil|\u202e|\\u0000/);
  });
});

describe("what nobody expects", () => {
  test.each(["", "{", "null", "12", '"text"', "\u0000", "{'a':1}"])("%j is no payload", (payload) => {
    expect(maskPayload(payload)).toBeNull();
  });

  test("100 000 levels: shown to a depth, marked as cut", () => {
    const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const result = maskPayload(deep);
    expect(result?.isCut).toBe(true);
    expect(result?.json.length).toBeLessThan(2_000);
    const nested = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
    expect(maskPayload(nested)?.isCut).toBe(true);
  });

  test.each<[string, unknown]>([
    ["many keys", Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`k${i}`, i]))],
    ["a long list", { list: Array.from({ length: 200_000 }, () => 1) }],
    ["many empty objects", { list: Array.from({ length: 200_000 }, () => ({})) }],
    ["one long text", { id: "a".repeat(1_000_000), status: "b".repeat(1_000_000) }],
    ["lists in lists", { list: Array.from({ length: 400 }, () => Array.from({ length: 400 }, () => [])) }],
  ])("a megabyte: %s", (_, value) => {
    const begun = performance.now();
    const result = maskPayload(JSON.stringify(value));
    expect(result?.json.length).toBeLessThan(80_000);
    expect(() => JSON.parse(result?.json ?? "")).not.toThrow();
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  test("keys that objects have by themselves", () => {
    const result = maskPayload('{"__proto__":{"amount":1},"constructor":2,"toString":3,"hasOwnProperty":4,"a":1e999}');
    expect(result?.json).toContain('"__proto__"');
    expect(result?.json).toContain(`"a": "${HIDDEN}"`);
    expect(({} as { amount?: number }).amount).toBeUndefined();
  });
});
