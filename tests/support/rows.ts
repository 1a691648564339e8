import type { Stack } from "./stack";

/** How many sessions or orders there are. */
export async function count(stack: Stack, table: "session" | "billing_order"): Promise<number> {
  const [row] = await stack.db.owner<{ n: number }[]>`select count(*)::int as n from ${stack.db.owner(table)}`;
  return row?.n ?? -1;
}
