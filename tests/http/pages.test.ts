import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signedIn, type Visitor, visitor } from "../support/http";
import { guess, JURA, OWNER } from "../support/login";
import { type Stack, startStack } from "../support/stack";

const PACKAGES = "/admin/billing/packages";

let stack: Stack;
let owner: Visitor;

beforeAll(async () => {
  stack = await startStack();
  owner = await signedIn(stack.origin, OWNER);
});
afterAll(() => stack?.stop());

/** The document of a page as it arrives, before any script. */
const page = async (path: string) => (await owner.get(path)).text();

/** What a document says in its title. */
const titleOf = (html: string) => /<title>([^<]*)<\/title>/.exec(html)?.[1];

test("/admin has no page of its own and leads to the overview", async () => {
  const answer = await owner.get("/admin");
  expect(answer.status).toBe(302);
  expect(answer.headers.get("location")).toBe("/admin/billing");
  const guest = await visitor(stack.origin).get("/admin");
  expect(guest.headers.get("location")).toMatch(/^\/login\?/);
});

describe("a refusal leads the title", () => {
  test("of the packages", async () => {
    stack.stripe.control.setFaults({ apiDown: "500" });
    const answer = await owner.post(PACKAGES, { skuId: "lr_sku_30d_3", nonce: crypto.randomUUID() });
    stack.stripe.control.setFaults({ apiDown: "off" });
    expect(answer.status).toBe(502);
    expect(titleOf(await answer.text())).toBe("Fehler: Stripe ist gerade nicht erreichbar: Pakete – LeadRadar");
    expect(titleOf(await page(PACKAGES))).toBe("Pakete – LeadRadar");
  });

  test("of the login", async () => {
    expect(titleOf((await guess(stack, OWNER)).text)).toBe("Fehler: Anmelden – LeadRadar");
  });
});

test("too many tries at the login are not the fields' fault, a wrong password is", async () => {
  const wrong = await guess(stack, JURA);
  expect(wrong.status).toBe(401);
  expect(wrong.text.match(/aria-invalid="true"/g)).toHaveLength(2);
  for (let i = 0; i < 9; i++) await guess(stack, JURA);
  const blocked = await guess(stack, JURA);
  expect(blocked.status).toBe(429);
  expect(blocked.text).toContain("Zu viele Versuche.");
  expect(blocked.text).not.toContain("aria-invalid");
  // a link to a field would say the same
  expect(blocked.text).not.toContain('href="#email"');
});

describe("the packages, on their page and on the overview", () => {
  test.each([[PACKAGES], ["/admin/billing"]])("%s sends nothing of a SKU that it does not show", async (path) => {
    const html = await page(path);
    const secret = /price_lr_\w*|stripePriceId|sortOrder|createdAt|updatedAt|amountCents|creditExpiresInDays/g;
    expect(html).toContain("lr_sku_slot_1");
    expect(html.match(secret)).toBeNull();
  });

  test("a slot has its whole name in the price list", async () => {
    const names = (await page("/admin/billing")).match(/>1 × [^<]+/g);
    expect(names).toEqual([">1 × 30 Tage", ">1 × 365 Tage", ">1 × Geräte-Slot"]);
  });
});
