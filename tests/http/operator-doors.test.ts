import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signedIn, type Visitor, visitor } from "../support/http";
import { filesBelow } from "../support/source";
import { type Stack, startStack } from "../support/stack";

/** Every file of the operator's room, as the router knows it: the id of the route and an address that leads there. */
const ROUTES = filesBelow("app/routes", /^operator.*\.tsx?$/).map((file) => {
  const id = file.replace(/^app\//, "").replace(/\.tsx?$/, "");
  const path = id
    .replace(/^routes\//, "")
    .split(/\.(?![^[]*\])/)
    .filter((part) => !part.startsWith("_"))
    .map((part) => (part.startsWith("$") ? "lr_sku_30d_1" : part.replace(/_$/, "")).replaceAll(/[[\]]/g, ""))
    .join("/");
  return { id, path: `/${path}` };
});

/** A request in each form in which Remix lets one in. */
const FORMS: Array<[name: string, address: (route: { id: string; path: string }) => string]> = [
  ["the document", ({ path }) => path],
  ["its data", ({ path }) => `${path}.data`],
  ["the data of one route", ({ id, path }) => `${path}.data?_routes=${encodeURIComponent(id)}`],
  ["the data of the layout", ({ path }) => `${path}.data?_routes=routes%2Foperator`],
  ["one route in the old way", ({ id, path }) => `${path}?_data=${encodeURIComponent(id)}`],
  ["one route in the old way, written otherwise", ({ id, path }) => `${path}?%5Fdata=${encodeURIComponent(id)}`],
  ["routes without .data", ({ id, path }) => `${path}?_routes=${encodeURIComponent(id)}`],
  ["the index", ({ path }) => `${path}?index`],
  ["a slash at the end", ({ path }) => `${path}/`],
];

/** What must never reach somebody else: names of the room's pages and of other tenants. */
const SECRETS = /Jura Events|Alle Bestellungen|Paketkatalog|Gutscheincodes|Stripe-Preis|lr_user_operator|owner@jura/;

let stack: Stack;
let visitors: Record<"owner" | "viewer" | "operator" | "nobody", Visitor>;
beforeAll(async () => {
  stack = await startStack();
  const [owner, viewer, operator] = await Promise.all(
    ["owner@alpen.example", "viewer@alpen.example", "operator@leadradar.example"].map((it) =>
      signedIn(stack.origin, it),
    ),
  );
  if (!owner || !viewer || !operator) throw new Error("Nobody is signed in.");
  visitors = { owner, viewer, operator, nobody: visitor(stack.origin) };
});
afterAll(() => stack?.stop());

test("the room has all its pages", () => {
  const paths = ROUTES.map(({ path }) => path);
  for (const page of ["reconciliation", "events", "orders", "skus", "coupons", "tenants", "audit", "health"]) {
    expect(paths).toContain(`/operator/${page}`);
  }
});

describe.each(["owner", "viewer"] as const)("for the %s of a tenant there is no such room", (who) => {
  test.each(FORMS)("%s", async (_form, address) => {
    for (const route of [...ROUTES, { id: "routes/operator.nowhere", path: "/operator/nowhere" }]) {
      const answer = await visitors[who].get(address(route));
      expect(answer.status, address(route)).toBe(404);
      expect(await answer.text(), address(route)).not.toMatch(SECRETS);
    }
  });

  test.each(FORMS)("%s, posted", async (_form, address) => {
    for (const route of ROUTES) {
      const answer = await visitors[who].post(address(route), { intent: "retire", nonce: "nonce-nonce" });
      // A route without an action answers 405 to whoever asks; it says nothing about what is there.
      expect([404, 405], address(route)).toContain(answer.status);
      expect(await answer.text(), address(route)).not.toMatch(SECRETS);
    }
  });
});

test("who is not signed in is led to the login, and learns nothing", async () => {
  for (const [, address] of FORMS) {
    for (const route of ROUTES) {
      const answer = await visitors.nobody.get(address(route));
      expect([202, 302], address(route)).toContain(answer.status);
      const body = await answer.text();
      expect(`${answer.headers.get("location")} ${body}`, address(route)).toContain("/login?redirectTo=");
      expect(body).not.toMatch(SECRETS);
    }
  }
});

test("the operator finds every page", async () => {
  for (const { path } of ROUTES.filter((route) => !/\$|csv/.test(route.id))) {
    const answer = await visitors.operator.get(path);
    expect([200, 302], path).toContain(answer.status);
    await answer.arrayBuffer();
  }
});
