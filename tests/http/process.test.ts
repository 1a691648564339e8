import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database";
import { deliver, sessionEvent } from "../support/events";
import { envelope, visitor } from "../support/http";
import { freePort } from "../support/ports";
import { type AppServer, startAppServer, TEST_SECRET_KEY, TEST_WEBHOOK_SECRET } from "../support/server";

const START = ["node_modules/@remix-run/serve/dist/cli.js", "build/index.js"];
const LIMIT_MS = 10_000;

interface Run {
  code: number | null;
  output: string;
  ms: number;
}

/** Runs the server with exactly these variables until it ends; one that stays is killed after the limit, code null. */
async function run(env: Record<string, string | undefined>): Promise<Run> {
  const child: ChildProcess = spawn(process.execPath, START, {
    env: { PATH: process.env.PATH, NODE_ENV: "production", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
  const begun = performance.now();
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const [code] = await once(child, "exit");
  clearTimeout(timer);
  return { code: code as number | null, output, ms: performance.now() - begun };
}

async function complete(change: Record<string, string | undefined> = {}): Promise<Record<string, string | undefined>> {
  const port = await freePort();
  return {
    PORT: String(port),
    APP_ORIGIN: `http://localhost:${port}`,
    DATABASE_URL: "postgres://nobody@127.0.0.1:1/nothing",
    STRIPE_SECRET_KEY: TEST_SECRET_KEY,
    STRIPE_WEBHOOK_SECRET: TEST_WEBHOOK_SECRET,
    ...change,
  };
}

describe("the environment", () => {
  function refuses({ code, output }: Run, name: string) {
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringMatching(new RegExp(`^.*\\b${name}\\b.*$`, "m")),
    });
    expect(output).not.toMatch(/^\s+at /m);
  }

  test.each(["DATABASE_URL", "APP_ORIGIN", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"])(
    "without %s, or with an empty one, it does not start",
    async (name) => {
      const [missing, empty] = await Promise.all([
        run(await complete({ [name]: undefined })),
        run(await complete({ [name]: "" })),
      ]);
      refuses(missing, name);
      refuses(empty, name);
    },
  );

  test("all that is missing is named at once", async () => {
    const { code, output } = await run({});
    expect(code).toBe(1);
    for (const name of ["DATABASE_URL", "APP_ORIGIN", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"]) {
      expect(output).toContain(name);
    }
  });

  // every start of the server costs a second, so several faults share one
  const GARBLED: Record<string, string>[] = [
    {
      DATABASE_URL: "mysql://root@127.0.0.1/x",
      APP_ORIGIN: "billing.example.ch",
      STRIPE_SECRET_KEY: "pk_test_123",
      STRIPE_WEBHOOK_SECRET: "nonsense",
      STRIPE_API_BASE: "http://10.0.0.1:12111",
      PORT: "nonsense",
      DATABASE_POOL_MAX: "0",
    },
    {
      DATABASE_URL: "nonsense",
      APP_ORIGIN: "https://billing.example.ch/path",
      STRIPE_SECRET_KEY: "nonsense",
      STRIPE_WEBHOOK_SECRET: "whsec_a,,whsec_b",
      STRIPE_API_BASE: "https://api.stripe.com",
      PORT: "0",
      DATABASE_POOL_MAX: "many",
    },
    {
      DATABASE_URL: "postgres://",
      APP_ORIGIN: "ftp://billing.example.ch",
      STRIPE_SECRET_KEY: "sk_test_with space",
      STRIPE_WEBHOOK_SECRET: "whsec_a, nonsense",
      STRIPE_API_BASE: "http://127.0.0.1.evil.example",
      PORT: "70000",
      DATABASE_POOL_MAX: "-5",
    },
    {
      APP_ORIGIN: "https://user:pw@billing.example.ch",
      STRIPE_API_BASE: "http://127.0.0.1@evil.example",
      PORT: "-1",
      DATABASE_POOL_MAX: "1.5",
    },
    { APP_ORIGIN: "null", STRIPE_API_BASE: "nonsense" },
    { STRIPE_WEBHOOK_SECRET: "," },
    { DATABASE_URL: "postgres://u@host:notaport/db" },
    { LOG_LEVEL: "loud" },
    { HOST: "256.1.1.1" },
  ];

  test.each(GARBLED)("malformed: $DATABASE_URL $APP_ORIGIN $PORT $LOG_LEVEL $HOST and the rest", async (change) => {
    const result = await run(await complete(change));
    for (const name of Object.keys(change)) refuses(result, name);
  });

  test.each(["sk_live_abc", "rk_live_abc"])("a live key (%s) and another Stripe are refused together", async (key) => {
    const refused = await run(await complete({ STRIPE_SECRET_KEY: key, STRIPE_API_BASE: "http://127.0.0.1:12111" }));
    refuses(refused, "STRIPE_API_BASE");
    expect(refused.output).not.toContain(key);
  });

  test("a refused value that may be a secret is not printed", async () => {
    const secrets = {
      STRIPE_SECRET_KEY: "pk_geheim1",
      STRIPE_WEBHOOK_SECRET: "geheim2",
      DATABASE_URL: "x://u:geheim3@h",
    };
    expect((await run(await complete(secrets))).output).not.toMatch(/geheim/);
  });
});

test("a port in use: a line that says so, code 1, no stack", async () => {
  const taken: Server = createServer();
  taken.listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  const port = address && typeof address === "object" ? address.port : 0;
  const { code, output } = await run(await complete({ PORT: String(port) }));
  taken.close();
  expect(code).toBe(1);
  expect(output).toMatch(new RegExp(`^.*${port}.*$`, "m"));
  expect(output).not.toMatch(/^\s+at |EADDRINUSE: address/m);
});

describe("with a database", () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createTestDatabase();
  });
  afterAll(() => db?.drop());

  /** Stops it and says how; one that stays is killed after the limit. */
  async function stopped(app: AppServer, signal: NodeJS.Signals = "SIGTERM"): Promise<number | string | null> {
    const timer = setTimeout(() => app.process.kill("SIGKILL"), LIMIT_MS);
    const exit = once(app.process, "exit");
    app.process.kill(signal);
    const [code, by] = await exit;
    clearTimeout(timer);
    return code ?? by;
  }

  async function talk(app: AppServer, text: string, awaitAnswer: boolean): Promise<Socket> {
    const socket = connect(app.port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    if (text) socket.write(text);
    if (awaitAnswer) await once(socket, "data");
    return socket;
  }

  const GET = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n";
  const HALF =
    "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nemail=";

  test.each<[string, NodeJS.Signals, string, boolean]>([
    ["nothing open", "SIGTERM", "", false],
    ["nothing open, Ctrl-C", "SIGINT", "", false],
    ["an idle keep-alive connection", "SIGTERM", GET, true],
    ["half a head", "SIGTERM", "GET /healthz HT", false],
    ["half a body", "SIGTERM", HALF, false],
  ])("%s: %s ends it with code 0 within 10 s", async (_name, signal, text, awaitAnswer) => {
    const app = await startAppServer({ databaseUrl: db.url });
    // makes the pool open connections
    await visitor(app.origin).get("/readyz");
    const socket = await talk(app, text, awaitAnswer);
    expect(await stopped(app, signal)).toBe(0);
    socket.destroy();
  });

  test("what runs when it is told to stop is still answered", async () => {
    const app = await startAppServer({ databaseUrl: db.url });
    const answers = Array.from({ length: 10 }, () =>
      visitor(app.origin).post("/login", { email: "nobody@alpen.example", password: "wrong" }),
    );
    await Promise.race(answers);
    const end = stopped(app);
    const statuses = (await Promise.allSettled(answers)).map((it) =>
      it.status === "fulfilled" ? it.value.status : "cut off",
    );
    expect(statuses).not.toContain("cut off");
    expect(await end).toBe(0);
  });

  test("a database without the schema: alive, not ready", async () => {
    const name = `empty_${crypto.randomUUID().slice(0, 8)}`;
    await db.owner`create database ${db.owner(name)}`;
    const app = await startAppServer({ databaseUrl: db.url.replace(/\/[^/]+$/, `/${name}`) });
    expect((await visitor(app.origin).get("/healthz")).status).toBe(200);
    expect((await visitor(app.origin).get("/readyz")).status).toBe(503);
    await app.stop();
    await db.owner`drop database ${db.owner(name)} with (force)`;
  });

  test("an older schema: not ready", async () => {
    const own = await createTestDatabase(1);
    await own.owner`delete from schema_migration where name = (select max(name) from schema_migration)`;
    const app = await startAppServer({ databaseUrl: own.url });
    expect((await visitor(app.origin).get("/readyz")).status).toBe(503);
    await app.stop();
    await own.drop();
  });
});

describe.each(["refuses", "accepts and says nothing"])("a database that %s", (kind) => {
  let app: AppServer;
  let silent: Server | undefined;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    let port = await freePort();
    if (kind !== "refuses") {
      silent = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => {});
      });
      silent.listen(0, "127.0.0.1");
      await once(silent, "listening");
      const address = silent.address();
      port = address && typeof address === "object" ? address.port : port;
    }
    app = await startAppServer({ databaseUrl: `postgres://postgres@127.0.0.1:${port}/gone` });
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    silent?.close();
    await app?.stop("SIGKILL");
  });

  test("alive, not ready", async () => {
    const anonymous = visitor(app.origin);
    const [alive, ready] = await Promise.all([anonymous.get("/healthz"), anonymous.get("/readyz")]);
    expect([alive.status, ready.status]).toEqual([200, 503]);
  });

  test("the webhook, the API, the login and the pages: 503 with Retry-After, no internal text", async () => {
    const cookie = `lr_session=${encodeURIComponent(Buffer.from('"some-token-that-may-be-one"').toString("base64"))}`;
    const event = sessionEvent(
      { id: "o", tenantId: "t", skuId: "s", currency: "CHF", amountCents: 1, sessionId: "cs_x" },
      "completed",
    );
    const someone = visitor(app.origin, cookie);
    const [webhook, api, login, page] = await Promise.all([
      deliver(app.origin, event),
      someone.get("/api/admin/v1/billing/overview"),
      visitor(app.origin).post("/login", { email: "owner@alpen.example", password: "x" }),
      someone.get("/admin/billing"),
    ]);
    expect([webhook, api, login, page].map((it) => it.status)).toEqual([503, 503, 503, 503]);
    for (const answer of [webhook, api]) {
      expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(await envelope(answer)).toMatchObject({ error: { code: "TEMPORARILY_UNAVAILABLE" } });
    }
    for (const answer of [login, page]) {
      expect(await answer.text()).not.toMatch(/ECONNREFUSED|CONNECT_TIMEOUT|node_modules|127\.0\.0\.1:\d+\/gone/);
    }
  });

  test("pages say when to come back", async () => {
    const login = await visitor(app.origin).post("/login", { email: "owner@alpen.example", password: "x" });
    expect(login.headers.get("retry-after")).toMatch(/^\d+$/);
  });
});
