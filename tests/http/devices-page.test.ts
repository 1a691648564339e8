import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Customer, newCustomer } from "../browser/steps";
import { INTERNAL } from "../support/api";
import { insertDevice, slotsOf } from "../support/devices";
import { signedIn, type Visitor } from "../support/http";
import { plain } from "../support/pages";
import { type Stack, startStack } from "../support/stack";

const PAGE = "/admin/devices";
const NEW = "/admin/devices/new";
const STATUS = "/api/mobile/v1/billing/status";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ env: { LOG_LEVEL: "trace" } });
});
afterAll(() => stack?.stop());

/** A signed-in person of a fresh tenant with so many slots. */
async function customer(slots = 4, role: "OWNER" | "VIEWER" = "OWNER"): Promise<Customer & { who: Visitor }> {
  const made = await newCustomer(stack.db.owner, role);
  await stack.db.owner`insert into tenant_entitlement (tenant_id, max_devices) values (${made.tenantId}, ${slots})`;
  return { ...made, who: await signedIn(stack.origin, made.email) };
}

const create = (who: Visitor, name: string, nonce: string = crypto.randomUUID()) => who.post(NEW, { name, nonce });

/** The key that a page shows. */
const keyOf = (html: string) => /data-testid="api-key"[^>]*value="([^"]+)"/.exec(html)?.[1] ?? "";

async function devicesOf({ tenantId }: Customer) {
  return stack.db.owner<{ name: string; status: string }[]>`
    select name, status from device where tenant_id = ${tenantId} order by created_at, id`;
}

describe("a new device's key", () => {
  test("is in the answer to the post, works, and is nowhere else", async () => {
    const { who, ...made } = await customer();
    const answer = await create(who, "  Stand 1, Halle 3 ");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const html = await answer.text();
    expect(html).toMatch(/<title>Gerät erfasst – LeadRadar<\/title>/);
    expect(html).toMatch(/<h1[^>]*>Gerät erfasst<\/h1>/);
    expect(html).toContain("Dieser Schlüssel wird nur jetzt angezeigt. Geben Sie ihn im Gerät ein.");
    const key = keyOf(html);
    expect(key).toMatch(/^lrd_[\w-]{43}$/);
    expect(await devicesOf(made)).toEqual([{ name: "Stand 1, Halle 3", status: "ACTIVE" }]);

    expect((await who.get(STATUS, { "x-api-key": key })).status).toBe(200);
    for (const path of [PAGE, NEW, `${PAGE}.data`, `${NEW}.data`]) {
      expect(await (await who.get(path)).text()).not.toContain(key);
    }
    expect(stack.app.output()).toContain(PAGE);
    expect(stack.app.output()).not.toContain(key);
    const [kept] = await stack.db.owner<{ row: string }[]>`
      select device::text as row from device where tenant_id = ${made.tenantId}`;
    expect(kept?.row).not.toContain(key);
  });

  test("the same post again is the same device with a new key; after it was seen it is refused", async () => {
    const { who, ...made } = await customer(1);
    const nonce = crypto.randomUUID();
    const [first, second] = [await create(who, "A", nonce), await create(who, "A", nonce)];
    const [old, key] = [keyOf(await first.text()), keyOf(await second.text())];
    expect(key).not.toBe(old);
    expect((await who.get(STATUS, { "x-api-key": old })).status).toBe(401);
    expect((await who.get(STATUS, { "x-api-key": key })).status).toBe(200);
    const third = await create(who, "A", nonce);
    expect([third.status, keyOf(await third.text())]).toEqual([409, ""]);
    expect((await who.get(STATUS, { "x-api-key": key })).status).toBe(200);
    expect(await devicesOf(made)).toHaveLength(1);
  });

  test("20 posts at once on 3 free slots: 3 devices, the others 402", async () => {
    const { who, ...made } = await customer(3);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => create(who, `Stand ${i}`)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 402)).toHaveLength(17);
    expect(await slotsOf(stack.db.owner, made.tenantId)).toEqual({ active: 3, max: 3 });
  });
});

