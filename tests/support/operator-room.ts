import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { newCustomer } from "../browser/steps";
import { signedIn, type Visitor } from "./http";
import { type Stack, startStack } from "./stack";

/** Where staff keep tenants. */
export const TENANTS_PAGE = "/operator/tenants";

/** The product for one test file, with both seeded operators signed in. */
export function operatorRoom() {
  const room = {} as { stack: Stack; olivia: Visitor; konrad: Visitor };
  beforeAll(async () => {
    room.stack = await startStack({ env: { LOG_LEVEL: "trace" } });
    room.olivia = await signedIn(room.stack.origin, "operator@leadradar.example");
    room.konrad = await signedIn(room.stack.origin, "kontrolle@leadradar.example");
  });
  afterAll(() => room.stack?.stop());

  /** A tenant with an owner who can sign in, and the forms of its page. */
  async function tenant() {
    const { owner } = room.stack.db;
    const { tenantId, email } = await newCustomer(owner);
    const [user] = await owner<{ id: string }[]>`select id from app_user where email = ${email}`;
    const path = `${TENANTS_PAGE}/${tenantId}`;
    const post = (intent: string, form: Record<string, string> = {}, who = room.olivia) =>
      who.post(path, { intent, ...form });
    return { tenantId, email, userId: user?.id ?? "", path, post };
  }

  /** What is left in each of a tenant's lots. */
  async function lots(tenantId: string): Promise<number[]> {
    const rows = await room.stack.db.owner<{ n: number }[]>`
      select quantity as n from tenant_credit_balance where tenant_id = ${tenantId}`;
    return rows.map(({ n }) => n);
  }
  return { room, tenant, lots };
}

/** The form of a correction, complete but for its intent. */
export function correction(menge: string, change: Record<string, string> = {}): Record<string, string> {
  const fields = { typ: "LICENSE_30D", menge, bis: "31.12.2031", grund: "Kulanz nach Ausfall", nonce: randomUUID() };
  return { ...fields, ...change };
}
