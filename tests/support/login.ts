import type { IncomingHttpHeaders } from "node:http";
import { OVERVIEW_API } from "./api";
import type { Visitor } from "./http";
import { type Answer, raw } from "./raw";
import type { Stack } from "./stack";

/** The seeded owners of the two tenants. */
export const OWNER = "owner@alpen.example";
export const JURA = "owner@jura.example";

/** The header of a body that a browser's form sends. */
export const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** One try at the login, by default with a wrong password. */
export function guess(
  stack: Stack,
  email: string,
  options: { password?: string; from?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return raw(stack, {
    method: "POST",
    path: "/login",
    headers: { ...FORM, origin: stack.origin, ...options.headers },
    body: new URLSearchParams({ email, password: options.password ?? "wrong", redirectTo: "" }).toString(),
    from: options.from,
  });
}

/** Whether a try at the login was let in. */
export const isWelcome = (answer: { status: number }) => answer.status === 302 || answer.status === 303;

/** The cookie that an answer sets, with its attributes. */
export function setCookie(headers: IncomingHttpHeaders): string {
  return headers["set-cookie"]?.[0] ?? "";
}

/** How the API receives a visitor: 200 with a session, 401 without. */
export const apiStatus = async (who: Visitor) => (await who.get(OVERVIEW_API)).status;
