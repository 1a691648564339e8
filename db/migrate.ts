import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import postgres from "postgres";
import { Umzug } from "umzug";

const FOLDER = path.join(path.dirname(fileURLToPath(import.meta.url)), "migrations");
/** Any number that nobody else locks; one for every start of every version. */
const LOCK = 727_001;

/**
 * Brings the database to the newest schema: plain SQL files in the order of their names, each in one transaction,
 * remembered with a checksum. Two runs at once are safe: the second waits and applies nothing. Throws when an applied
 * file was edited, or when the database knows a file that this code lacks.
 * @returns the names of the files it applied
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  // One connection: the session's lock and the work must share it.
  const sql = postgres(databaseUrl, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: "leadradar-migrate" },
  });
  try {
    await sql`select pg_advisory_lock(${LOCK})`;
    await sql`
      create table if not exists schema_migration (
        name text primary key, checksum text not null, applied_at timestamptz not null default now())`;
    const umzug = new Umzug({
      context: { sql },
      logger: undefined,
      migrations: {
        glob: ["*.sql", { cwd: FOLDER }],
        resolve: ({ name, path: file }) => ({ name, up: () => apply(sql, name, String(file)) }),
      },
      storage: {
        executed: async () =>
          (await sql<{ name: string }[]>`select name from schema_migration order by name`).map((row) => row.name),
        logMigration: async () => {},
        unlogMigration: async () => {
          throw new Error("Migrations only go forward.");
        },
      },
    });
    await checkApplied(sql);
    return (await umzug.up()).map((migration) => migration.name);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function apply(sql: postgres.Sql, name: string, file: string): Promise<void> {
  const text = await readFile(file, "utf8");
  await sql.begin(async (tx) => {
    await tx.unsafe(text).simple();
    await tx`insert into schema_migration (name, checksum) values (${name}, ${checksum(text)})`;
  });
}

async function checkApplied(sql: postgres.Sql): Promise<void> {
  for (const row of await sql<
    { name: string; checksum: string }[]
  >`select name, checksum from schema_migration order by name`) {
    const text = await readFile(path.join(FOLDER, row.name), "utf8").catch(() => null);
    if (text === null) throw new Error(`The database has migration ${row.name}, which this version does not know.`);
    if (checksum(text) !== row.checksum) throw new Error(`Migration ${row.name} was edited after it had been applied.`);
  }
}

/** Line ends do not count, so that a checkout on Windows has the same sums. */
function checksum(text: string): string {
  return createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const url = process.env.DATABASE_URL;
  if (!url) {
    console.error("DATABASE_URL is missing.");
    process.exit(1);
  }
  const applied = await migrate(url).catch((error: Error) => {
    console.error(error.message);
    process.exit(1);
  });
  console.log(applied.length > 0 ? `Applied ${applied.join(", ")}.` : "The schema is up to date.");
}
