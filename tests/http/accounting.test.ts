import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newCustomer } from "../browser/steps";
import { INTERNAL } from "../support/api";
import { signedIn, type Visitor, visitor } from "../support/http";
import { type Stack, startStack } from "../support/stack";

const PAGE = "/admin/billing/accounting";
const GOOD = {
  legalName: "Säntis Bühnen AG",
  street: "Messeplatz 1",
  postalCode: "9000",
  city: "St. Gallen",
  country: "CH",
  vatNumber: "",
  contactName: "",
  contactEmail: "",
  contactPhone: "",
};
type Form = Partial<Record<keyof typeof GOOD, string>>;

let stack: Stack;
let owner: Visitor;
let tenantId: string;

beforeAll(async () => {
  stack = await startStack();
  const customer = await newCustomer(stack.db.owner);
  tenantId = customer.tenantId;
  owner = await signedIn(stack.origin, customer.email);
});
afterAll(() => stack?.stop());

async function row() {
  const [found] = await stack.db.owner`select * from tenant_accounting where tenant_id = ${tenantId}`;
  return found;
}

/** The document as text that people read, without marks. */
const text = (html: string) => html.replaceAll("&amp;", "&").replaceAll(/<!-- -->/g, "");

/** What stands under a field. */
function errorOf(html: string, field: string): string | undefined {
  return new RegExp(`id="${field}-fehler".*?<span><span class="sr-only">Fehler: </span>(.*?)</span>`, "s").exec(
    text(html),
  )?.[1];
}

const post = (change: Form) => owner.post(PAGE, { ...GOOD, ...change });

const UID = "Diese UID stimmt nicht. Prüfen Sie die Ziffern.";
const FOUR = "Geben Sie eine PLZ mit 4 Ziffern ein.";
const FIVE = "Geben Sie eine PLZ mit 5 Ziffern ein.";
const EMAIL = "Geben Sie eine E-Mail-Adresse wie name@firma.ch ein.";
const PHONE = "Geben Sie eine Telefonnummer wie +41 44 123 45 67 ein.";
const INVISIBLE = "Entfernen Sie unsichtbare Zeichen, zum Beispiel Tabulatoren.";

