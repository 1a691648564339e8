import { afterAll, beforeAll, expect, test } from "vitest";
import { receiveEvent } from "~/billing/stripe-events.server";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { sessionEvent, verified } from "../support/events";
import { noStripe } from "../support/no-stripe";
import { insertOrder } from "../support/orders";

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test.each(["before", "after"])(
  "a charge of an old API version, without its payment intent, %s the grant",
  async (when) => {
    const order = await insertOrder(db.owner);
    const paid = sessionEvent(order, "completed");
    const { metadata } = paid.data.object;
    const charge = {
      ...paid,
      id: `${paid.id}_charge`,
      api_version: "2016-07-06",
      type: "charge.succeeded",
      data: { object: { id: `ch_${order.sessionId}`, object: "charge", metadata, paid: true, receipt_url: null } },
    };
    const send = async (event: unknown) => (await receiveEvent(db.app, noStripe, verified(event), false)).result;
    if (when === "after") await send(paid);
    expect(["processed", "ignored"]).toContain(await send(charge));
    const [row] = await db.owner`select stripe_charge_id as charge from billing_order where id = ${order.id}`;
    expect(row?.charge).toBe(`ch_${order.sessionId}`);
  },
);
