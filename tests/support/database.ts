import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { inject } from "vitest";
import { connect } from "~/db/client.server";
import type { Sql } from "~/db/transaction.server";
import { TEMPLATE } from "./global-setup";

export interface TestDatabase {
  url: string;
  /** The owner: may do everything, for setting up and for looking. */
  owner: postgres.Sql;
  /** The role that the server works as. */
  app: Sql;
  drop(): Promise<void>;
}

/** A fresh database, migrated and seeded, for one test file. */
export async function createTestDatabase(poolMax = 10): Promise<TestDatabase> {
  const base = inject("postgresUrl");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await withAdmin(base, (admin) => admin`create database ${admin(name)} template ${admin(TEMPLATE)}`);
  const url = base.replace(/\/postgres$/, `/${name}`);
  const owner = postgres(url, { max: 4, onnotice: () => {} });
  const app = connect(url, poolMax);
  return {
    url,
    owner,
    app,
    async drop() {
      await Promise.all([owner.end({ timeout: 5 }), app.end({ timeout: 5 })]);
      await withAdmin(base, (admin) => admin`drop database if exists ${admin(name)} with (force)`);
    },
  };
}

async function withAdmin(url: string, work: (admin: postgres.Sql) => Promise<unknown>): Promise<void> {
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  try {
    // Two copies of one template at once collide; the lock makes them wait for each other.
    await admin`select pg_advisory_lock(727002)`;
    await work(admin);
  } finally {
    await admin.end({ timeout: 5 });
  }
}
