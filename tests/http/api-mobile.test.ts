import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { INTERNAL, OVERVIEW_API } from "../support/api";
import { insertDevice, insertLicence, newDevice } from "../support/devices";
import { gate } from "../support/gate";
import { envelope, signedIn, visitor } from "../support/http";
import { raw } from "../support/raw";
import { newBuyer } from "../support/shop";
import { type Stack, startStack } from "../support/stack";

const STATUS = "/api/mobile/v1/billing/status";
const LICENSE = "/api/mobile/v1/license";
const REDEEM = "/api/mobile/v1/billing/redeem-and-activate";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

const get = async (path: string, apiKey: string) =>
  envelope(await visitor(stack.origin).get(path, { "x-api-key": apiKey }));
const redeem = async (apiKey: string, body: unknown, headers: Record<string, string> = {}) =>
  envelope(await visitor(stack.origin).json(REDEEM, body, { "x-api-key": apiKey, ...headers }));

/** A device of a fresh tenant. */
const device = (name?: string) => newDevice(stack.db.owner, name);
const licence = (tenantId: string, days: number) => insertLicence(stack.db.owner, tenantId, days);

describe("the licence, for a device", () => {
  test("runs: 200 on both", async () => {
    const { tenantId, apiKey } = await device();
    const validUntil = await licence(tenantId, 10);
    for (const path of [STATUS, LICENSE]) {
      const answer = await get(path, apiKey);
      expect(answer).toMatchObject({ status: 200, ok: true });
      expect(answer.data).toEqual({ isActive: true, validUntil });
    }
  });

  test("is over: the status says so, the gate is 402 with the end", async () => {
    const { tenantId, apiKey } = await device();
    const validUntil = await licence(tenantId, -1);
    expect(await get(STATUS, apiKey)).toMatchObject({ status: 200, data: { isActive: false, validUntil } });
    const gate = await get(LICENSE, apiKey);
    expect(gate).toMatchObject({ status: 402, ok: false, error: { code: "PAYMENT_REQUIRED" } });
    expect(gate.error?.details).toEqual({ validUntil });
  });

  test("was never there: null, and 402", async () => {
    const { apiKey } = await device();
    expect(await get(STATUS, apiKey)).toMatchObject({ status: 200, data: { isActive: false, validUntil: null } });
    const gate = await get(LICENSE, apiKey);
    expect(gate).toMatchObject({ status: 402, error: { code: "PAYMENT_REQUIRED", details: { validUntil: null } } });
  });

  test("is its own tenant's", async () => {
    const [mine, theirs] = [await device(), await device()];
    await licence(theirs.tenantId, 10);
    expect((await get(LICENSE, mine.apiKey)).status).toBe(402);
    expect((await get(LICENSE, theirs.apiKey)).status).toBe(200);
  });

  test("is kept in no cache", async () => {
    const { apiKey } = await device();
    const answer = await visitor(stack.origin).get(STATUS, { "x-api-key": apiKey });
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });
});

describe("keys", () => {
  const wrong: Array<[string, string | undefined]> = [
    ["none", undefined],
    ["empty", ""],
    ["a word", "hello"],
    ["of the right shape", `lrd_${randomBytes(32).toString("base64url")}`],
    ["10 kB", "x".repeat(10_000)],
    ["a tab", "lrd_\tkey"],
    ["bytes above ASCII", "lrd_\u00ff\u0080\u00e4"],
    ["an SQL text", "' or 1=1 --"],
  ];
  test.each(wrong)("%s: 401 in the envelope", async (_, key) => {
    for (const [method, path] of [
      ["GET", STATUS],
      ["GET", LICENSE],
      ["POST", REDEEM],
    ] as const) {
      const answer = await raw(stack, {
        method,
        path,
        headers: { "content-type": "application/json", ...(key === undefined ? {} : { "x-api-key": key }) },
        body: method === "POST" ? '{"code":"X"}' : undefined,
      });
      expect([path, answer.status]).toEqual([path, 401]);
      expect(JSON.parse(answer.text)).toMatchObject({ ok: false, error: { code: "INVALID_API_KEY" } });
      expect(answer.text).not.toMatch(INTERNAL);
    }
  });

  test("with a control character: refused before any code of ours, never a 500", async () => {
    for (const character of ["\u0000", "\u0001", "\u007f"]) {
      const status = await rawKey(`lrd_${character}`);
      expect([400, 401]).toContain(status);
    }
  });

  test("two headers are no key", async () => {
    const { apiKey } = await device();
    const answer = await fetch(`${stack.origin}${STATUS}`, {
      headers: [
        ["x-api-key", apiKey],
        ["x-api-key", apiKey],
      ],
    });
    expect(answer.status).toBe(401);
  });

  test("of a blocked device: 401 at once, and again 200 when it is freed", async () => {
    const { id, apiKey } = await device();
    expect((await get(STATUS, apiKey)).status).toBe(200);
    await stack.db.owner`update device set status = 'DISABLED' where id = ${id}`;
    for (const path of [STATUS, LICENSE]) {
      expect(await get(path, apiKey)).toMatchObject({ status: 401, error: { code: "INVALID_API_KEY" } });
    }
    expect(await redeem(apiKey, { code: "X" })).toMatchObject({ status: 401 });
    await stack.db.owner`update device set status = 'ACTIVE' where id = ${id}`;
    expect((await get(STATUS, apiKey)).status).toBe(200);
  });

  test("a device without a key lets nobody in", async () => {
    const { tenantId } = await newBuyer(stack);
    await stack.db.owner`insert into device (tenant_id, name) values (${tenantId}, 'ohne')`;
    expect((await get(STATUS, "null")).status).toBe(401);
  });

  test("the hash that is kept is no key", async () => {
    const { id } = await device();
    const [row] = await stack.db.owner<{ hash: string }[]>`select api_key_hash as hash from device where id = ${id}`;
    expect((await get(STATUS, row?.hash ?? "")).status).toBe(401);
  });

  test("no cookie counts here, and no key on the admin API", async () => {
    const { apiKey } = await device();
    const owner = await signedIn(stack.origin, "owner@alpen.example");
    expect((await owner.get(STATUS)).status).toBe(401);
    expect((await owner.json(REDEEM, { code: "X" })).status).toBe(401);
    const admin = await visitor(stack.origin).get(OVERVIEW_API, { "x-api-key": apiKey });
    expect(await envelope(admin)).toMatchObject({ status: 401, error: { code: "UNAUTHORIZED" } });
  });
});