describe("names", () => {
  test.each<[string, string, string]>([
    ["none", "", "Geben Sie einen Namen ein."],
    ["blanks", "   ", "Geben Sie einen Namen ein."],
    ["blanks without width", "\u200b\u200d", "Geben Sie einen Namen ein."],
    ["81 characters", "x".repeat(81), "Der Name darf höchstens 80 Zeichen haben."],
    ["a line break", "Stand\n1", "Der Name darf keine Steuerzeichen enthalten."],
    ["U+0000", "Stand\u0000", "Der Name darf keine Steuerzeichen enthalten."],
    ["U+0085", "Stand\u0085 1", "Der Name darf keine Steuerzeichen enthalten."],
  ])("%s: refused at the field, which keeps what was typed", async (_, name, sentence) => {
    const { who, ...made } = await customer();
    const answer = await create(who, name);
    expect(answer.status).toBe(400);
    const html = plain(await answer.text());
    expect(html).toContain("Das Gerät wurde nicht gespeichert");
    expect(html).toMatch(new RegExp(`<a [^>]*href="#name"[^>]*>${sentence}</a>`));
    expect(html).toMatch(
      /<input [^>]*id="name"[^>]*aria-invalid="true"[^>]*aria-describedby="name-fehler name-hinweis"/,
    );
    expect(html).toMatch(/<title>Fehler: [^<]*Gerät erfassen – LeadRadar<\/title>/);
    expect(await devicesOf(made)).toHaveLength(0);
  });

  test.each(["x".repeat(80), "<script>alert(1)</script>", "=1+1", "'; drop table device; --", "Bühne 🎪"])(
    "%s is a name",
    async (name) => {
      const { who, ...made } = await customer();
      expect((await create(who, name)).status).toBe(200);
      expect((await devicesOf(made)).map((it) => it.name)).toEqual([name]);
      expect(await (await who.get(PAGE)).text()).not.toContain("<script>alert");
    },
  );

  test.each<[string, string, Record<string, string>]>([
    ["no nonce", NEW, { name: "A" }],
    ["no intent", PAGE, { deviceId: "a" }],
    ["an unknown intent", PAGE, { intent: "delete", deviceId: "a" }],
    ["no device", PAGE, { intent: "disable" }],
    ["a device with U+0000", PAGE, { intent: "disable", deviceId: "a\u0000" }],
  ])("a form with %s: 400 with a message", async (_, path, form) => {
    const { who, ...made } = await customer();
    const answer = await who.post(path, form);
    expect(answer.status).toBe(400);
    const html = await answer.text();
    expect(html).toContain("Einige Angaben fehlen oder stimmen nicht");
    expect(html).not.toMatch(INTERNAL);
    expect(await devicesOf(made)).toHaveLength(0);
  });
});

