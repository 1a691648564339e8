import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  countDevices,
  createDevice,
  DEVICE_KEY,
  listDevices,
  readDevice,
  setDeviceStatus,
} from "~/billing/devices.server";
import { readCursor } from "~/billing/paging.server";
import { DomainError } from "~/errors";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { slotsOf } from "../support/devices";
import { newBuyer } from "../support/shop";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase(20);
});
afterAll(() => db?.drop());

const hash = () => randomBytes(32).toString("hex");
const fresh = (name = "Stand 1", requestKey: string | null = null) => ({ name, apiKeyHash: hash(), requestKey });

/** A tenant with so many slots. */
async function tenant(slots: number): Promise<string> {
  const { tenantId } = await newBuyer({ db });
  await db.owner`insert into tenant_entitlement (tenant_id, max_devices) values (${tenantId}, ${slots})`;
  return tenantId;
}

/** The code of a refusal, "done" for none. */
async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

function tally(words: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

describe("slots", () => {
  test("a tenant without an entitlement has one", async () => {
    const { tenantId } = await newBuyer({ db });
    expect(await outcome(createDevice(db.app, tenantId, fresh()))).toBe("done");
    const second = await createDevice(db.app, tenantId, fresh()).catch((error: unknown) => error);
    expect(second).toMatchObject({
      code: "DEVICE_LIMIT_REACHED",
      status: 402,
      details: { shown: { activeDevices: 1, maxDevices: 1 } },
    });
  });

  test("20 parallel creations on 3 free slots: 3 win", async () => {
    const tenantId = await tenant(3);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => outcome(createDevice(db.app, tenantId, fresh()))),
    );
    expect(tally(outcomes)).toEqual({ done: 3, DEVICE_LIMIT_REACHED: 17 });
    expect(await slotsOf(db.owner, tenantId)).toEqual({ active: 3, max: 3 });
  });

  test("20 parallel creations without an entitlement's row: one wins", async () => {
    const { tenantId } = await newBuyer({ db });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => outcome(createDevice(db.app, tenantId, fresh()))),
    );
    expect(tally(outcomes)).toEqual({ done: 1, DEVICE_LIMIT_REACHED: 19 });
  });

  test("blocking frees a slot, freeing takes one, and both again change nothing", async () => {
    const tenantId = await tenant(1);
    const first = await createDevice(db.app, tenantId, fresh("A"));
    expect((await setDeviceStatus(db.app, tenantId, first.id, "DISABLED")).status).toBe("DISABLED");
    expect((await setDeviceStatus(db.app, tenantId, first.id, "DISABLED")).status).toBe("DISABLED");
    const second = await createDevice(db.app, tenantId, fresh("B"));
    expect(await outcome(setDeviceStatus(db.app, tenantId, first.id, "ACTIVE"))).toBe("DEVICE_LIMIT_REACHED");
    expect(await outcome(setDeviceStatus(db.app, tenantId, second.id, "ACTIVE"))).toBe("done");
    await setDeviceStatus(db.app, tenantId, second.id, "DISABLED");
    expect((await setDeviceStatus(db.app, tenantId, first.id, "ACTIVE")).status).toBe("ACTIVE");
  });

  test("creating, blocking and freeing at once never takes more slots than there are", async () => {
    const tenantId = await tenant(3);
    const devices = await Promise.all([0, 1, 2].map(() => createDevice(db.app, tenantId, fresh())));
    await Promise.all(devices.map(({ id }) => setDeviceStatus(db.app, tenantId, id, "DISABLED")));
    const others = await Promise.all([0, 1, 2].map(() => createDevice(db.app, tenantId, fresh())));
    const all = [...devices, ...others];
    let most = 0;
    let running = true;
    const watcher = (async () => {
      while (running) most = Math.max(most, (await slotsOf(db.owner, tenantId)).active);
    })();
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, i) => {
        const device = all[i % all.length];
        if (!device || i % 10 === 9) return outcome(createDevice(db.app, tenantId, fresh()));
        return outcome(setDeviceStatus(db.app, tenantId, device.id, i % 3 === 0 ? "DISABLED" : "ACTIVE"));
      }),
    );
    running = false;
    await watcher;
    expect(Object.keys(tally(outcomes)).every((it) => ["done", "DEVICE_LIMIT_REACHED"].includes(it))).toBe(true);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
  });
});

