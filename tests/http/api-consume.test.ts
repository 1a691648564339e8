import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expireLots } from "~/billing/credits.server";
import { type Account, entitlementIn, give, licenceOf, newAccount, spentBy, stopInOrder } from "../support/accounts";
import { CONSUME_API, INTERNAL, OVERVIEW_API } from "../support/api";
import { envelope, visitor } from "../support/http";
import { lotsOf } from "../support/shop";
import { type Stack, startStack } from "../support/stack";

let stack: Stack;
let rich: Account;
beforeAll(async () => {
  stack = await startStack();
  rich = await newAccount(stack);
  for (const type of ["LICENSE_30D", "LICENSE_365D", "DEVICE_SLOT"] as const) await give(stack, rich, type, 50);
});
afterAll(() => stopInOrder(stack));

const send = (account: Account, body: unknown, headers: Record<string, string> = {}) =>
  account.owner.json(CONSUME_API, body, headers);
const consume = async (account: Account, action: string, headers: Record<string, string> = {}) =>
  envelope(await send(account, { action }, headers));
const lots = (account: Account) => lotsOf(stack, account.tenantId);
const hold = (account: Account, held: number) =>
  stack.db
    .owner`update tenant_credit_balance set held = ${held} where tenant_id = ${account.tenantId} and quantity > 0`;

describe("what one credit buys", () => {
  test("the answer is the overview after it", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 2, "20 days");
    await give(stack, account, "DEVICE_SLOT", 1);
    const first = await consume(account, "ACTIVATE_LICENSE_30D");
    expect(first).toMatchObject({ status: 200, ok: true });
    expect(first.data).toEqual((await envelope(await account.owner.get(OVERVIEW_API))).data);
    expect(first.data).toMatchObject({
      entitlement: { isActive: true, maxDevices: 1, activeDevices: 0 },
      credits: [
        { type: "LICENSE_30D", quantity: 1, held: 0 },
        { type: "DEVICE_SLOT", quantity: 1, held: 0 },
      ],
      expiringSoon: { count: 1 },
    });
    const slot = await consume(account, "ADD_DEVICE_SLOT");
    expect(slot.data).toMatchObject({ entitlement: { isActive: true, maxDevices: 2 } });
    expect(slot.data?.entitlement).toMatchObject({
      validUntil: entitlementIn(first.data).validUntil,
    });
    const last = await consume(account, "ACTIVATE_LICENSE_30D");
    expect(last.data).toMatchObject({ credits: [], expiringSoon: null });
    expect((await licenceOf(stack, account)).wrong).toEqual([]);
  });

  test("the ledger row says who, which lot, and names the activation", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_365D", 1);
    await consume(account, "ACTIVATE_LICENSE_365D");
    const [row] = await stack.db.owner`
      select l.delta, l.type, l.actor_user_id, l.quantity_after, l.order_id, l.ref_id = a.id as named, a.user_id
      from tenant_credit_ledger l, activation a
      where l.tenant_id = ${account.tenantId} and a.tenant_id = l.tenant_id and l.reason = 'CREDIT_CONSUME'`;
    expect(row).toEqual({
      delta: -1,
      type: "LICENSE_365D",
      actor_user_id: account.userId,
      quantity_after: 0,
      order_id: null,
      named: true,
      user_id: account.userId,
    });
  });

  test("a slot alone starts no licence", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "DEVICE_SLOT", 1);
    expect((await consume(account, "ADD_DEVICE_SLOT")).data).toMatchObject({
      entitlement: { validUntil: null, isActive: false, maxDevices: 2 },
    });
  });

  test("soonest expiry first, never a held one, never a lapsed one", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 2, "300 days");
    await give(stack, account, "LICENSE_30D", 2, "5 days");
    await give(stack, account, "LICENSE_30D", 3, "1 days");
    await give(stack, account, "LICENSE_30D", 4, "-1 seconds");
    await give(stack, account, "LICENSE_365D", 1, "2 days");
    await stack.db.owner`
      update tenant_credit_balance set held = 2 where tenant_id = ${account.tenantId} and quantity = 3`;
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) {
      const { status, error } = await consume(account, "ACTIVATE_LICENSE_30D");
      seen.push(
        `${error?.code ?? status}: ${(await lots(account)).slice(0, 4).join(", ").replaceAll("LICENSE_30D ", "")}`,
      );
    }
    expect(seen).toEqual([
      "200: 4/0, 2/2, 2/0, 2/0",
      "200: 4/0, 2/2, 1/0, 2/0",
      "200: 4/0, 2/2, 0/0, 2/0",
      "200: 4/0, 2/2, 0/0, 1/0",
      "200: 4/0, 2/2, 0/0, 0/0",
      "CREDITS_ON_HOLD: 4/0, 2/2, 0/0, 0/0",
    ]);
    await hold(account, 0);
  });
});

