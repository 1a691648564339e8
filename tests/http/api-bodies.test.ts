import { Agent, request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHECKOUT_API, INTERNAL } from "../support/api";
import { envelope, signedIn, type Visitor } from "../support/http";
import { count } from "../support/rows";
import { type Stack, startStack } from "../support/stack";

let stack: Stack;
let owner: Visitor;
beforeAll(async () => {
  stack = await startStack();
  owner = await signedIn(stack.origin, "owner@alpen.example");
});
afterAll(() => stack?.stop());

/** One POST, or a GET when there is no body; the status, or "no answer" when none comes within the time. */
function exchange(path: string, body: string | null, agent?: Agent): Promise<number | "no answer"> {
  return new Promise((resolve) => {
    const outgoing = httpRequest(
      {
        host: "127.0.0.1",
        port: stack.app.port,
        path,
        method: body === null ? "GET" : "POST",
        agent: agent ?? false,
        headers: {
          cookie: owner.cookie,
          ...(body === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
        },
      },
      (incoming) => {
        incoming.resume();
        incoming.on("end", () => resolve(incoming.statusCode ?? 0));
      },
    );
    outgoing.setTimeout(5_000, () => {
      outgoing.destroy();
      resolve("no answer");
    });
    outgoing.on("error", () => resolve("no answer"));
    outgoing.end(body ?? undefined);
  });
}

describe("bodies that are refused", () => {
  async function refused(answer: Response, status: number, code: string) {
    const text = await answer.clone().text();
    expect(await envelope(answer)).toMatchObject({ status, ok: false, error: { code } });
    expect(text).not.toMatch(INTERNAL);
  }
  const send = (body: BodyInit, headers: Record<string, string> = {}) =>
    fetch(`${stack.origin}${CHECKOUT_API}`, {
      method: "POST",
      body,
      headers: { cookie: owner.cookie, "content-type": "application/json", ...headers },
      ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
    } as RequestInit);

  test.each<[string, BodyInit]>([
    ["empty", ""],
    ["half an object", '{"skuId":'],
    ["two values", '{"skuId":"lr_sku_30d_1"}{}'],
    ["single quotes", "{'skuId':'lr_sku_30d_1'}"],
    ["NaN", "NaN"],
    ["a byte order mark", '\ufeff{"skuId":"lr_sku_30d_1"}'],
    ["invalid UTF-8", new Uint8Array([...Buffer.from('{"skuId":"lr_sku_30d_1'), 0xff, 0xfe, ...Buffer.from('"}')])],
    ["UTF-16", new Uint8Array(Buffer.from('{"skuId":"lr_sku_30d_1"}', "utf16le"))],
    ["a form", "skuId=lr_sku_30d_1"],
    ["unclosed depth", "[".repeat(16_000)],
  ])("BAD_JSON: %s", async (_name, body) => {
    const before = await count(stack, "billing_order");
    await refused(await send(body), 400, "BAD_JSON");
    expect(await count(stack, "billing_order")).toBe(before);
  });

  test.each<[string]>([
    ["[]"],
    ['[{"skuId":"lr_sku_30d_1"}]'],
    ["7"],
    ['"lr_sku_30d_1"'],
    ["null"],
    ["true"],
    ["{}"],
    ['{"skuId":null}'],
    ['{"skuId":1}'],
    ['{"skuId":true}'],
    ['{"skuId":["lr_sku_30d_1"]}'],
    ['{"skuId":{"id":"lr_sku_30d_1"}}'],
    ['{"skuId":""}'],
    ['{"skuid":"lr_sku_30d_1"}'],
    ['{"skuId":"lr_sku_30d_1","skuId":7}'],
  ])("INVALID_BODY: %s", async (body) => {
    const before = await count(stack, "billing_order");
    await refused(await send(body), 400, "INVALID_BODY");
    expect(await count(stack, "billing_order")).toBe(before);
  });

  test.each<[string, string]>([
    ["NUL", '{"skuId":"lr_sku_30d_1\\u0000"}'],
    ["only NUL", '{"skuId":"\\u0000"}'],
    ["half a surrogate pair", '{"skuId":"\\ud800"}'],
    ["10 kB", JSON.stringify({ skuId: "x".repeat(10_000) })],
    ["a line break", '{"skuId":"a\\nb"}'],
  ])("a strange skuId: %s: 400 or 404", async (_name, body) => {
    const answer = await send(body);
    expect([400, 404]).toContain(answer.status);
    const { error } = await envelope(answer);
    expect(["INVALID_BODY", "NOT_FOUND"]).toContain(error?.code);
  });

  test("nested 100 000 deep, and as deep as 16 KiB allow: refused, no fault", async () => {
    expect(await exchange(CHECKOUT_API, "[".repeat(100_000) + "]".repeat(100_000))).toBe(413);
    await refused(await send("[".repeat(8_000) + "]".repeat(8_000)), 400, "INVALID_BODY");
    await refused(await send(`${'{"a":'.repeat(2_700)}1${"}".repeat(2_700)}`), 400, "INVALID_BODY");
    const ignored = await send(`{"skuId":"lr_sku_30d_1","deep":${"[".repeat(8_000)}${"]".repeat(8_000)}}`);
    expect(ignored.status).toBe(200);
  });

  test.each([
    ["text/plain"],
    ["application/x-www-form-urlencoded"],
    ["multipart/form-data; boundary=x"],
    ["application/jsonp"],
    ["text/json"],
    ["application/json, text/plain"],
    [""],
  ])("content type %j: 415", async (type) => {
    await refused(await send('{"skuId":"lr_sku_30d_1"}', { "content-type": type }), 415, "UNSUPPORTED_MEDIA_TYPE");
  });

  test.each([["application/json; charset=utf-8"], ["APPLICATION/JSON"]])("content type %j is JSON", async (type) => {
    expect((await send('{"skuId":"lr_sku_30d_1"}', { "content-type": type })).status).toBe(200);
  });

  test.each([["gzip"], ["br"], ["deflate"], ["identity, gzip"], ["GZIP"]])(
    "content encoding %s: 415",
    async (encoding) => {
      const body = new Uint8Array(gzipSync('{"skuId":"lr_sku_30d_1"}'));
      await refused(await send(body, { "content-encoding": encoding }), 415, "UNSUPPORTED_MEDIA_TYPE");
    },
  );

  test("16 KiB are read, one byte more is not", async () => {
    const fill = (size: number) => `{"skuId":"lr_sku_30d_1"}${" ".repeat(size - 24)}`;
    expect((await send(fill(16 * 1024))).status).toBe(200);
    await refused(await send(fill(16 * 1024 + 1)), 413, "BODY_TOO_LARGE");
    await refused(await send(fill(5 * 1024 * 1024)), 413, "BODY_TOO_LARGE");
  });

  test.each([17, 5 * 1024])("%d KiB without a declared length: 413", async (kib) => {
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < kib; i++) controller.enqueue(new Uint8Array(1024).fill(32));
        controller.close();
      },
    });
    await refused(await send(stream), 413, "BODY_TOO_LARGE");
  });

  test("two bytes in two halves of a character are one character", async () => {
    const bytes = Buffer.from('{"skuId":"lr_sku_30d_1","x":"ü"}');
    const cut = bytes.indexOf(0xbc);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(bytes.subarray(0, cut)));
        controller.enqueue(new Uint8Array(bytes.subarray(cut)));
        controller.close();
      },
    });
    expect((await send(stream)).status).toBe(200);
  });
});

describe("a connection after a body that nobody read", () => {
  // a reverse proxy sends requests of many people over few connections
  test.each([
    ["/api/admin/v1/billing/checkout", 413],
    ["/api/webhooks/stripe", 400],
    ["/api/nothing", 404],
    ["/forbidden", 403],
  ])("%s", async (path, status) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const large = " ".repeat(512 * 1024);
    const answers = [await exchange(path, large, agent), await exchange("/healthz", null, agent)];
    agent.destroy();
    expect(answers).toEqual([status, 200]);
  });
});