describe("one click", () => {
  test("again is the same device, with the newest key, also when the slots are taken by it", async () => {
    const tenantId = await tenant(1);
    const [first, second] = [fresh("A", "form:click"), fresh("A", "form:click")];
    const one = await createDevice(db.app, tenantId, first);
    const other = await createDevice(db.app, tenantId, second);
    expect(other.id).toBe(one.id);
    const [row] = await db.owner<{ hash: string }[]>`select api_key_hash as hash from device where id = ${one.id}`;
    expect(row?.hash).toBe(second.apiKeyHash);
    expect(await countDevices(db.app, tenantId)).toBe(1);
  });

  test("20 times at once is one device", async () => {
    const tenantId = await tenant(5);
    const made = await Promise.all(
      Array.from({ length: 20 }, () => createDevice(db.app, tenantId, fresh("A", "form:many"))),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(await slotsOf(db.owner, tenantId)).toEqual({ active: 1, max: 5 });
  });

  test("after the device was seen or blocked it is over", async () => {
    const tenantId = await tenant(2);
    const seen = await createDevice(db.app, tenantId, fresh("A", "form:seen"));
    await db.owner`update device set last_seen_at = now() where id = ${seen.id}`;
    expect(await outcome(createDevice(db.app, tenantId, fresh("A", "form:seen")))).toBe("INVALID_STATE");
    const blocked = await createDevice(db.app, tenantId, fresh("B", "form:blocked"));
    await setDeviceStatus(db.app, tenantId, blocked.id, "DISABLED");
    expect(await outcome(createDevice(db.app, tenantId, fresh("B", "form:blocked")))).toBe("INVALID_STATE");
  });

  test("is one tenant's: another one's same key is another device", async () => {
    const [mine, theirs] = [await tenant(1), await tenant(1)];
    const one = await createDevice(db.app, mine, fresh("A", "form:shared"));
    const other = await createDevice(db.app, theirs, fresh("A", "form:shared"));
    expect(other.id).not.toBe(one.id);
  });
});

describe("another tenant's device", () => {
  test("is not there", async () => {
    const [mine, theirs] = [await tenant(1), await tenant(1)];
    const { id } = await createDevice(db.app, theirs, fresh());
    expect(await outcome(readDevice(db.app, mine, id))).toBe("NOT_FOUND");
    expect(await outcome(setDeviceStatus(db.app, mine, id, "DISABLED"))).toBe("NOT_FOUND");
    expect((await readDevice(db.app, theirs, id)).status).toBe("ACTIVE");
    expect((await listDevices(db.app, mine, null, 50)).items).toEqual([]);
  });
});

describe("the list", () => {
  test("newest first, every device once, forwards and backwards, also those of one instant", async () => {
    const tenantId = await tenant(1);
    await db.owner`
      insert into device (tenant_id, name, status, created_at)
      select ${tenantId}, 'Gerät ' || n, 'DISABLED', timestamptz '2026-03-03 10:00:00.123456+01' + (n / 4) * interval '1 microsecond'
      from generate_series(1, 23) as n`;
    const rows = await db.owner<{ id: string }[]>`
      select id from device where tenant_id = ${tenantId} order by created_at desc, id desc`;
    const expected = rows.map(({ id }) => id);
    const at = (cursor: string | null) => listDevices(db.app, tenantId, readCursor(cursor, DEVICE_KEY), 5);

    const down: string[] = [];
    let page = await at(null);
    expect(page.newer).toBeNull();
    for (;;) {
      expect(page.first).toBe(down.length + 1);
      down.push(...page.items.map(({ id }) => id));
      if (page.older === null) break;
      page = await at(page.older);
    }
    expect(down).toEqual(expected);

    const up = page.items.map(({ id }) => id);
    while (page.newer !== null) {
      page = await at(page.newer);
      up.unshift(...page.items.map(({ id }) => id));
    }
    expect(up).toEqual(expected);
    expect(page.first).toBe(1);
    expect(await countDevices(db.app, tenantId)).toBe(23);
  });

  test.each([
    "garbage",
    "o~1~2",
    Buffer.from("o~0~1~a\u0000b").toString("base64url"),
    Buffer.from("o~0~x~a").toString("base64url"),
  ])("a cursor that is not ours is INVALID_QUERY: %s", (cursor) =>
    expect(() => readCursor(cursor, DEVICE_KEY)).toThrow("INVALID_QUERY"),
  );
});