describe("blocking and freeing", () => {
  test("303 to the list, also twice, and the page it came from is kept", async () => {
    const { who, ...made } = await customer();
    const { id, apiKey } = await insertDevice(stack.db.owner, made.tenantId, { name: "Empfang" });
    for (const [intent, status, code] of [
      ["disable", "DISABLED", 401],
      ["disable", "DISABLED", 401],
      ["enable", "ACTIVE", 200],
      ["enable", "ACTIVE", 200],
    ] as const) {
      const answer = await who.post(PAGE, { intent, deviceId: id });
      expect([answer.status, answer.headers.get("location")]).toEqual([303, `${PAGE}?geaendert=${id}`]);
      expect(await devicesOf(made)).toEqual([{ name: "Empfang", status }]);
      expect((await who.get(STATUS, { "x-api-key": apiKey })).status).toBe(code);
    }
    const onPage = await who.post(`${PAGE}?cursor=abc`, { intent: "disable", deviceId: id });
    expect(onPage.headers.get("location")).toBe(`${PAGE}?cursor=abc&geaendert=${id}`);
  });

  test("without a free slot freeing is 402, and says how to get one", async () => {
    const { who, ...made } = await customer(1);
    await insertDevice(stack.db.owner, made.tenantId);
    const blocked = await insertDevice(stack.db.owner, made.tenantId, { name: "B", status: "DISABLED" });
    const answer = await who.post(PAGE, { intent: "enable", deviceId: blocked.id });
    expect(answer.status).toBe(402);
    const html = await answer.text();
    expect(html).toContain("Alle Slots sind belegt");
    expect(html).toMatch(/<a [^>]*class="btn btn-secondary"[^>]*href="\/admin\/billing\/packages\?art=geraete"/);
    expect(await slotsOf(stack.db.owner, made.tenantId)).toEqual({ active: 1, max: 1 });
  });

  test("another tenant's device: 404, and nothing happens to it", async () => {
    const [mine, theirs] = [await customer(), await customer()];
    const { id } = await insertDevice(stack.db.owner, theirs.tenantId);
    for (const deviceId of [id, crypto.randomUUID()]) {
      for (const intent of ["disable", "enable"]) {
        expect((await mine.who.post(PAGE, { intent, deviceId })).status).toBe(404);
      }
      for (const query of ["bestaetigen=sperren&geraet", "bestaetigen=freigeben&geraet", "geraet", "geaendert"]) {
        expect((await mine.who.get(`${PAGE}?${query}=${deviceId}`)).status).toBe(404);
      }
    }
    expect(await devicesOf(theirs)).toEqual([{ name: "Stand 1", status: "ACTIVE" }]);
    expect(await (await mine.who.get(PAGE)).text()).not.toContain(id);
  });
});

describe("who may", () => {
  test("a viewer sees and does not touch", async () => {
    const viewer = await customer(4, "VIEWER");
    const { id } = await insertDevice(stack.db.owner, viewer.tenantId, { name: "Empfang" });
    for (const path of [PAGE, `${PAGE}?bestaetigen=sperren&geraet=${id}`, NEW]) {
      const html = await (await viewer.who.get(path)).text();
      expect(html.includes("Empfang")).toBe(path !== NEW);
      expect(html).toContain("Nur Inhaber/in und Admin dürfen das.");
      expect(html).not.toContain('name="deviceId"');
    }
    expect((await create(viewer.who, "A")).status).toBe(403);
    for (const intent of ["disable", "enable"]) {
      expect((await viewer.who.post(PAGE, { intent, deviceId: id })).status).toBe(403);
    }
    expect(await devicesOf(viewer)).toEqual([{ name: "Empfang", status: "ACTIVE" }]);
  });

  test("nobody without a session, and no foreign origin", async () => {
    const { who, ...made } = await customer();
    const anonymous = await fetch(`${stack.origin}${NEW}`, { redirect: "manual" });
    expect(anonymous.headers.get("location")).toBe("/login?redirectTo=%2Fadmin%2Fdevices%2Fnew");
    const form = { name: "A", nonce: crypto.randomUUID() };
    expect((await who.post(NEW, form, { origin: "https://evil.example" })).status).toBe(403);
    const posted = await who.post(NEW, form, { cookie: "" });
    expect(posted.headers.get("location")).toMatch(/^\/login/);
    expect(await devicesOf(made)).toHaveLength(0);
  });

  test.each(["cursor=garbage", `cursor=${"x".repeat(5_000)}`, "geraet=%00", `geraet=${"x".repeat(101)}`])(
    "a bad address is 400: %s",
    async (query) => {
      const { who } = await customer();
      const answer = await who.get(`${PAGE}?${query}`);
      expect(answer.status).toBe(400);
      expect(await answer.text()).not.toMatch(INTERNAL);
    },
  );
});
