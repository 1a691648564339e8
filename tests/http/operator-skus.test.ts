import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { INTERNAL } from "../support/api";
import { signedIn, type Visitor } from "../support/http";
import { words } from "../support/pages";
import { type Stack, startStack } from "../support/stack";

const LIST = "/operator/skus";
const NEW = `${LIST}/new`;
const SINGLE = `${LIST}/lr_sku_30d_1`;

let stack: Stack;
let olivia: Visitor;
let konrad: Visitor;
beforeAll(async () => {
  stack = await startStack();
  olivia = await signedIn(stack.origin, "operator@leadradar.example");
  konrad = await signedIn(stack.origin, "kontrolle@leadradar.example");
});
afterEach(() => stack.stripe.control.setFaults({ apiDown: "off" }));
afterAll(() => stack?.stop());

/** A price of its own at Stripe. @returns its id */
async function newPrice(change: { unitAmount?: number; currency?: string; recurring?: boolean } = {}) {
  const id = `price_${randomUUID().replaceAll("-", "")}`;
  await stack.stripe.control.createPrice({
    ...{ id, productName: "Ein Produkt", unitAmount: 4_200, currency: "chf" },
    ...change,
  });
  return id;
}

const form = (preis: string, change: Record<string, string> = {}) => ({
  ...{ name: "2 Lizenzen für 30 Tage", beschreibung: "", preis, preisId: "", license30d: "2", license365d: "0" },
  ...{ slots: "0", tage: "365", nonce: randomUUID(), ...change },
});
const hidden = (html: string, name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? "";
const rowOf = async (id: string) => (await stack.db.owner`select * from billing_sku where id = ${id}`)[0];
const entriesOf = async (id: string) =>
  (
    await stack.db.owner<{ action: string }[]>`
      select action from audit_entry where subject_type = 'SKU' and subject_id = ${id} order by id`
  ).map((it) => it.action);

/** A SKU that Olivia has made through the page. */
async function makeSku(change: Record<string, string> = { aktiv: "1" }) {
  const price = await newPrice();
  const answer = await olivia.post(NEW, { intent: "create", ...form(price, change) });
  const path = answer.headers.get("location")?.split("?")[0] ?? "";
  expect([answer.status, path]).toEqual([303, expect.stringContaining(`${LIST}/sku_`)]);
  return { id: path.slice(LIST.length + 1), path, price };
}

describe("a price", () => {
  test.each<[string, () => Promise<string>, string]>([
    ["absent", async () => "price_absent", "Dieser Stripe-Preis existiert nicht."],
    ["recurring", () => newPrice({ recurring: true }), "Dieser Stripe-Preis ist ein Abo-Preis."],
    ["in euros", () => newPrice({ currency: "eur" }), "Dieser Stripe-Preis ist nicht in CHF."],
    ["none", async () => "", "Wählen Sie einen Stripe-Preis, oder geben Sie seine ID ein."],
    ["an address", async () => "../customers/cus_1", "Wählen Sie einen Stripe-Preis, oder geben Sie seine ID ein."],
    [
      "off",
      async () => {
        const id = await newPrice();
        await stack.stripe.control.updatePrice(id, { active: false });
        return id;
      },
      "Dieser Stripe-Preis ist ausgeschaltet.",
    ],
  ])(
    "that is %s is refused at its field, before and when it is saved; what was typed is kept",
    async (_, price, text) => {
      const typed = form(await price());
      for (const path of [NEW, SINGLE]) {
        for (const intent of path === NEW ? ["preview", "create"] : ["preview", "save"]) {
          const answer = await olivia.post(path, { intent, ...typed });
          expect([path, intent, answer.status]).toEqual([path, intent, 400]);
          const html = await words(answer);
          expect(html).toMatch(new RegExp(`<a [^>]*href="#preis"[^>]*>${text}`));
          expect(html).toMatch(/id="preis"[^>]*aria-invalid="true"/);
          expect(html).toContain('value="2 Lizenzen für 30 Tage"');
          expect(hidden(html, "nonce")).toBe(typed.nonce);
        }
      }
      expect((await rowOf("lr_sku_30d_1"))?.stripe_price_id).toBe("price_lr_30d_1");
    },
  );

  test("says what is taken for it, whatever the form says", async () => {
    const price = await newPrice({ unitAmount: 119_700 });
    const typed = { ...form(price), amountCents: "1", betrag: "0.01", currency: "EUR" };
    expect(await words(await olivia.post(NEW, { intent: "preview", ...typed }))).toContain("CHF 1’197.00");
    expect(await stack.db.owner`select from billing_sku where stripe_price_id = ${price}`).toHaveLength(0);
    await olivia.post(NEW, { intent: "create", ...typed });
    expect(await stack.db.owner`select * from billing_sku where stripe_price_id = ${price}`).toMatchObject([
      { amount_cents: 119_700, currency: "CHF", active: false },
    ]);
  });

  test("cannot be read while Stripe is away: 502, everything kept, and the id is asked for", async () => {
    stack.stripe.control.setFaults({ apiDown: "500" });
    const answer = await olivia.post(NEW, { intent: "create", ...form("price_lr_30d_1") });
    expect(answer.status).toBe(502);
    const html = await words(answer);
    expect(html).toContain('value="2 Lizenzen für 30 Tage"');
    expect(html).toContain("Geben Sie die ID ein.");
    expect(html).not.toContain("<select");
    expect((await olivia.get(SINGLE)).status).toBe(200);
  });
});

describe("what is typed", () => {
  test.each<[string, Record<string, string>, string, string]>([
    ["no name", { name: "  " }, "name", "Geben Sie einen Namen ein."],
    [
      "a mark that turns the text round",
      { name: "Paket \u202e neu" },
      "name",
      "Zeichen, die die Schreibrichtung ändern",
    ],
    ["a control character", { name: "Paket\u0007" }, "name", "Steuerzeichen sind nicht erlaubt."],
    ["10 kB of name", { name: "x".repeat(10_000) }, "name", "Höchstens 120 Zeichen."],
    ["no credit", { license30d: "0" }, "license30d", "Mindestens ein Credit muss enthalten sein."],
    ["a fraction", { license30d: "1.5" }, "license30d", "Eine ganze Zahl von 0 bis 1000."],
    ["a negative number", { slots: "-1" }, "slots", "Eine ganze Zahl von 0 bis 1000."],
    ["too many", { license365d: "1001" }, "license365d", "Eine ganze Zahl von 0 bis 1000."],
    ["no days", { tage: "" }, "tage", "Eine ganze Zahl von 1 bis 3650."],
  ])("%s: refused at the field", async (_, change, field, text) => {
    const answer = await olivia.post(NEW, { intent: "create", ...form("price_lr_30d_1", change) });
    expect(answer.status).toBe(400);
    const html = await words(answer);
    expect(html).toMatch(new RegExp(`<a [^>]*href="#${field}"[^>]*>${text}`));
    expect(html).not.toMatch(INTERNAL);
  });

  test.each(["<script>alert(1)</script>", "=1+1", "'; drop table billing_sku; --", "ערכה", "x".repeat(120)])(
    "%s is a name",
    async (name) => {
      const { id, path } = await makeSku({ name });
      expect((await rowOf(id))?.name).toBe(name);
      for (const it of [LIST, path, "/operator/audit"]) {
        expect(await (await olivia.get(it)).text()).not.toContain("<script>alert");
      }
    },
  );
});

describe("a change", () => {
  test("says what the other packages will save instead, and nothing is altered by looking", async () => {
    const cheaper = await newPrice({ unitAmount: 3_500 });
    const typed = form(cheaper, { name: "1 Lizenz für 30 Tage", license30d: "1", aktiv: "1" });
    const preview = await words(await olivia.post(SINGLE, { intent: "preview", ...typed }));
    expect(preview).toContain("10 Lizenzen für 30 Tage:");
    expect(preview).toMatch(/Spare CHF 100\.00[^<]*<\/del> → Spare CHF 60\.00 gegenüber 10× Einzelkauf/);
    const retire = await words(await olivia.get(`${SINGLE}?bestaetigen=weg`));
    expect(retire).toMatch(/Spare CHF 100\.00[^<]*<\/del> → keine Ersparnis/);
    expect(await words(await olivia.get(`${LIST}/lr_sku_30d_10?bestaetigen=weg`))).not.toContain(
      "andere Pakete sparen",
    );
    expect((await rowOf("lr_sku_30d_1"))?.amount_cents).toBe(3_900);
    for (const path of [SINGLE, NEW]) {
      const back = await words(await olivia.post(path, { intent: "edit", ...typed, name: "Noch einmal", slots: "7" }));
      expect(back).toContain('value="Noch einmal"');
      expect(back).toContain('value="7"');
      expect(back).toMatch(/<input[^>]*name="aktiv"[^>]*checked/);
    }
  });

  test("by a second operator from the same page: 409, and the next try starts from what is there now", async () => {
    const { id, path, price } = await makeSku();
    const version = hidden(await words(await olivia.get(path)), "version");
    const save = (who: Visitor, name: string, from: string) =>
      who.post(path, { intent: "save", ...form(price, { name, version: from }) });
    expect((await save(konrad, "Von Konrad", version)).status).toBe(303);
    const second = await save(olivia, "Von Olivia", version);
    expect(second.status).toBe(409);
    const html = await words(second);
    expect(html).toContain('value="Von Olivia"');
    expect((await rowOf(id))?.name).toBe("Von Konrad");
    expect((await save(olivia, "Von Olivia", hidden(html, "version"))).status).toBe(303);
    expect(await entriesOf(id)).toEqual(["SKU_CREATED", "SKU_CHANGED", "SKU_CHANGED"]);
  });

  test("off sale, on sale, compared: each 303 and in the history", async () => {
    const { id, path } = await makeSku();
    for (const [intent, done, title] of [
      ["retire", "weg", "Aus dem Verkauf genommen"],
      ["release", "frei", "Zum Verkauf freigegeben"],
      ["compare", "abgeglichen", "Mit Stripe verglichen"],
    ] as const) {
      const answer = await olivia.post(path, { intent });
      expect([answer.status, answer.headers.get("location")]).toEqual([303, `${path}?erledigt=${done}`]);
      expect(await words(await olivia.get(`${path}?erledigt=${done}`))).toContain(`<title>${title}: `);
    }
    expect(await entriesOf(id)).toEqual(["SKU_CREATED", "SKU_RETIRED", "SKU_RELEASED", "SKU_COMPARED"]);
  });

  test("to sale is refused while Stripe takes something else for it", async () => {
    const { id, path, price } = await makeSku({});
    await stack.db.owner`update billing_sku set amount_cents = 4_100 where id = ${id}`;
    const refused = await olivia.post(path, { intent: "release" });
    expect(refused.status).toBe(400);
    const html = await words(refused);
    expect(html).toContain("Am Paket wurde nichts geändert");
    expect(html).toContain("Der Betrag weicht von Stripe ab.");
    expect(html).toContain("Abgleich nötig");
    expect(html).toContain('value="2 Lizenzen für 30 Tage"');
    expect((await rowOf(id))?.active).toBe(false);
    const version = hidden(html, "version");
    expect((await olivia.post(path, { intent: "save", ...form(price, { version, aktiv: "1" }) })).status).toBe(303);
    expect(await rowOf(id)).toMatchObject({ active: true, amount_cents: 4_200, price_fault: null });
  });
});

describe("bad forms", () => {
  test.each<[string, string, Record<string, string>]>([
    ["an unknown intent", LIST, { intent: "delete" }],
    ["no intent", NEW, {}],
    ["no nonce", NEW, { intent: "create", ...form("price_lr_30d_1", { nonce: "" }) }],
    ["a version that is none", SINGLE, { intent: "save", ...form("price_lr_30d_1", { version: "x" }) }],
  ])("a form with %s: 400", async (_, path, values) => {
    expect((await olivia.post(path, values)).status).toBe(400);
  });

  test("every button of an absent package is 404", async () => {
    for (const intent of ["retire", "release", "compare"]) {
      expect([intent, (await olivia.post(`${LIST}/absent`, { intent })).status]).toEqual([intent, 404]);
    }
  });
});
