import { randomUUID } from "node:crypto";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deliver, sessionEvent } from "../support/events";
import { signedIn, type Visitor } from "../support/http";
import { insertOrder } from "../support/orders";
import { filesBelow, parse } from "../support/source";
import { type Stack, startStack } from "../support/stack";

/** Every form of the operator's room, as "file intent", read from the routes: a new one is here at once. */
const INTENTS = filesBelow("app/routes", /^operator.*\.tsx?$/).flatMap((file) =>
  intentsOf(file).map((intent) => `${file.replace("app/routes/operator.", "").replace(/\.tsx?$/, "")} ${intent}`),
);

/** The names of the handlers that a route gives to `operatorAction`. */
function intentsOf(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isCallExpression(node) && node.expression.getText() === "operatorAction") {
      const [, handlers] = node.arguments;
      if (!handlers || !ts.isObjectLiteralExpression(handlers))
        throw new Error(`${file}: the intents are not written out`);
      for (const it of handlers.properties) {
        if (!it.name) throw new Error(`${file}: the intents are not written out`);
        found.push(it.name.getText().replaceAll('"', ""));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

let stack: Stack;
let operator: Visitor;
beforeAll(async () => {
  stack = await startStack();
  operator = await signedIn(stack.origin, "operator@leadradar.example");
});
afterAll(() => stack?.stop());

type Post = { path: string; form: Record<string, string> };
const sql = () => stack.db.owner;
const nonce = () => randomUUID();

async function tenant(): Promise<{ tenantId: string; userId: string }> {
  const key = randomUUID();
  const [tenantId, userId] = [`t_${key}`, `u_${key}`];
  await sql()`insert into tenant (id, slug, name) values (${tenantId}, ${key}, 'Prüf AG')`;
  await sql()`insert into app_user (id, tenant_id, email, role) values (${userId}, ${tenantId}, ${`${key}@x.example`}, 'OWNER')`;
  return { tenantId, userId };
}

async function paidOrder(): Promise<string> {
  const { tenantId } = await tenant();
  const [order] = await sql()<{ id: string }[]>`
    select id from billing_order where tenant_id = ${(await buy(tenantId)).tenantId}`;
  return order?.id ?? "";
}

/** Bought by the local Stripe's own payment, so that it can be paid back. */
async function buy(tenantId: string): Promise<{ tenantId: string }> {
  const user = `buyer_${randomUUID()}`;
  await sql()`
    insert into app_user (id, tenant_id, email, role, password_hash)
    select ${user}, ${tenantId}, ${`${user}@x.example`}, 'OWNER', password_hash from app_user where id = 'lr_user_owner_alpen'`;
  const visitor = await signedIn(stack.origin, `${user}@x.example`);
  const answer = await visitor.json("/api/admin/v1/billing/checkout", { skuId: "lr_sku_30d_10" });
  const { data } = (await answer.json()) as { data: { checkoutUrl: string } };
  await stack.stripe.control.pay(new URL(data.checkoutUrl).pathname.split("/").at(-1) ?? "");
  await stack.stripe.control.idle();
  return { tenantId };
}

const skuFields = (name: string) => ({
  name,
  preis: "price_lr_30d_1",
  license30d: "1",
  license365d: "0",
  slots: "0",
  tage: "365",
  aktiv: "1",
  nonce: nonce(),
});
const couponFields = () => ({ license30d: "1", tage: "365", hoechstens: "1", anzahl: "1", nonce: nonce() });
const adjustFields = (menge: string) => ({
  typ: "LICENSE_30D",
  menge,
  bis: "31.12.2031",
  grund: "Kulanz nach Ausfall",
  nonce: nonce(),
});
const ofTenant = async (form: Record<string, string> | ((userId: string) => Record<string, string>)): Promise<Post> => {
  const { tenantId, userId } = await tenant();
  return { path: `/operator/tenants/${tenantId}`, form: typeof form === "function" ? form(userId) : form };
};
const openAdjustment = async (): Promise<Post> => {
  const { tenantId } = await tenant();
  const [row] = await sql()<{ id: string }[]>`
    insert into adjustment (tenant_id, type, delta, expires_at, reason, requested_by, request_key)
    values (${tenantId}, 'LICENSE_30D', 20, now() + interval '9 days', 'Kulanz', 'lr_user_kontrolle', ${nonce()}) returning id`;
  return { path: `/operator/tenants/${tenantId}`, form: { adjustmentId: row?.id ?? "", grund: "Zu viel" } };
};
const sku = (id: string, form: Record<string, string> = {}): Post => ({ path: `/operator/skus/${id}`, form });
const retired = async () => {
  await sql()`update billing_sku set active = false where id = 'lr_sku_slot_1'`;
  return sku("lr_sku_slot_1");
};
const version = async (id: string) => {
  const [row] = await sql()<{ at: Date }[]>`select updated_at as at from billing_sku where id = ${id}`;
  return String(row?.at.getTime());
};
const coupon = async (active: boolean): Promise<Post> => {
  const [row] = await sql()<{ id: string }[]>`
    insert into promo_code (code, active, grant_license_30d) values (${randomUUID().toUpperCase()}, ${active}, 1) returning id`;
  return { path: `/operator/coupons/${row?.id}`, form: {} };
};
const event = async (): Promise<Post> => {
  const order = await insertOrder(sql());
  const { id } = await deliverNew(order);
  return { path: `/operator/events/${id}`, form: {} };
};
async function deliverNew(order: Awaited<ReturnType<typeof insertOrder>>): Promise<{ id: string }> {
  const it = sessionEvent(order, "completed");
  await deliver(stack.origin, it);
  return it;
}
const user = (intentForm: Record<string, string> = {}) => ofTenant((userId) => ({ userId, ...intentForm }));
const disabledUser = async () => {
  const { tenantId, userId } = await tenant();
  await sql()`update app_user set disabled_at = now() where id = ${userId}`;
  return { path: `/operator/tenants/${tenantId}`, form: { userId } };
};
const secondOwner = async () => {
  const post = await user({});
  const id = post.path.split("/").at(-1) ?? "";
  await sql()`insert into app_user (tenant_id, email, role) values (${id}, ${`${nonce()}@x.example`}, 'OWNER')`;
  return post;
};

/** For each form what it takes to change something. */
const POSTS: Record<string, () => Post | Promise<Post>> = {
  "skus.new create": () => ({ path: "/operator/skus/new", form: skuFields("Neu") }),
  "skus.$skuId save": async () =>
    sku("lr_sku_30d_1", { ...skuFields("Anders"), version: await version("lr_sku_30d_1") }),
  "skus.$skuId retire": () => sku("lr_sku_30d_3"),
  "skus.$skuId release": retired,
  "skus.$skuId compare": () => sku("lr_sku_30d_5"),
  "skus._index up": () => ({ path: "/operator/skus?index", form: { skuId: "lr_sku_30d_10" } }),
  "skus._index down": () => ({ path: "/operator/skus?index", form: { skuId: "lr_sku_365d_1" } }),
  "coupons.new create": () => ({ path: "/operator/coupons/new", form: couponFields() }),
  "coupons.$couponId disable": () => coupon(true),
  "coupons.$couponId enable": () => coupon(false),
  "orders.$orderId refund": async () => ({
    path: `/operator/orders/${await paidOrder()}`,
    form: { betrag: "29.00", grund: "Kulanz", nonce: nonce() },
  }),
  "orders.$orderId resend": async () => {
    const orderId = await paidOrder();
    const [row] = await sql()<{ id: string }[]>`
      insert into refund_request (order_id, tenant_id, amount_cents, reason, requested_by, request_key)
      select id, tenant_id, 2900, 'Kulanz', 'lr_user_operator', ${nonce()} from billing_order where id = ${orderId} returning id`;
    return { path: `/operator/orders/${orderId}`, form: { refund: row?.id ?? "" } };
  },
  "orders.$orderId resolve": async () => {
    const order = await insertOrder(sql());
    await sql()`update billing_order set review_reason = 'SHORTFALL: 1' where id = ${order.id}`;
    return { path: `/operator/orders/${order.id}`, form: { grund: "Besprochen" } };
  },
  "tenants.new create": () => ({
    path: "/operator/tenants/new",
    form: { name: "Neu AG", country: "CH", person: "Nora", email: `${nonce()}@x.example`, nonce: nonce() },
  }),
  "tenants.$tenantId save": () => ofTenant({ name: "Anders AG", country: "LI" }),
  "tenants.$tenantId disable": () => ofTenant({ grund: "Zahlt nicht" }),
  "tenants.$tenantId enable": async () => {
    const post = await ofTenant({ grund: "Zahlt wieder" });
    await sql()`update tenant set disabled_at = now() where id = ${post.path.split("/").at(-1) ?? ""}`;
    return post;
  },
  "tenants.$tenantId user-add": () => ofTenant({ person: "Nora", email: `${nonce()}@x.example`, role: "VIEWER" }),
  "tenants.$tenantId user-role": async () => {
    const post = await secondOwner();
    return { ...post, form: { ...post.form, role: "VIEWER" } };
  },
  "tenants.$tenantId user-disable": secondOwner,
  "tenants.$tenantId user-enable": disabledUser,
  "tenants.$tenantId password-link": () => user(),
  "tenants.$tenantId adjust": () => ofTenant(adjustFields("3")),
  "tenants.$tenantId approve": openAdjustment,
  "tenants.$tenantId reject": openAdjustment,
  "events.$eventId replay": event,
  "events._index replay-all": async () => {
    await event();
    await idle();
    return { path: "/operator/events?index", form: {} };
  },
  "reconciliation reconcile": () => ({ path: "/operator/reconciliation", form: {} }),
  "reconciliation verify": () => ({ path: "/operator/reconciliation", form: {} }),
};

/** Until no task runs, since one of a kind runs at a time. */
async function idle(): Promise<void> {
  for (;;) {
    const [row] = await sql()<{ n: number }[]>`
      select count(*)::int as n from task, pg_sleep(0.05) where finished_at is null`;
    if (row?.n === 0) return;
  }
}

/** Forms that only say what another one would do. */
const CHANGE_NOTHING: Record<string, () => Post | Promise<Post>> = {
  "skus.new preview": () => ({ path: "/operator/skus/new", form: skuFields("Neu") }),
  "skus.$skuId preview": async () =>
    sku("lr_sku_30d_1", { ...skuFields("Vorschau"), version: await version("lr_sku_30d_1") }),
  "skus.new edit": () => ({ path: "/operator/skus/new", form: skuFields("Neu") }),
  "skus.$skuId edit": () => sku("lr_sku_30d_1", skuFields("Neu")),
  "coupons.new edit": () => ({ path: "/operator/coupons/new", form: couponFields() }),
  "coupons.new preview": () => ({ path: "/operator/coupons/new", form: couponFields() }),
  "tenants.$tenantId adjust-preview": () => ofTenant(adjustFields("3")),
};

test("every form of the room stands in one of the two lists", () => {
  expect([...INTENTS].sort()).toEqual([...Object.keys(POSTS), ...Object.keys(CHANGE_NOTHING)].sort());
});

const entries = async (traceId: string | null) =>
  sql()<{ action: string; actor: string; at: Date }[]>`
    select action, actor_user_id as actor, occurred_at as at from audit_entry where trace_id = ${traceId ?? ""}`;

describe("every action of staff leaves its entry", () => {
  test.each(Object.keys(POSTS))("%s", async (name) => {
    const { path, form } = (await POSTS[name]?.()) ?? { path: "", form: {} };
    const answer = await operator.post(path, { intent: name.split(" ")[1] ?? "", ...form });
    expect([200, 303]).toContain(answer.status);
    const found = await entries(answer.headers.get("x-trace-id"));
    expect(found.length).toBeGreaterThan(0);
    expect(new Set(found.map((it) => it.actor))).toEqual(new Set(["lr_user_operator"]));
    await idle();
  });
});

describe("a form that only tells writes nothing", () => {
  test.each(Object.keys(CHANGE_NOTHING))("%s", async (name) => {
    const { path, form } = (await CHANGE_NOTHING[name]?.()) ?? { path: "", form: {} };
    const answer = await operator.post(path, { intent: name.split(" ")[1] ?? "", ...form });
    expect(answer.status).toBe(200);
    expect(await entries(answer.headers.get("x-trace-id"))).toEqual([]);
  });
});

test("an unknown form is refused, and changes nothing", async () => {
  const answer = await operator.post("/operator/skus/new", { intent: "toString" });
  expect(answer.status).toBe(400);
});
