import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { DEMO_PASSWORD } from "../../db/seed";
import { INTERNAL, OVERVIEW_API } from "../support/api";
import { insertDevice } from "../support/devices";
import { deliver, sessionEvent } from "../support/events";
import { signedIn, visitor } from "../support/http";
import { correction, operatorRoom, TENANTS_PAGE } from "../support/operator-room";
import { insertOrder } from "../support/orders";
import { plain, words } from "../support/pages";

const NEW = `${TENANTS_PAGE}/new`;
const DEVICE_STATUS = "/api/mobile/v1/billing/status";

const { room, tenant, lots } = operatorRoom();

const sql = () => room.stack.db.owner;
const linkIn = (html: string) => /data-testid="password-link"[^>]*value="([^"]+)"/.exec(html)?.[1] ?? "";
const fields = (change: Record<string, string> = {}) => ({
  ...{ intent: "create", name: "Neu AG", country: "CH", person: "Nora Neu" },
  ...{ email: `${randomUUID()}@neu.example`, nonce: randomUUID(), ...change },
});
const create = (change: Record<string, string> = {}) => room.olivia.post(NEW, fields(change));
const tenantsCalled = async (name: string) =>
  (await sql()<{ id: string }[]>`select id from tenant where name = ${name} order by id`).map(({ id }) => id);