describe("nothing usable", () => {
  const licence = "ACTIVATE_LICENSE_30D";

  test("never had any, only of another type, or all spent: NO_CREDITS", async () => {
    const account = await newAccount(stack);
    expect(await consume(account, licence)).toMatchObject({ status: 409, error: { code: "NO_CREDITS" } });
    await give(stack, account, "LICENSE_365D", 1);
    expect(await consume(account, licence)).toMatchObject({ status: 409, error: { code: "NO_CREDITS" } });
    await give(stack, account, "LICENSE_30D", 1);
    expect((await consume(account, licence)).status).toBe(200);
    expect(await consume(account, licence)).toMatchObject({ status: 409, error: { code: "NO_CREDITS" } });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 1, activations: 1, left: 1 });
  });

  test("the last ones lapsed, not booked yet and booked: CREDITS_EXPIRED; nothing is activated", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 2, "-1 hours");
    expect(await consume(account, licence)).toMatchObject({ status: 409, error: { code: "CREDITS_EXPIRED" } });
    await expireLots(stack.db.app);
    expect(await lots(account)).toEqual(["LICENSE_30D 0/0"]);
    expect(await consume(account, licence)).toMatchObject({ status: 409, error: { code: "CREDITS_EXPIRED" } });
    expect(await spentBy(stack, account)).toMatchObject({ booked: 0, activations: 0 });
  });

  test("lapsed after others were bought and spent: the last ones decide", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 1, "-10 days");
    await expireLots(stack.db.app);
    await give(stack, account, "LICENSE_30D", 1, "10 days");
    expect((await consume(account, licence)).status).toBe(200);
    expect(await consume(account, licence)).toMatchObject({ status: 409, error: { code: "NO_CREDITS" } });
  });

  test("some held: CREDITS_ON_HOLD, also beside lapsed ones; free again after the release", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 1, "50 days");
    await hold(account, 1);
    await give(stack, account, "LICENSE_30D", 1, "-1 days");
    expect(await consume(account, licence)).toMatchObject({ status: 409, error: { code: "CREDITS_ON_HOLD" } });
    await expireLots(stack.db.app);
    expect(await consume(account, licence)).toMatchObject({ status: 409, error: { code: "CREDITS_ON_HOLD" } });
    await hold(account, 0);
    expect((await consume(account, licence)).status).toBe(200);
  });

  test("a credit lapses at its instant, to the second", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "DEVICE_SLOT", 2, "0 seconds");
    expect(await consume(account, "ADD_DEVICE_SLOT")).toMatchObject({ error: { code: "CREDITS_EXPIRED" } });
    await give(stack, account, "DEVICE_SLOT", 1, "20 seconds");
    expect((await consume(account, "ADD_DEVICE_SLOT")).status).toBe(200);
  });
});

describe("Idempotency-Key", () => {
  test("twice in a row: one credit, the overview both times, even when nothing is left", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 1);
    const key = { "idempotency-key": crypto.randomUUID() };
    const first = await consume(account, "ACTIVATE_LICENSE_30D", key);
    const second = await consume(account, "ACTIVATE_LICENSE_30D", key);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.data).toEqual(first.data);
    expect(await spentBy(stack, account)).toMatchObject({ booked: 1, activations: 1, left: 0 });
  });

  test("with another action: 409 IDEMPOTENCY_CONFLICT, whether or not there are credits of it", async () => {
    const account = await newAccount(stack);
    await give(stack, account, "LICENSE_30D", 2);
    await give(stack, account, "DEVICE_SLOT", 2);
    const key = { "idempotency-key": "k" };
    await consume(account, "ACTIVATE_LICENSE_30D", key);
    for (const action of ["ADD_DEVICE_SLOT", "ACTIVATE_LICENSE_365D"]) {
      const again = await consume(account, action, key);
      expect(again).toMatchObject({ status: 409, error: { code: "IDEMPOTENCY_CONFLICT" } });
    }
    expect(await spentBy(stack, account)).toMatchObject({ booked: 1, slots: 0, left: 3 });
  });

  test("a refused call keeps no key: with credits the same key works", async () => {
    const account = await newAccount(stack);
    const key = { "idempotency-key": "later" };
    expect(await consume(account, "ADD_DEVICE_SLOT", key)).toMatchObject({ error: { code: "NO_CREDITS" } });
    await give(stack, account, "DEVICE_SLOT", 1);
    expect((await consume(account, "ADD_DEVICE_SLOT", key)).status).toBe(200);
  });

  test("another tenant's key is another key; another key is another credit", async () => {
    const [a, b] = [await newAccount(stack), await newAccount(stack)];
    for (const account of [a, b]) await give(stack, account, "DEVICE_SLOT", 2);
    const key = { "idempotency-key": "shared" };
    expect((await consume(a, "ADD_DEVICE_SLOT", key)).status).toBe(200);
    expect((await consume(b, "ADD_DEVICE_SLOT", key)).status).toBe(200);
    expect((await consume(a, "ADD_DEVICE_SLOT", { "idempotency-key": "Shared" })).status).toBe(200);
    expect(await lots(a)).toEqual(["DEVICE_SLOT 0/0"]);
    expect(await lots(b)).toEqual(["DEVICE_SLOT 1/0"]);
  });

  test.each([["x".repeat(256)], ["x".repeat(9_000)], ["\u00e4\u00f6"], ["a\tb"], [""], ["a b"]])(
    "a garbled key is 400: %j",
    async (value) => {
      const before = await spentBy(stack, rich);
      const answer = await send(rich, { action: "ADD_DEVICE_SLOT" }, { "idempotency-key": value });
      expect(await envelope(answer)).toMatchObject({ status: 400, ok: false, error: { code: "INVALID_BODY" } });
      expect(await spentBy(stack, rich)).toEqual(before);
    },
  );
});

