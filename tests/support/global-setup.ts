import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { migrate } from "../../db/migrate";
import { seed } from "../../db/seed";
import { type LocalPostgres, startPostgres } from "../sandbox/postgres";
import { freePort } from "./ports";

declare module "vitest" {
  interface ProvidedContext {
    /** Superuser URL of the server's database `postgres`. */
    postgresUrl: string;
  }
}

/** The name of the migrated and seeded database that every test file copies. */
export const TEMPLATE = "billing_template";

/** One PostgreSQL and one build for the whole run; both gone or reusable afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!process.env.REUSE_BUILD) build();
  const dataDir = mkdtempSync(path.join(os.tmpdir(), "leadradar-test-"));
  // as root, the database runs as somebody else, who must get in
  chmodSync(dataDir, 0o755);
  const pg: LocalPostgres = await startPostgres({
    dataDir: path.join(dataDir, "postgres"),
    port: await freePort(),
    // The tests kill processes, never the machine: what the kernel holds is safe enough, and faster.
    settings: { max_connections: "400", fsync: "off", shared_buffers: "256MB" },
  });
  await pg.createDatabase(TEMPLATE);
  await migrate(pg.url(TEMPLATE));
  await seed(pg.url(TEMPLATE));
  project.provide("postgresUrl", pg.url("postgres"));
  return async () => {
    await pg.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}

/** `REUSE_BUILD=1` skips it, for working on tests alone. */
function build(): void {
  execFileSync(process.execPath, ["node_modules/@remix-run/dev/dist/cli.js", "build"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, NODE_ENV: "production" },
  });
}
