import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deliver, sessionEvent, signed } from "../support/events";
import { envelope } from "../support/http";
import { insertOrder, orderState } from "../support/orders";
import { TEST_WEBHOOK_SECRET } from "../support/server";
import { type Stack, startStack } from "../support/stack";

let stack: Stack;
const SECOND_SECRET = "whsec_after_rotation";

beforeAll(async () => {
  stack = await startStack({ webhookSecret: ` ${TEST_WEBHOOK_SECRET} , ${SECOND_SECRET} ` });
});
afterAll(() => stack?.stop());

const url = () => `${stack.origin}/api/webhooks/stripe`;

function post(body: BodyInit, headers: Record<string, string>): Promise<Response> {
  return fetch(url(), {
    method: "POST",
    body,
    headers,
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  } as RequestInit);
}

async function storedEvents(): Promise<number> {
  const [row] = await stack.db.owner<{ n: number }[]>`select count(*)::int as n from stripe_event`;
  return row?.n ?? -1;
}

describe("answers", () => {
  test("paid: 200, received, granted; again: 200 and nothing more", async () => {
    const order = await insertOrder(stack.db.owner);
    const event = sessionEvent(order, "completed");
    for (let i = 0; i < 2; i++) {
      const answer = await envelope(await deliver(stack.origin, event));
      expect(answer).toMatchObject({ status: 200, ok: true, data: { received: true } });
    }
    const state = await orderState(stack.db.owner, order.id);
    expect(state).toMatchObject({ status: "PAID", granted: true });
    expect(state.rows).toHaveLength(1);
  });

  test("50 parallel deliveries of one event, and 25 + 25 of two ids for one session: each order grants once, no 5xx", async () => {
    const [one, two] = [await insertOrder(stack.db.owner), await insertOrder(stack.db.owner)];
    const event = sessionEvent(one, "completed");
    const pair = [sessionEvent(two, "completed"), sessionEvent(two, "completed")];
    const deliveries = [
      ...Array.from({ length: 50 }, () => event),
      ...Array.from({ length: 50 }, (_, i) => pair[i % 2]),
    ];
    const answers = await Promise.all(deliveries.map((it) => deliver(stack.origin, it)));
    expect(new Set(answers.map((it) => it.status))).toEqual(new Set([200]));
    expect((await orderState(stack.db.owner, one.id)).rows).toHaveLength(1);
    expect((await orderState(stack.db.owner, two.id)).rows).toHaveLength(1);
  });

  test("a permanent fault: 200, set aside; an unknown order: 503 with Retry-After", async () => {
    const order = await insertOrder(stack.db.owner);
    const wrong = await deliver(
      stack.origin,
      sessionEvent(order, "completed", { amount_subtotal: 1, amount_total: 1 }),
    );
    expect(wrong.status).toBe(200);
    expect((await orderState(stack.db.owner, order.id)).review_reason).toContain("AMOUNT_MISMATCH");
    const unknown = await deliver(stack.origin, sessionEvent({ ...order, id: "not-there-yet" }, "completed"));
    expect(unknown.headers.get("retry-after")).toBe("5");
    expect(await envelope(unknown)).toMatchObject({ status: 503, error: { code: "TEMPORARILY_UNAVAILABLE" } });
  });

  test("a type that we do not act on: 200, IGNORED", async () => {
    const order = await insertOrder(stack.db.owner);
    const event = { ...sessionEvent(order, "completed"), type: "invoice.paid" };
    expect((await deliver(stack.origin, event)).status).toBe(200);
    const [row] = await stack.db.owner`select status from stripe_event where id = ${event.id}`;
    expect(row?.status).toBe("IGNORED");
  });

  test("the payload is kept to the byte", async () => {
    const order = await insertOrder(stack.db.owner);
    const event = sessionEvent(order, "completed", { customer_details: { name: "Zoë Müller 漢字 🎪 \u0000 \r\n" } });
    const text = JSON.stringify(event, null, 3);
    expect((await deliver(stack.origin, text)).status).toBe(200);
    const [row] = await stack.db.owner`select payload from stripe_event where id = ${event.id}`;
    expect(row?.payload).toBe(text);
  });

  test("the old and the new secret both count while secrets are rotated", async () => {
    for (const secret of [TEST_WEBHOOK_SECRET, SECOND_SECRET]) {
      const order = await insertOrder(stack.db.owner);
      expect((await deliver(stack.origin, sessionEvent(order, "completed"), { secret })).status).toBe(200);
    }
  });

  test("several v1 values: one match is enough", async () => {
    const order = await insertOrder(stack.db.owner);
    const { body, header } = signed(JSON.stringify(sessionEvent(order, "completed")));
    const answer = await post(body.toString(), { "stripe-signature": `${header},v1=${"0".repeat(64)},v0=abc` });
    expect(answer.status).toBe(200);
  });

  test("the foreign-origin check does not hold the webhook up", async () => {
    const order = await insertOrder(stack.db.owner);
    const { body, header } = signed(JSON.stringify(sessionEvent(order, "completed")));
    const headers = { "stripe-signature": header, origin: "https://stripe.com", "sec-fetch-site": "cross-site" };
    expect((await post(body.toString(), headers)).status).toBe(200);
  });
});