/** Sends a key as these bytes, which no client library would. */
async function rawKey(key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(stack.app.port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => (text += chunk));
    socket.on("end", () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
    socket.on("error", reject);
    socket.write(`GET ${STATUS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Api-Key: ${key}\r\n\r\n`, "latin1");
  });
}

describe("when a device was last seen", () => {
  const seen = async (id: string) =>
    (
      await stack.db.owner<{ at: Date | null; version: string }[]>`
      select last_seen_at as at, xmin::text as version from device where id = ${id}`
    )[0];

  test("is noted at its first call, and not again within a minute", async () => {
    const { id, apiKey } = await device();
    expect((await seen(id))?.at).toBeNull();
    await get(STATUS, apiKey);
    const first = await seen(id);
    expect(Date.now() - Number(first?.at)).toBeLessThan(10_000);
    for (const path of [STATUS, LICENSE, STATUS]) await get(path, apiKey);
    expect(await seen(id)).toEqual(first);
  });

  test("is noted again after a minute", async () => {
    const { id, apiKey } = await device();
    await stack.db.owner`update device set last_seen_at = now() - interval '61 seconds' where id = ${id}`;
    const before = await seen(id);
    await get(STATUS, apiKey);
    expect(Number((await seen(id))?.at)).toBeGreaterThan(Number(before?.at));
  });

  test("is not noted when a block overtakes the call, and the call is refused", async () => {
    const { id, apiKey } = await device();
    const [taken, blocked] = [gate(), gate()];
    const { owner } = stack.db;
    const block = owner.begin(async (tx) => {
      await tx`update device set status = 'DISABLED' where id = ${id}`;
      taken.open();
      await blocked.passed;
    });
    await taken.passed;
    const call = get(STATUS, apiKey);
    const waiting = () => owner`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(waiting, { timeout: 2_500 }).toHaveLength(1);
    blocked.open();
    await block;
    expect((await call).status).toBe(401);
    expect((await seen(id))?.at).toBeNull();
  });

  test("is not noted for a blocked one", async () => {
    const { tenantId } = await newBuyer(stack);
    const blocked = await insertDevice(stack.db.owner, tenantId, { status: "DISABLED" });
    await get(STATUS, blocked.apiKey);
    expect((await seen(blocked.id))?.at).toBeNull();
  });
});

describe("methods", () => {
  test.each([
    ["POST", STATUS, "GET"],
    ["DELETE", STATUS, "GET"],
    ["PUT", LICENSE, "GET"],
    ["POST", LICENSE, "GET"],
    ["GET", REDEEM, "POST"],
    ["PUT", REDEEM, "POST"],
    ["PATCH", REDEEM, "POST"],
  ])("%s %s: 405, Allow %s", async (method, path, allow) => {
    const { apiKey } = await device();
    const answer = await fetch(`${stack.origin}${path}`, { method, headers: { "x-api-key": apiKey } });
    expect(answer.headers.get("allow")).toBe(allow);
    expect(await envelope(answer)).toMatchObject({ status: 405, error: { code: "METHOD_NOT_ALLOWED" } });
  });

  test("an unknown path: 404 in the envelope", async () => {
    const { apiKey } = await device();
    expect(await get("/api/mobile/v1/nothing", apiKey)).toMatchObject({ status: 404, error: { code: "NOT_FOUND" } });
  });
});
