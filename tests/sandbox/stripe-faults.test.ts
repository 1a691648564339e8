import { createServer } from "node:http";
import type Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStage, type Stage } from "./stripe/stage";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

/** Lets so many sessions expire, one event each, and waits for the deliveries. */
async function expireSome(count: number): Promise<string[]> {
  for (let i = 0; i < count; i += 1) await stage.server.control.expire((await stage.order()).id);
  await stage.server.control.idle();
  return stage.server.control
    .events()
    .filter((event) => event.type === "checkout.session.expired")
    .map((event) => event.id);
}

const log = () => stage.server.control.deliveries();
const arrived = () => stage.receiver.events.map((event) => event.id);

describe("faults of deliveries", () => {
  it("meet the same deliveries in the same way for the same seed", async () => {
    const fates = async (seed: number) => {
      await stage.restart({ retryDelaysMs: [] });
      stage.server.control.setFaults({ seed, duplicatePercent: 40, corruptPercent: 30, dropPercent: 30 });
      const ids = await expireSome(25);
      return log()
        .map(({ eventId, kind, status }) => `${ids.indexOf(eventId)} ${kind} ${status}`)
        .sort();
    };
    const first = await fates(7);
    expect(await fates(7)).toEqual(first);
    expect(await fates(8)).not.toEqual(first);
  });

  it("send a copy more of some", async () => {
    stage.server.control.setFaults({ duplicatePercent: 50 });
    const ids = await expireSome(40);
    const copies = log().filter((delivery) => delivery.kind === "duplicate");
    expect(copies.length).toBeGreaterThan(8);
    expect(copies.length).toBeLessThan(32);
    expect(arrived()).toHaveLength(ids.length + copies.length);
    expect(new Set(arrived())).toEqual(new Set(ids));
  });

  it("send a corrupted copy beside the intact one, once, and it is refused", async () => {
    stage.server.control.setFaults({ corruptPercent: 100 });
    const ids = await expireSome(6);
    expect(arrived().sort()).toEqual([...ids].sort());
    const corrupted = log().filter((delivery) => delivery.kind === "corrupted");
    expect(corrupted.map(({ attempt, status }) => [attempt, status])).toEqual(ids.map(() => [1, 400]));
  });

  it("lose attempts on the way, which are made up for by retries", async () => {
    await stage.restart({ retryDelaysMs: Array.from({ length: 40 }, () => 1) });
    stage.server.control.setFaults({ dropPercent: 50 });
    const ids = await expireSome(20);
    expect(arrived().sort()).toEqual([...ids].sort());
    expect(log().filter((delivery) => delivery.status === "dropped").length).toBeGreaterThan(4);

    await stage.restart({ retryDelaysMs: [1, 1] });
    stage.server.control.setFaults({ dropPercent: 100 });
    await expireSome(1);
    expect(log().map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, "dropped"],
      [2, "dropped"],
      [3, "dropped"],
    ]);
  });

  it("shuffle what is held back, and flush what is too little", async () => {
    stage.server.control.setFaults({ reorder: 15 });
    const ids = await expireSome(15);
    expect([...arrived()].sort()).toEqual([...ids].sort());
    expect(arrived()).not.toEqual(ids);
    stage.server.control.setFaults({ reorder: 1_000 });
    await expireSome(3);
    expect(arrived()).toHaveLength(18);
  });

  it("delay each by its own chance, and end with the server", async () => {
    stage.server.control.setFaults({ jitterMs: 600_000 });
    await stage.server.control.expire((await stage.order()).id);
    stage.server.control.setFaults({ jitterMs: 0 });
    await stage.server.control.expire((await stage.order()).id);
    const [, prompt] = stage.server.control.events().filter((event) => event.type === "checkout.session.expired");
    await expect.poll(arrived).toEqual([prompt?.id]);
  });

  it("tell some facts under a second id", async () => {
    stage.server.control.setFaults({ secondEventIdPercent: 50 });
    const ids = await expireSome(40);
    expect(ids.length).toBeGreaterThan(48);
    expect(ids.length).toBeLessThan(72);
    const sessions = stage.receiver.events.map((event) => (event.data.object as Stripe.Checkout.Session).id);
    expect(new Set(sessions).size).toBe(40);
  });

  it("say that an event is of real money", async () => {
    stage.server.control.setFaults({ livemode: true });
    await expireSome(1);
    expect(stage.receiver.events[0]).toMatchObject({ livemode: true, data: { object: { livemode: true } } });
    stage.server.control.setFaults({ livemode: false });
    await expireSome(1);
    expect(stage.receiver.events[1]).toMatchObject({ livemode: false, data: { object: { livemode: false } } });
  });

  it("write events as an older version does", async () => {
    stage.server.control.setFaults({ apiVersion: "2016-07-06" });
    await stage.server.control.pay((await stage.order()).id);
    await stage.server.control.idle();
    const old = new Map(stage.receiver.events.map((event) => [event.type, event]));
    expect(old.get("charge.succeeded")).toMatchObject({ api_version: "2016-07-06", data: { object: { paid: true } } });
    expect(old.get("charge.succeeded")?.data.object).not.toHaveProperty("payment_intent");
    expect(old.get("checkout.session.completed")?.data.object).toHaveProperty("payment_intent");
    stage.server.control.setFaults({ apiVersion: null });
    await stage.server.control.pay((await stage.order()).id);
    await stage.server.control.idle();
    const charge = stage.receiver.events.filter((event) => event.type === "charge.succeeded").at(-1);
    expect(charge?.api_version).not.toBe("2016-07-06");
    expect(charge?.data.object).toHaveProperty("payment_intent", expect.stringMatching(/^pi_/));
  });

  it("run so many at once as is wanted", async () => {
    let now = 0;
    let most = 0;
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const receiver = createServer(async (_request, response) => {
      most = Math.max(most, ++now);
      await gate;
      now -= 1;
      response.end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const address = receiver.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/`;
    await stage.restart({ webhook: { url, secrets: ["whsec_x"] }, deliveriesAtOnce: 3 });
    for (let i = 0; i < 10; i += 1) await stage.server.control.expire((await stage.order()).id);
    await expect.poll(() => now).toBe(3);
    expect(stage.server.deliveriesUnderWay()).toBe(10);
    release();
    await stage.server.control.idle();
    expect([most, log().length, stage.server.deliveriesUnderWay()]).toEqual([3, 10, 0]);
    await new Promise((resolve) => receiver.close(resolve));
  });
});

describe("faults of the API", () => {
  it("404 without an error, which the client takes for success", async () => {
    stage.server.control.setFaults({ apiDown: "404", apiDownPath: "/v1/customers" });
    const nothing = await stage.stripe.customers.create({ name: "x" });
    expect(nothing).not.toHaveProperty("object");
    expect(stage.server.control.requests().at(-1)).toMatchObject({ path: "/v1/customers", status: 404 });
    expect((await stage.stripe.prices.list()).data).toHaveLength(1);
    stage.server.control.setFaults({ apiDown: "off", apiDownPath: null });
    expect((await stage.stripe.customers.list()).data).toEqual([]);
  });

  it("slow answers, which end with the server", async () => {
    stage.server.control.setFaults({ apiDelayMs: 600_000, apiDownPath: "/v1/customers" });
    const slow = stage.stripe.customers.list().then(
      () => "answered",
      () => "cut off",
    );
    expect((await stage.stripe.prices.list()).data).toHaveLength(1);
    await stage.restart({});
    expect(await slow).toBe("cut off");
    stage.server.control.setFaults({ apiDelayMs: 1 });
    expect((await stage.stripe.customers.list()).data).toEqual([]);
  });
});

describe("faults over HTTP", () => {
  const change = (body: string, type: string) =>
    fetch(`${stage.server.url}/_control/setFaults`, { method: "POST", headers: { "content-type": type }, body });

  it("take every fault as JSON and as text", async () => {
    const all = {
      seed: 9,
      drop: true,
      dropPercent: 1,
      duplicate: 2,
      duplicatePercent: 3,
      corruptPercent: 4,
      secondEventId: true,
      secondEventIdPercent: 5,
      reorder: 6,
      delayMs: 7,
      jitterMs: 8,
      livemode: true,
      apiVersion: "2016-07-06",
      apiDown: "404",
      apiDownPath: "/v1/customers",
      apiDelayMs: 10,
    };
    expect(Object.keys(all).sort()).toEqual(Object.keys(stage.server.control.faults()).sort());
    expect((await change(JSON.stringify(all), "application/json")).status).toBe(200);
    expect(stage.server.control.faults()).toEqual(all);
    await stage.restart({});
    const text = Object.entries(all).map(([name, value]): [string, string] => [name, String(value)]);
    await change(new URLSearchParams(text).toString(), "application/x-www-form-urlencoded");
    expect(stage.server.control.faults()).toEqual(all);
    await change(JSON.stringify({ apiVersion: "", apiDownPath: "" }), "application/json");
    expect(stage.server.control.faults()).toMatchObject({ apiVersion: null, apiDownPath: null });
  });

  it.each([{ seed: -1 }, { dropPercent: 101 }, { corruptPercent: 0.5 }, { reorder: "many" }, { apiDown: "maybe" }])(
    "refuse %j",
    async (body) => {
      const before = stage.server.control.faults();
      expect((await change(JSON.stringify(body), "application/json")).status).toBe(400);
      expect(stage.server.control.faults()).toEqual(before);
    },
  );
});