describe("a field that is wrong is refused with its sentence", () => {
  test.each<[keyof typeof GOOD, Form, string]>([
    ["legalName", { legalName: "" }, "Geben Sie den Firmennamen ein."],
    ["legalName", { legalName: " \u00a0 " }, "Geben Sie den Firmennamen ein."],
    ["legalName", { legalName: "A".repeat(10_240) }, "Kürzen Sie die Angabe auf 200 Zeichen."],
    ["legalName", { legalName: "Alpen\u0000AG" }, INVISIBLE],
    ["legalName", { legalName: "Alpen\tAG" }, INVISIBLE],
    ["legalName", { legalName: "Alpen \u202eGA" }, INVISIBLE],
    ["street", { street: "" }, "Geben Sie Strasse und Nummer ein."],
    ["street", { street: "Messeplatz 1\r\nTor 3" }, INVISIBLE],
    ["city", { city: "" }, "Geben Sie den Ort ein."],
    ["postalCode", { postalCode: "" }, FOUR],
    ["postalCode", { postalCode: "900" }, FOUR],
    ["postalCode", { postalCode: "CH-9000" }, FOUR],
    ["postalCode", { postalCode: "٩٠٠٠" }, FOUR],
    ["postalCode", { postalCode: "78462", country: "LI" }, FOUR],
    ["postalCode", { postalCode: "78462", country: "AT" }, FOUR],
    ["postalCode", { country: "DE" }, FIVE],
    ["postalCode", { country: "FR" }, FIVE],
    ["postalCode", { country: "IT" }, FIVE],
    ["postalCode", { country: "US" }, "Geben Sie eine PLZ wie 10001 oder 10001-1234 ein."],
    ["postalCode", { country: "GB", postalCode: "" }, "Geben Sie die PLZ ein."],
    ["postalCode", { country: "GB", postalCode: "X".repeat(10_240) }, "Kürzen Sie die Angabe auf 20 Zeichen."],
    ["country", { country: "" }, "Wählen Sie ein Land aus der Liste."],
    ["country", { country: "XX" }, "Wählen Sie ein Land aus der Liste."],
    ["country", { country: "C".repeat(10_240) }, "Wählen Sie ein Land aus der Liste."],
    ["vatNumber", { vatNumber: "CHE-123.456.789 MWST" }, UID],
    ["vatNumber", { vatNumber: "irgendwas" }, UID],
    ["vatNumber", { vatNumber: "9".repeat(10_240) }, "Kürzen Sie die Angabe auf 40 Zeichen."],
    ["vatNumber", { vatNumber: "CHE-123.456.789", country: "LI" }, UID],
    ["vatNumber", { vatNumber: "1", country: "LI" }, "Geben Sie eine Nummer wie 12345 oder eine UID ein."],
    [
      "vatNumber",
      { vatNumber: "CHE-123.456.788", country: "DE", postalCode: "78462" },
      "Geben Sie eine Nummer wie DE123456789 ein.",
    ],
    ["contactName", { contactName: "S".repeat(10_240) }, "Kürzen Sie die Angabe auf 200 Zeichen."],
    ["contactEmail", { contactEmail: "niemand" }, EMAIL],
    ["contactEmail", { contactEmail: "a@b" }, EMAIL],
    ["contactEmail", { contactEmail: "a..b@firma.ch" }, EMAIL],
    ["contactEmail", { contactEmail: "sina@bühnen.ch" }, EMAIL],
    ["contactEmail", { contactEmail: "a@firma.ch, b@firma.ch" }, EMAIL],
    ["contactEmail", { contactEmail: `${"a".repeat(10_240)}@firma.ch` }, "Kürzen Sie die Angabe auf 254 Zeichen."],
    ["contactPhone", { contactPhone: "anrufen" }, PHONE],
    ["contactPhone", { contactPhone: "+-()----" }, PHONE],
    ["contactPhone", { contactPhone: "0".repeat(10_240) }, "Kürzen Sie die Angabe auf 20 Zeichen."],
  ])("%s", async (field, change, sentence) => {
    const answer = await post(change);
    expect(answer.status).toBe(400);
    const html = await answer.text();
    expect(errorOf(html, field)).toBe(sentence);
    expect(html.match(/aria-invalid="true"/g)).toHaveLength(1);
    expect(text(html)).toContain(`href="#${field}">${sentence}</a>`);
    expect(text(html)).toContain("Die Angaben wurden nicht gespeichert");
    expect(html).not.toMatch(INTERNAL);
    expect(await row()).toBeUndefined();
  });

  test("all at once, in the order of the form, and the title says it", async () => {
    const answer = await owner.post(PAGE, { country: "CH", vatNumber: "CHE1", contactEmail: "x" });
    const html = text(await answer.text());
    const links = [...html.matchAll(/href="#(\w+)">[^<]*<\/a>/g)].map((it) => it[1]).filter((it) => it !== "inhalt");
    expect(links).toEqual(["legalName", "street", "postalCode", "city", "vatNumber", "contactEmail"]);
    expect(html).toContain(
      "<title>Fehler: Einige Angaben fehlen oder stimmen nicht: Firma & Belege – LeadRadar</title>",
    );
  });

  test("too much in all is 413, no form at all 415, and neither is a fault of ours", async () => {
    expect((await post({ street: "x".repeat(20_000) })).status).toBe(413);
    expect((await owner.json(PAGE, GOOD)).status).toBe(415);
    expect((await owner.post(PAGE, {})).status).toBe(400);
  });
});

