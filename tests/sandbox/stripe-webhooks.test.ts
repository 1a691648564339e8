import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStage, SECRET, type Stage } from "./stripe/stage";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

describe("webhooks", () => {
  it("retries after 500 with a fresh delivery until it is taken", async () => {
    const { id } = await stage.order();
    stage.receiver.answers.push(500, 500, 500, 500, 500);
    await stage.server.control.pay(id);
    await stage.server.control.idle();
    expect(new Set(stage.receiver.events.map((event) => event.id)).size).toBe(3);
    expect(stage.receiver.events).toHaveLength(8);
    const events = await stage.stripe.events.list();
    expect(events.data.map((event) => event.pending_webhooks)).toEqual([0, 0, 0]);
  });

  it("gives up after the last retry and delivers again on request", async () => {
    await stage.restart({ retryDelaysMs: [] });
    const { id } = await stage.order();
    stage.receiver.answers.push(500, 503, 500);
    await stage.server.control.pay(id);
    await stage.server.control.idle();
    expect(stage.server.control.deliveries().map((delivery) => delivery.status)).not.toContain(200);
    const [newest] = (await stage.stripe.events.list({ type: "checkout.session.*" })).data;
    await stage.server.control.redeliver(newest?.id ?? "");
    expect(stage.server.control.deliveries().at(-1)).toMatchObject({ eventId: newest?.id, status: 200 });
  });

  it("signs with every secret", async () => {
    stage.server.control.setWebhook({ url: stage.receiver.url, secrets: ["whsec_old", SECRET] });
    await stage.server.control.expire((await stage.order()).id);
    await stage.server.control.idle();
    expect(stage.receiver.signatures[0]?.match(/v1=/g)).toHaveLength(2);
  });

  it("sends copies in parallel, or the same fact under a second id", async () => {
    stage.server.control.setFaults({ duplicate: 5 });
    await stage.server.control.expire((await stage.order()).id);
    await stage.server.control.idle();
    expect(stage.receiver.events).toHaveLength(5);
    expect(new Set(stage.receiver.events.map((event) => event.id)).size).toBe(1);
    stage.server.control.setFaults({ duplicate: 1, secondEventId: true });
    await stage.server.control.expire((await stage.order()).id);
    await stage.server.control.idle();
    const later = stage.receiver.events.slice(5);
    expect(new Set(later.map((event) => event.id)).size).toBe(2);
    expect(new Set(later.map((event) => JSON.stringify(event.data))).size).toBe(1);
  });

  it("drops deliveries but keeps the event in the list", async () => {
    stage.server.control.setFaults({ drop: true });
    await stage.server.control.pay((await stage.order()).id);
    await stage.server.control.idle();
    expect(stage.receiver.events).toEqual([]);
    expect((await stage.stripe.events.list({ types: ["checkout.session.completed"] })).data).toHaveLength(1);
    expect(stage.server.control.deliveries().map((delivery) => delivery.status)).toEqual([
      "dropped",
      "dropped",
      "dropped",
    ]);
  });

  it("lists events newest first, by type, time and cursor", async () => {
    await stage.server.control.pay((await stage.order()).id);
    await stage.server.control.idle();
    const all = await stage.stripe.events.list();
    expect(all.data.map((event) => event.type)[0]).toBe("checkout.session.completed");
    const after = await stage.stripe.events.list({ starting_after: all.data[0]?.id ?? "", limit: 1 });
    expect(after.data[0]?.id).toBe(all.data[1]?.id);
    const future = { gte: Math.floor(Date.now() / 1000) + 60 };
    expect((await stage.stripe.events.list({ created: future })).data).toEqual([]);
    expect(await stage.stripe.events.retrieve(all.data[0]?.id ?? "")).toEqual(expect.objectContaining(all.data[0]));
  });

  it("closes in the middle of retries, and the next process delivers", async () => {
    const folder = mkdtempSync(join(tmpdir(), "local-stripe-"));
    const stateFile = join(folder, "state.json");
    await stage.restart({ stateFile, retryDelaysMs: [60_000] });
    const session = await stage.order();
    stage.receiver.answers.push(500);
    await stage.server.control.expire(session.id);
    await expect.poll(() => stage.receiver.events.length).toBe(1);
    await stage.restart({ stateFile });
    await stage.server.control.idle();
    expect(stage.receiver.events.map((event) => event.id)).toEqual([
      stage.receiver.events[0]?.id,
      stage.receiver.events[0]?.id,
    ]);
    expect(await stage.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      status: "expired",
      amount_total: 119_700,
    });
    expect((await stage.stripe.prices.list()).data).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(["state.json"]);
    rmSync(folder, { recursive: true });
  });
});
