import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sessionEvent } from "../support/events";
import { signedIn, type Visitor, visitor } from "../support/http";
import { insertOrder, orderState } from "../support/orders";
import { type Stack, startStack } from "../support/stack";
import { readPage, storeEvent } from "../support/stored-events";

const PAGE = "/operator/events";

let stack: Stack;
let staff: Visitor;
beforeAll(async () => {
  stack = await startStack();
  staff = await signedIn(stack.origin, "operator@leadradar.example");
});
afterAll(() => stack?.stop());

const store = (event: Parameters<typeof storeEvent>[1]) => storeEvent(stack, event);
const read = (address: string) => readPage(staff, address);

describe("replay", () => {
  const until = async (path: string, text: string) => {
    let html = "";
    await expect
      .poll(async () => {
        html = (await read(path)).html;
        return html;
      })
      .toContain(text);
    return html;
  };

  test("one event: 303, granted, one audit entry with the event; a filter's: to the progress page", async () => {
    const order = await insertOrder(stack.db.owner);
    const event = sessionEvent(order, "completed");
    await store({
      id: event.id,
      type: event.type,
      status: "FAILED",
      payload: JSON.stringify(event),
      message: "ORDER_UNKNOWN: x",
    });
    const answer = await staff.post(`${PAGE}/${event.id}`, { intent: "replay" });
    expect(answer.status).toBe(303);
    const address = answer.headers.get("location") ?? "";
    expect(address).toMatch(/\?wiederholung=\d+$/);
    expect(await until(address, "Ereignis verarbeitet")).toContain("Die Credits sind jetzt gutgeschrieben.");
    expect((await orderState(stack.db.owner, order.id)).rows).toHaveLength(1);
    const entries = await stack.db.owner`
      select actor_user_id, action, subject_type, after from audit_entry where subject_id = ${event.id}`;
    expect(entries).toEqual([
      {
        actor_user_id: "lr_user_operator",
        action: "REPLAY_REQUESTED",
        subject_type: "EVENT",
        after: JSON.stringify({ eventId: event.id }),
      },
    ]);
    const all = await staff.post(`${PAGE}?index&status=PROCESSED&type=${event.type}`, { intent: "replay-all" });
    expect(all.status).toBe(303);
    expect(all.headers.get("location")).toMatch(/^\/operator\/replays\/\d+$/);
    const html = await until(all.headers.get("location") ?? "", "Abgeschlossen");
    expect(html).toContain(`Status Verarbeitet, Typ ${event.type}`);
    expect((await orderState(stack.db.owner, order.id)).rows).toHaveLength(1);
  });

  test("while another runs: 409, says since when and where; nothing is written", async () => {
    const [task] = await stack.db.owner`
      insert into task (kind, request, requested_by, requested_at, trace_id, total, position)
      values ('VERIFY', '{}', 'lr_user_kontrolle', now(), 'x', 1, null) returning id`;
    await stack.db
      .owner`update task set kind = 'REPLAY', request = 'not json', requested_at = '2026-11-22 10:35+01' where id = ${task?.id}`;
    await store({ id: "evt_busy", type: "busy.test" });
    const before = await stack.db.owner`select count(*)::int as n from audit_entry`;
    // The server may end the broken task at any moment; a refusal is only certain while it is there.
    const answers = [];
    for (const [path, intent] of [
      [`${PAGE}/evt_busy`, "replay"],
      [`${PAGE}?index`, "replay-all"],
    ] as const) {
      await stack.db.owner`update task set finished_at = null where id = ${task?.id}`;
      const answer = await staff.post(path, { intent });
      answers.push([answer.status, await answer.text()]);
    }
    for (const [status, html] of answers) {
      expect(status).toBe(409);
      expect(html).toContain("Es läuft schon eine Wiederholung seit 10:35.");
    }
    expect(await stack.db.owner`select count(*)::int as n from audit_entry`).toEqual(before);
    await stack.db.owner`update task set finished_at = now() where id = ${task?.id} and finished_at is null`;
  });

  test("nobody else finds any of it", async () => {
    await store({ id: "evt_door", type: "door.test" });
    const people = [await signedIn(stack.origin, "owner@jura.example"), visitor(stack.origin)];
    for (const [i, who] of people.entries()) {
      for (const path of [
        PAGE,
        `${PAGE}/evt_door`,
        `${PAGE}/evt_door/json`,
        "/operator/replays/1",
        `${PAGE}.data`,
        `${PAGE}/evt_door?_data=routes%2Foperator.events.%24eventId`,
      ]) {
        const answer = await who.get(path);
        expect([path, answer.status]).toEqual([path, i === 0 ? 404 : path.includes(".data") ? 202 : 302]);
        expect(await answer.text()).not.toContain("door.test");
      }
    }
    const [owner] = people;
    expect((await owner?.post(`${PAGE}/evt_door`, { intent: "replay" }))?.status).toBe(404);
    expect((await owner?.post(`${PAGE}?index`, { intent: "replay-all" }))?.status).toBe(404);
    expect((await staff.post(`${PAGE}/evt_door`, { intent: "drop" })).status).toBe(400);
  });
});