describe("good fields are saved", () => {
  test.each<[string, Form, Form]>([
    ["a Swiss one, normalised", { vatNumber: "che 123 456 788 tva" }, { vatNumber: "CHE-123.456.788 MWST" }],
    ["from Liechtenstein", { country: "LI", postalCode: "9490", vatNumber: "53011" }, { vatNumber: "53011" }],
    ["from Germany", { country: "DE", postalCode: "78462", vatNumber: "123 456 789" }, { vatNumber: "DE123456789" }],
    ["from the US", { country: "US", postalCode: "10001-1234" }, { postalCode: "10001-1234" }],
    ["from Great Britain", { country: "GB", postalCode: "SW1A 1AA" }, { postalCode: "SW1A 1AA" }],
    ["with blanks around", { legalName: "  Säntis AG\u00a0" }, { legalName: "Säntis AG" }],
    ["with a contact", { contactEmail: "r@a-b.example", contactPhone: "+41 (0)71 123 45 67" }, {}],
  ])("%s", async (_name, change, kept) => {
    const answer = await post(change);
    expect(answer.status).toBe(303);
    expect(answer.headers.get("location")).toBe(`${PAGE}?gespeichert=1`);
    const { postal_code, legal_name, vat_number, country } = (await row()) ?? {};
    expect({ postalCode: postal_code, legalName: legal_name, vatNumber: vat_number ?? "", country }).toMatchObject({
      ...kept,
      country: change.country ?? "CH",
    });
  });

  test("fields that nobody asked for change nothing", async () => {
    const other = await newCustomer(stack.db.owner);
    const form = { ...GOOD, tenantId: other.tenantId, tenant_id: other.tenantId, stripeDue: "false", updatedBy: "x" };
    expect((await owner.post(PAGE, form)).status).toBe(303);
    const [rows] = await stack.db.owner`
      select count(*)::int as n from tenant_accounting where tenant_id = ${other.tenantId}`;
    expect(rows?.n).toBe(0);
  });

  test("markup is text, in the page and after a refusal", async () => {
    const evil = `<script>alert(1)</script>"><img src=x onerror=alert(1)>`;
    expect((await post({ legalName: evil, city: evil })).status).toBe(303);
    const shown = await (await owner.get(PAGE)).text();
    const refused = await (await post({ legalName: evil, city: evil, postalCode: "" })).text();
    for (const html of [shown, refused]) {
      expect(html).not.toContain("<script>alert");
      expect(html).not.toContain("<img src=x");
      expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    }
  });
});

describe("who may", () => {
  test("a viewer reads and gets 403 for a post, a guest is led to the login", async () => {
    const { email, tenantId: id } = await newCustomer(stack.db.owner, "VIEWER");
    const viewer = await signedIn(stack.origin, email);
    const html = await (await viewer.get(PAGE)).text();
    expect(html).toContain("Nur Inhaber/in und Admin dürfen das.");
    expect(html).toMatch(/<fieldset disabled=""/);
    expect((await viewer.post(PAGE, GOOD)).status).toBe(403);
    const [rows] = await stack.db.owner`select count(*)::int as n from tenant_accounting where tenant_id = ${id}`;
    expect(rows?.n).toBe(0);
    const guest = await visitor(stack.origin).post(PAGE, GOOD);
    expect([guest.status, guest.headers.get("location")]).toEqual([
      302,
      "/login?redirectTo=%2Fadmin%2Fbilling%2Faccounting",
    ]);
  });

  test("a post from elsewhere is 403", async () => {
    expect((await owner.post(PAGE, GOOD, { origin: "https://evil.example" })).status).toBe(403);
  });
});

describe("the message after saving", () => {
  test("believes the database, not the address", async () => {
    const { email } = await newCustomer(stack.db.owner);
    const fresh = await signedIn(stack.origin, email);
    const forged = await (await fresh.get(`${PAGE}?gespeichert=1`)).text();
    expect(forged).not.toContain("Gespeichert");
    await fresh.post(PAGE, GOOD);
    const told = await (await fresh.get(`${PAGE}?gespeichert=1`)).text();
    expect(told).toContain("Neue Belege verwenden diese Angaben.");
    expect(text(told)).toContain("<title>Gespeichert: Firma & Belege – LeadRadar</title>");
  });
});