describe("refused before anything is stored", () => {
  const now = () => Math.floor(Date.now() / 1000);
  const event = () =>
    JSON.stringify(
      sessionEvent(
        { id: "x", tenantId: "t", skuId: "s", currency: "CHF", amountCents: 1, sessionId: "cs_x" },
        "completed",
      ),
    );

  test.each<[string, () => Promise<Response>, number, string]>([
    ["no signature", () => post(event(), {}), 400, "STRIPE_SIGNATURE_MISSING"],
    ["a malformed signature", () => post(event(), { "stripe-signature": "nonsense" }), 400, "STRIPE_SIGNATURE_INVALID"],
    [
      "another secret",
      () => deliver(stack.origin, event(), { secret: "whsec_other" }),
      400,
      "STRIPE_SIGNATURE_INVALID",
    ],
    [
      "301 s old",
      () => deliver(stack.origin, event(), { timestamp: now() - 301 - 1 }),
      400,
      "STRIPE_SIGNATURE_INVALID",
    ],
    ["302 s ahead", () => deliver(stack.origin, event(), { timestamp: now() + 302 }), 400, "STRIPE_SIGNATURE_INVALID"],
    [
      "a changed body",
      () => post(`${event()} `, { "stripe-signature": signed(event()).header }),
      400,
      "STRIPE_SIGNATURE_INVALID",
    ],
    ["no JSON", () => deliver(stack.origin, "hello"), 400, "BAD_JSON"],
    ["an empty body", () => post("", { "stripe-signature": `t=${now()},v1=00` }), 400, "STRIPE_SIGNATURE_INVALID"],
    ["a JSON array", () => deliver(stack.origin, "[1,2]"), 400, "INVALID_BODY"],
    ["a JSON number", () => deliver(stack.origin, "7"), 400, "INVALID_BODY"],
    ["no id", () => deliver(stack.origin, '{"type":"checkout.session.completed"}'), 400, "INVALID_BODY"],
    [
      "a thin event",
      () => deliver(stack.origin, '{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.no_meter_found"}'),
      400,
      "INVALID_BODY",
    ],
    ["a byte order mark", () => deliver(stack.origin, `\ufeff${event()}`), 400, "STRIPE_SIGNATURE_INVALID"],
    [
      "depth 100 000, not ours",
      () => deliver(stack.origin, "[".repeat(100_000) + "]".repeat(100_000)),
      400,
      "INVALID_BODY",
    ],
  ])("%s", async (_name, send, status, code) => {
    const before = await storedEvents();
    const answer = await envelope(await send());
    expect(answer).toMatchObject({ status, ok: false, error: { code } });
    expect(await storedEvents()).toBe(before);
  });

  test("invalid UTF-8, even when those bytes were signed", async () => {
    const before = await storedEvents();
    const body = Buffer.concat([
      Buffer.from('{"id":"evt_utf8","type":"a.b","x":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    const answer = await post(new Uint8Array(body), { "stripe-signature": signed(body).header });
    expect(answer.status).toBe(400);
    expect(await storedEvents()).toBe(before);
  });

  test("depth 100 000 inside an event of ours is stored and answered, not a 500", async () => {
    const deep = `{"id":"evt_deep","object":"event","type":"checkout.session.completed","data":{"object":{"metadata":{"app":"leadradar-billing"},"deep":${"[".repeat(100_000)}${"]".repeat(100_000)}}}}`;
    expect((await deliver(stack.origin, deep)).status).toBe(200);
    const polluted =
      '{"id":"evt_proto","object":"event","type":"a.b","__proto__":{"livemode":true},"data":{"object":{"__proto__":{"metadata":{"app":"leadradar-billing"}}}}}';
    expect((await deliver(stack.origin, polluted)).status).toBe(200);
    const rows = await stack.db
      .owner`select id, status, error_message from stripe_event where id in ('evt_deep', 'evt_proto') order by id`;
    expect(rows).toMatchObject([
      { id: "evt_deep", status: "FAILED", error_message: "PAYLOAD_GARBLED" },
      { id: "evt_proto", status: "IGNORED" },
    ]);
  });

  test("a compressed body: 415", async () => {
    const answer = await post(new Uint8Array(gzipSync(event())), {
      "content-encoding": "gzip",
      "stripe-signature": signed(event()).header,
    });
    expect(await envelope(answer)).toMatchObject({ status: 415, error: { code: "UNSUPPORTED_MEDIA_TYPE" } });
  });

  test("over 1 MiB: 413, whether the length is declared or not", async () => {
    const large = "x".repeat(5 * 1024 * 1024);
    const headers = { "stripe-signature": signed("x").header };
    expect(await envelope(await post(large, headers))).toMatchObject({
      status: 413,
      error: { code: "BODY_TOO_LARGE" },
    });
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 40; i++) controller.enqueue(new TextEncoder().encode("x".repeat(64 * 1024)));
        controller.close();
      },
    });
    expect((await post(stream, headers)).status).toBe(413);
  });

  test.each(["GET", "PUT", "DELETE", "PATCH"])("%s: 405 with Allow", async (method) => {
    const answer = await fetch(url(), { method });
    expect(answer.headers.get("allow")).toBe("POST");
    expect(await envelope(answer)).toMatchObject({ status: 405, error: { code: "METHOD_NOT_ALLOWED" } });
  });
});

test("200 orders of one tenant at once: each grants once, no 5xx", async () => {
  const orders = await Promise.all(
    Array.from({ length: 200 }, () => insertOrder(stack.db.owner, { tenantId: "lr_tenant_jura" })),
  );
  const answers = await Promise.all(orders.map((order) => deliver(stack.origin, sessionEvent(order, "completed"))));
  expect(new Set(answers.map((it) => it.status))).toEqual(new Set([200]));
  const [sum] = await stack.db.owner`
    select count(*)::int as rows, sum(delta)::int as credits from tenant_credit_ledger
    where order_id in ${stack.db.owner(orders.map((order) => order.id))}`;
  expect(sum).toEqual({ rows: 200, credits: 600 });
});