describe("bad input", () => {
  test.each<[string, unknown, number, string]>([
    ["empty body", "", 400, "BAD_JSON"],
    ["half an object", '{"action":', 400, "BAD_JSON"],
    ["null", null, 400, "INVALID_BODY"],
    ["an array", ["ADD_DEVICE_SLOT"], 400, "INVALID_BODY"],
    ["an array of the right thing", [{ action: "ADD_DEVICE_SLOT" }], 400, "INVALID_BODY"],
    ["a number", "7", 400, "INVALID_BODY"],
    ["a string", '"ADD_DEVICE_SLOT"', 400, "INVALID_BODY"],
    ["no action", {}, 400, "INVALID_BODY"],
    ["unknown action", { action: "ACTIVATE_LICENSE_9000D" }, 400, "INVALID_BODY"],
    ["a credit type", { action: "DEVICE_SLOT" }, 400, "INVALID_BODY"],
    ["lower case", { action: "add_device_slot" }, 400, "INVALID_BODY"],
    ["with a blank", { action: "ADD_DEVICE_SLOT " }, 400, "INVALID_BODY"],
    ["of the prototype", { action: "__proto__" }, 400, "INVALID_BODY"],
    ["a method of objects", { action: "toString" }, 400, "INVALID_BODY"],
    ["action a number", { action: 30 }, 400, "INVALID_BODY"],
    ["action a number as text", { action: "30" }, 400, "INVALID_BODY"],
    ["action null", { action: null }, 400, "INVALID_BODY"],
    ["action an array", { action: ["ADD_DEVICE_SLOT"] }, 400, "INVALID_BODY"],
    ["action an object", { action: { type: "DEVICE_SLOT" } }, 400, "INVALID_BODY"],
    ["too large", { action: "ADD_DEVICE_SLOT", fill: "x".repeat(17_000) }, 413, "BODY_TOO_LARGE"],
  ])("%s", async (_name, body, status, code) => {
    const before = await spentBy(stack, rich);
    const answer = await send(rich, body);
    expect(await answer.clone().text()).not.toMatch(INTERNAL);
    expect(await envelope(answer)).toMatchObject({ status, ok: false, error: { code } });
    expect(await spentBy(stack, rich)).toEqual(before);
  });

  test("extra fields are ignored: one credit, of the signed-in tenant", async () => {
    const [account, other] = [await newAccount(stack), await newAccount(stack)];
    for (const it of [account, other]) await give(stack, it, "DEVICE_SLOT", 5);
    const extra = { tenantId: other.tenantId, amount: 5, quantity: 3, userId: other.userId, maxDevices: 99 };
    expect((await send(account, { action: "ADD_DEVICE_SLOT", ...extra })).status).toBe(200);
    expect(await spentBy(stack, account)).toMatchObject({ booked: 1, slots: 1, left: 4 });
    expect(await spentBy(stack, other)).toMatchObject({ booked: 0, slots: 0, left: 5 });
  });

  test("a viewer 403, nobody 401, a foreign origin 403, another type 415, GET 405", async () => {
    const before = await spentBy(stack, rich);
    const body = { action: "ADD_DEVICE_SLOT" };
    const viewer = await (await rich.viewer()).json(CONSUME_API, body);
    expect(await envelope(viewer)).toMatchObject({ status: 403, error: { code: "FORBIDDEN" } });
    const nobody = await visitor(stack.origin).json(CONSUME_API, body);
    expect(await envelope(nobody)).toMatchObject({ status: 401, error: { code: "UNAUTHORIZED" } });
    const foreigners: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
    ];
    for (const headers of foreigners) {
      const foreign = await envelope(await send(rich, body, headers));
      expect(foreign).toMatchObject({ status: 403, error: { code: "FORBIDDEN" } });
    }
    for (const type of ["text/plain", "application/x-www-form-urlencoded", ""]) {
      const wrong = await envelope(await send(rich, body, { "content-type": type }));
      expect(wrong).toMatchObject({ status: 415, error: { code: "UNSUPPORTED_MEDIA_TYPE" } });
    }
    const got = await rich.owner.get(CONSUME_API);
    expect(got.headers.get("allow")).toBe("POST");
    expect(await envelope(got)).toMatchObject({ status: 405, error: { code: "METHOD_NOT_ALLOWED" } });
    expect(await spentBy(stack, rich)).toEqual(before);
  });
});
