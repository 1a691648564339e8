import { database } from "~/db/client.server";
import { readSchemaState } from "~/db/schema.server";

/** Ready: the database answers and has the schema that this version was built for. Public; says no more than that. */
export const loader = async () => {
  const state = await readSchemaState(database()).catch(() => "database away" as const);
  const status = state === "fits" ? 200 : 503;
  return Response.json({ ok: status === 200, database: state }, { status, headers: { "cache-control": "no-store" } });
};