describe("a new tenant", () => {
  test("has its owner's link in the answer to the post, and nowhere else", async () => {
    const email = `${randomUUID()}@neu.example`;
    const answer = await create({ email: ` ${email.toUpperCase()} ` });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const html = await answer.text();
    expect(html).toMatch(/<h1[^>]*>Konto angelegt<\/h1>/);
    const link = new URL(linkIn(html));
    expect([link.origin, link.pathname]).toEqual([room.stack.origin, "/password"]);
    const token = link.searchParams.get("token") ?? "";
    expect(token).toMatch(/^[\w-]{43}$/);
    const [kept] = await sql()<{ days: number; row: string }[]>`
      select extract(epoch from l.expires_at - l.created_at)::int / 86400 as days, l::text as row
      from password_link l join app_user u on u.id = l.user_id where u.email = ${email}`;
    expect(kept?.days).toBe(7);
    expect(kept?.row).not.toContain(token);
    expect(room.stack.app.output()).toContain(NEW);
    expect(room.stack.app.output()).not.toContain(token);
    expect(await (await room.olivia.get(NEW)).text()).not.toContain(token);
  });

  test("is made once: the same click again gives a new link, one that was changed is refused", async () => {
    const form = fields({ name: "Einmal AG" });
    const [first, second] = [await room.olivia.post(NEW, form), await room.olivia.post(NEW, form)];
    const links = [linkIn(await first.text()), linkIn(await second.text())];
    expect(new Set(links).size).toBe(2);
    const look = async (link = "") =>
      await (await visitor(room.stack.origin).get(link.replace(room.stack.origin, ""))).text();
    expect(await look(links[0])).toContain("Dieser Link gilt nicht mehr");
    expect(await look(links[1])).toContain("Neues Passwort");

    const other = await room.olivia.post(NEW, { ...form, name: "Andere AG", email: "nora@andere.example" });
    const html = await words(other);
    expect([other.status, linkIn(html)]).toEqual([409, ""]);
    expect(html).toContain("Mit diesem Formular wurde schon ein Konto angelegt.");
    expect(html).not.toContain(`value="${form.nonce}"`);
    expect(html).toContain('value="Andere AG"');
    expect([await tenantsCalled("Einmal AG"), await tenantsCalled("Andere AG")]).toMatchObject([
      [expect.any(String)],
      [],
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    ["no name", { name: "  " }, "Geben Sie den Namen des Kontos ein."],
    ["a name of 10 kB", { name: "x".repeat(10_000) }, "Höchstens 120 Zeichen."],
    ["a line break", { name: "Neu\nAG" }, "Steuerzeichen sind nicht erlaubt."],
    [
      "a mark that turns the text round",
      { name: "Neu \u202e GA" },
      "Zeichen, die die Schreibrichtung ändern, sind nicht erlaubt.",
    ],
    ["no person", { person: "" }, "Geben Sie den Namen der Person ein."],
    ["no e-mail", { email: "nora" }, "Geben Sie eine E-Mail-Adresse wie name@firma.ch ein."],
    ["an e-mail that is taken", { email: "OWNER@alpen.example" }, "Diese E-Mail gehört schon zu einem Zugang."],
    ["a country that is none", { country: "XX" }, "Wählen Sie ein Land."],
  ])("with %s is refused at the field, and nothing is lost", async (_, change, sentence) => {
    const form = fields({ name: `Zurück ${randomUUID()}`, person: "Rita Rück", ...change });
    const answer = await room.olivia.post(NEW, form);
    expect(answer.status).toBe(400);
    const html = await words(answer);
    expect(html).toContain("Das Konto wurde nicht angelegt");
    expect(html).toContain(sentence);
    if (!("person" in change)) expect(html).toContain('value="Rita Rück"');
    expect(html).not.toMatch(INTERNAL);
    expect(await tenantsCalled(form.name.trim())).toEqual([]);
  });

  test.each(["a/b/../c-0000", "kurz", "zwölf Zeichen", "x".repeat(100)])("a click called %s is none", async (nonce) => {
    expect((await create({ name: "Nie AG", nonce })).status).toBe(400);
    expect(await tenantsCalled("Nie AG")).toEqual([]);
  });

  test.each(["<script>alert(1)</script>", "=1+1", "'; drop table tenant; --"])("%s is a name", async (name) => {
    expect((await create({ name })).status).toBe(200);
    const [id] = await tenantsCalled(name);
    for (const path of [TENANTS_PAGE, `${TENANTS_PAGE}/${id}`]) {
      const html = await (await room.olivia.get(path)).text();
      expect(html).not.toContain("<script>alert");
      expect(plain(html)).toContain(name);
    }
  });
});

describe("the list", () => {
  test("pages newest first, both ways, and searches", async () => {
    const mark = `Seite ${randomUUID()}`;
    await sql()`
      insert into tenant (id, slug, name, created_at)
      select ${mark.replace(" ", "-")} || n, ${mark} || n, ${mark} || ' ' || lpad(n::text, 3, '0'), '2020-01-01'::timestamptz + make_interval(hours => n / 2)
      from generate_series(1, 120) as n`;
    const seen: string[] = [];
    const read = async (path: string) => {
      const html = await words(await room.olivia.get(path));
      const names = [...html.matchAll(new RegExp(`>${mark} (\\d{3})<`, "g"))].map((it) => it[1] ?? "");
      const turn = (word: string) =>
        new RegExp(`href="([^"]*cursor=[^"]*)"[^>]*>(?:<svg[^]*?</svg> )?${word}`).exec(html)?.[1];
      return { html, names, older: turn("Ältere"), newer: turn("Neuere") };
    };
    let page = await read(`${TENANTS_PAGE}?suche=${encodeURIComponent(mark.toUpperCase())}`);
    expect(page.html).toContain("1–50 von 120 Konten, gefiltert");
    seen.push(...page.names);
    while (page.older) {
      page = await read(page.older);
      seen.push(...page.names);
    }
    expect(seen).toHaveLength(120);
    expect(new Set(seen).size).toBe(120);
    page = await read(page.newer ?? "");
    expect(page.html).toContain("51–100 von 120 Konten, gefiltert");
    expect(page.names).toEqual(seen.slice(50, 100));
  });

  test.each(["cursor=garbage", "suche=%00", `suche=${"x".repeat(201)}`])("%s is 400", async (query) => {
    const answer = await room.olivia.get(`${TENANTS_PAGE}?${query}`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toMatch(INTERNAL);
  });

  test("a search for blanks is none, one without result says so", async () => {
    expect(await words(await room.olivia.get(`${TENANTS_PAGE}?suche=+`))).not.toContain("gefiltert");
    expect(await words(await room.olivia.get(`${TENANTS_PAGE}?suche=${randomUUID()}`))).toContain(
      "Kein Konto passt zu dieser Suche.",
    );
  });
});

describe("a tenant that is shut out", () => {
  test("signs in no more, its sessions and devices are refused, and what it has paid is credited", async () => {
    const { tenantId, email, post, path } = await tenant();
    const owner = await signedIn(room.stack.origin, email);
    const { apiKey } = await insertDevice(sql(), tenantId);
    const order = await insertOrder(sql(), { tenantId });
    const states = async () => [
      (await owner.get(OVERVIEW_API)).status,
      (await visitor(room.stack.origin).post("/login", { email, password: DEMO_PASSWORD })).status,
      (await visitor(room.stack.origin).get(DEVICE_STATUS, { "x-api-key": apiKey })).status,
    ];
    expect(await states()).toEqual([200, 303, 200]);
    const asked = await words(await room.olivia.get(`${path}?bestaetigen=sperren`));
    expect(asked).toContain("Was schon bezahlt ist, wird weiter gutgeschrieben.");
    expect(asked).not.toContain("freigeben?");

    const nameless = await post("disable", { grund: " " });
    expect(nameless.status).toBe(400);
    expect(await states()).toEqual([200, 303, 200]);
    const done = await post("disable", { grund: "Zahlt nicht" });
    expect([done.status, done.headers.get("location")]).toEqual([303, `${path}?erledigt=gesperrt`]);
    expect(await words(await room.olivia.get(`${path}?erledigt=gesperrt`))).toContain("Konto gesperrt");
    expect(await words(await room.olivia.get(`${path}?erledigt=frei`))).not.toContain(
      "Anmelden und Geräte gehen wieder.",
    );
    expect(await states()).toEqual([401, 401, 401]);

    await deliver(room.stack.origin, sessionEvent(order, "completed"));
    const [row] =
      await sql()`select status, credits_granted_at is not null as granted from billing_order where id = ${order.id}`;
    expect(row).toEqual({ status: "PAID", granted: true });
    expect((await lots(tenantId)).length).toBeGreaterThan(0);

    await post("enable", { grund: "Hat bezahlt" });
    // the session of before has ended for good
    expect(await states()).toEqual([401, 303, 200]);
  });

  test("a person who is shut out signs in no more, and its unused link is void", async () => {
    const { tenantId, post } = await tenant();
    const email = `${randomUUID()}@neu.example`;
    const added = await words(await post("user-add", { person: "Nora", email, role: "ADMIN" }));
    const link = linkIn(added).replace(room.stack.origin, "");
    const [user] = await sql()<{ id: string }[]>`
      update app_user set password_hash = (select password_hash from app_user where id = 'lr_user_owner_alpen')
      where email = ${email} and tenant_id = ${tenantId} returning id`;
    const nora = await signedIn(room.stack.origin, email);
    expect((await post("user-disable", { userId: user?.id ?? "" })).status).toBe(303);
    expect((await nora.get(OVERVIEW_API)).status).toBe(401);
    expect((await visitor(room.stack.origin).post("/login", { email, password: DEMO_PASSWORD })).status).toBe(401);
    expect(await (await visitor(room.stack.origin).get(link)).text()).toContain("Dieser Link gilt nicht mehr");
    expect((await post("password-link", { userId: user?.id ?? "" })).status).toBe(409);
    expect((await post("user-enable", { userId: user?.id ?? "" })).status).toBe(303);
    expect((await visitor(room.stack.origin).post("/login", { email, password: DEMO_PASSWORD })).status).toBe(303);
  });
});

describe("people", () => {
  test("the last owner keeps role and access, and the page says why", async () => {
    const { userId, post } = await tenant();
    for (const [intent, form] of [
      ["user-disable", { userId }],
      ["user-role", { userId, role: "ADMIN" }],
    ] as const) {
      const answer = await post(intent, form);
      expect(answer.status).toBe(409);
      expect(await words(answer)).toContain("Jedes Konto braucht eine Inhaberin oder einen Inhaber.");
    }
    const [user] = await sql()`select role, disabled_at from app_user where id = ${userId}`;
    expect(user).toEqual({ role: "OWNER", disabled_at: null });
  });

  test("another tenant's person is not there", async () => {
    const [mine, theirs] = [await tenant(), await tenant()];
    for (const intent of ["user-role", "user-disable", "user-enable", "password-link"]) {
      const answer = await mine.post(intent, { userId: theirs.userId, role: "VIEWER" });
      expect([intent, answer.status]).toEqual([intent, 404]);
    }
    const asked = await words(await room.olivia.get(`${mine.path}?bestaetigen=person-sperren&person=${theirs.userId}`));
    expect(asked).not.toContain("Zugang von");
  });

  test("the questions say what shutting out and a new link do", async () => {
    const { path, userId } = await tenant();
    const ask = async (what: string) => words(await room.olivia.get(`${path}?bestaetigen=${what}&person=${userId}`));
    expect(await ask("person-sperren")).toContain("Die Person wird überall abgemeldet");
    expect(await ask("person-link")).toContain("Frühere unbenutzte Links gelten sofort nicht mehr.");
  });
});

test("for anybody else, and for a tenant that does not exist, it is 404", async () => {
  const { path, email, post } = await tenant();
  const owner = await signedIn(room.stack.origin, email);
  for (const it of [TENANTS_PAGE, NEW, path]) expect([it, (await owner.get(it)).status]).toEqual([it, 404]);
  expect((await post("adjust", correction("5"), owner)).status).toBe(404);
  expect((await owner.post(NEW, fields())).status).toBe(404);
  expect((await room.olivia.get(`${TENANTS_PAGE}/nowhere`)).status).toBe(404);
  for (const [intent, form] of Object.entries<Record<string, string>>({
    save: { name: "X", country: "CH" },
    disable: { grund: "Grund" },
    adjust: correction("5"),
    "user-add": { person: "X", email: `${randomUUID()}@x.example`, role: "ADMIN" },
  })) {
    expect((await room.olivia.post(`${TENANTS_PAGE}/nowhere`, { intent, ...form })).status).toBe(404);
  }
});
