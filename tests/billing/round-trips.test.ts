import { afterAll, beforeAll, expect, test } from "vitest";
import { receiveEvent } from "~/billing/stripe-events.server";
import { connect } from "~/db/client.server";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { sessionEvent, verified } from "../support/events";
import { noStripe } from "../support/no-stripe";
import { insertOrder, orderState } from "../support/orders";
import { type CountingProxy, startCountingProxy } from "../support/proxy";

let db: TestDatabase;
let proxy: CountingProxy;

beforeAll(async () => {
  db = await createTestDatabase();
  proxy = await startCountingProxy(Number(new URL(db.url).port));
});
afterAll(async () => {
  await proxy?.close();
  await db?.drop();
});

test("on a warm connection a grant takes one round trip for the inbox and at most five for its transaction", async () => {
  const url = new URL(db.url);
  url.port = String(proxy.port);
  const sql = connect(url.href, 1);
  try {
    for (let i = 0; i < 2; i++)
      await receiveEvent(sql, noStripe, verified(sessionEvent(await insertOrder(db.owner), "completed")), false);
    const order = await insertOrder(db.owner);
    const event = verified(sessionEvent(order, "completed"));
    const before = proxy.roundTrips();
    await receiveEvent(sql, noStripe, event, false);
    const taken = proxy.roundTrips() - before;
    expect((await orderState(db.owner, order.id)).granted).toBe(true);
    expect(taken).toBeGreaterThan(2); // else the proxy counts nothing
    expect(taken).toBeLessThanOrEqual(1 + 5);
  } finally {
    await sql.end({ timeout: 5 });
  }
});
