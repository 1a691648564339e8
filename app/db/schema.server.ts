import type { Db } from "./transaction.server";

/** The newest migration this version was written for. A test compares it with the folder. */
export const NEWEST_MIGRATION = "0006_operators.sql";

/** Whether the database has the schema of this version. Throws when it cannot be asked. */
export async function readSchemaState(db: Db): Promise<"fits" | "schema differs"> {
  const [row] = await db<{ name: string }[]>`select max(name) as name from schema_migration`;
  return row?.name === NEWEST_MIGRATION ? "fits" : "schema differs";
}
