import { describe, expect, test } from "vitest";
import { correction, operatorRoom, TENANTS_PAGE } from "../support/operator-room";
import { words } from "../support/pages";

const { room, tenant, lots } = operatorRoom();

const adjustmentsOf = async (tenantId: string) =>
  room.stack.db.owner<{ id: string; status: string }[]>`
    select id, status from adjustment where tenant_id = ${tenantId} order by requested_at, id`;

describe("a correction", () => {
  test("shows before and after, and books the same click once", async () => {
    const { tenantId, post, path } = await tenant();
    const form = correction("10");
    const preview = await words(await post("adjust-preview", form));
    expect(preview).toContain("Verfügbar sind von diesen Credits jetzt 0, danach 10.");
    expect(preview).toContain("Es wird sofort gebucht");
    expect(await lots(tenantId)).toEqual([]);
    const [one, two] = await Promise.all([post("adjust", form), post("adjust", form)]);
    expect([one.status, two.status]).toEqual([303, 303]);
    expect(one.headers.get("location")).toBe(two.headers.get("location"));
    const told = await words(await room.olivia.get(one.headers.get("location") ?? ""));
    expect(told).toMatch(/ id="meldung".*Korrektur gebucht/);
    expect(await lots(tenantId)).toEqual([10]);
    const changed = await post("adjust", { ...form, menge: "9" });
    expect(changed.status).toBe(409);
    expect(await lots(tenantId)).toEqual([10]);
    // Neither an address nor a page that is read again tells of a click.
    expect(await words(await room.olivia.get(`${path}?erledigt=korrektur&korrektur=adj_x`))).not.toContain(
      ' id="meldung"',
    );
  });

  test.each<[string, Record<string, string>, string]>([
    ["of nothing", { menge: "0" }, "Geben Sie eine Zahl über oder unter 0 ein."],
    ["of half a credit", { menge: "1.5" }, "Geben Sie eine ganze Zahl wie 5 oder -2 ein."],
    ["of more than 10 000", { menge: "10001" }, "Geben Sie eine ganze Zahl wie 5 oder -2 ein."],
    ["of more than there is", { menge: "-1" }, "Das Guthaben reicht nicht: verfügbar sind 0."],
    ["without a day", { bis: "" }, "Geben Sie ein Datum wie 22.11.2026 ein."],
    ["until 30 February", { bis: "30.02.2031" }, "Geben Sie ein Datum wie 22.11.2026 ein."],
    ["until an instant", { bis: "2031-02-01T10:00:00Z" }, "Geben Sie ein Datum wie 22.11.2026 ein."],
    ["of a past day", { bis: "01.01.2020" }, "Dieser Tag ist vorbei."],
    ["without a reason", { grund: "" }, "Geben Sie den Grund"],
    ["for too short a reason", { grund: "ab" }, "Geben Sie den Grund mit mindestens 3 Zeichen an."],
    ["for too long a reason", { grund: "x".repeat(501) }, "Höchstens 500 Zeichen."],
    ["of an unknown credit", { typ: "MONEY" }, "Wählen Sie einen Credit."],
  ])("%s is refused before the question and when it is sent at once", async (_, change, sentence) => {
    const { tenantId, path } = await tenant();
    for (const intent of ["adjust-preview", "adjust"]) {
      const answer = await room.olivia.post(`${path}?bestaetigen=korrektur`, { intent, ...correction("5", change) });
      expect([intent, answer.status]).toEqual([intent, 400]);
      const html = await words(answer);
      expect(html).toContain(sentence);
      expect(html).toContain("Es wurde nichts gebucht");
    }
    expect(await adjustmentsOf(tenantId)).toHaveLength(0);
  });

  test("of eleven waits for the other operator, who sees what it does now", async () => {
    const { tenantId, post, path } = await tenant();
    expect(await words(await post("adjust-preview", correction("11")))).toContain(
      "Eine zweite Person vom Betrieb muss zustimmen.",
    );
    const made = await post("adjust", correction("11"));
    expect(await words(await room.olivia.get(made.headers.get("location") ?? ""))).toContain("Korrektur verlangt");
    const [{ id } = { id: "" }] = await adjustmentsOf(tenantId);
    expect(await words(await room.konrad.get(TENANTS_PAGE))).toMatch(
      /Korrektur(en)? wart(et|en) auf eine zweite Person/,
    );

    const question = `${path}?bestaetigen=zustimmen&korrektur=${id}`;
    expect(await words(await room.olivia.get(question))).not.toContain("Der Korrektur zustimmen?");
    const own = await post("approve", { adjustmentId: id });
    expect(own.status).toBe(409);
    expect(await words(own)).toContain("Die zweite Person muss eine andere sein.");
    expect(await lots(tenantId)).toEqual([]);

    expect(await words(await room.konrad.get(question))).toContain(
      "Verfügbar sind von diesen Credits jetzt 0, danach 11.",
    );
    const [one, two] = await Promise.all([
      post("approve", { adjustmentId: id }, room.konrad),
      post("approve", { adjustmentId: id }, room.konrad),
    ]);
    expect([one.status, two.status].sort()).toEqual([303, 409]);
    expect(await lots(tenantId)).toEqual([11]);
    expect(await words(await room.konrad.get(question))).not.toContain("Der Korrektur zustimmen?");
    expect((await post("reject", { adjustmentId: id, grund: "Zu spät" }, room.konrad)).status).toBe(409);
  });

  test("that cannot be booked any more can only be refused", async () => {
    const { tenantId, post, path } = await tenant();
    await room.stack.db.owner`
      insert into tenant_credit_ledger (tenant_id, type, delta, reason, expires_at)
      values (${tenantId}, 'LICENSE_30D', 12, 'COUPON_REDEEM', '2031-12-31T23:00:00Z')`;
    await post("adjust", correction("-12"));
    const [{ id } = { id: "" }] = await adjustmentsOf(tenantId);
    await room.stack.db.owner`update tenant_credit_balance set held = 2 where tenant_id = ${tenantId}`;
    const asked = await words(await room.konrad.get(`${path}?bestaetigen=zustimmen&korrektur=${id}`));
    expect(asked).toContain("Das Guthaben reicht nicht: verfügbar sind 10. Sie kann nur abgelehnt werden.");
    expect(asked).not.toContain('value="approve"');
    const answer = await post("approve", { adjustmentId: id }, room.konrad);
    expect(answer.status).toBe(400);
    expect(await words(answer)).toContain("Das Guthaben reicht nicht: verfügbar sind 10.");
    const refused = await post("reject", { adjustmentId: id, grund: "Gesperrt" }, room.konrad);
    expect(await words(await room.konrad.get(refused.headers.get("location") ?? ""))).toContain("Korrektur abgelehnt");
    expect(await lots(tenantId)).toEqual([12]);
  });

  test("is taken back by who asked, and a late refusal says so", async () => {
    const { tenantId, post, path } = await tenant();
    await post("adjust", correction("20"));
    const [{ id } = { id: "" }] = await adjustmentsOf(tenantId);
    const question = `${path}?bestaetigen=ablehnen&korrektur=${id}`;
    expect(await words(await room.olivia.get(question))).toContain("Korrektur zurückziehen?");
    expect(await words(await room.konrad.get(question))).toContain("Korrektur ablehnen?");
    expect((await post("reject", { adjustmentId: id, grund: "Irrtum" })).status).toBe(303);
    const late = await room.konrad.post(question, { intent: "reject", adjustmentId: id, grund: "Zu viel" });
    expect(late.status).toBe(409);
    expect(await words(late)).toContain("Das geht im jetzigen Zustand nicht mehr");
    expect(await adjustmentsOf(tenantId)).toMatchObject([{ status: "REJECTED" }]);
  });

  test("of another tenant's page is not there", async () => {
    const [mine, theirs] = [await tenant(), await tenant()];
    await theirs.post("adjust", correction("20"));
    const [{ id } = { id: "" }] = await adjustmentsOf(theirs.tenantId);
    for (const intent of ["approve", "reject"]) {
      expect((await mine.post(intent, { adjustmentId: id, grund: "Nein" }, room.konrad)).status).toBe(404);
    }
    expect(await adjustmentsOf(theirs.tenantId)).toMatchObject([{ status: "OPEN" }]);
  });
});
