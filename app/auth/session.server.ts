import { createHash, randomBytes } from "node:crypto";
import { createCookie } from "@remix-run/node";
import { database } from "~/db/client.server";
import { env } from "~/env.server";
import { DomainError } from "~/errors";
import { passwordFits } from "./password.server";

const SESSION_DAYS = 30;

/** Failures an account may have in 15 minutes, and an address in an hour, before the login answers RATE_LIMITED. */
const ACCOUNT_LIMIT = { failures: 10, seconds: 15 * 60 };
const ADDRESS_LIMIT = { failures: 100, seconds: 60 * 60 };

/** Who is signed in, and for which tenant. A pure operator has no tenant and no role. */
export interface SignedIn {
  userId: string;
  name: string;
  email: string;
  role: "OWNER" | "ADMIN" | "VIEWER" | null;
  operator: boolean;
  tenantId: string | null;
  tenantName: string | null;
  tenantSlug: string | null;
}

/**
 * Proves who someone is and opens a new session. The same answer, after the same time, for an unknown account, a
 * disabled one and a wrong password. Throws INVALID_CREDENTIALS or RATE_LIMITED.
 */
export function signIn(request: Request, input: { email: string; password: string }): Promise<{ cookie: string }> {
  const email = input.email.trim().toLowerCase();
  return inTurn(email, () => prove(request, email, input.password));
}

async function prove(request: Request, email: string, password: string): Promise<{ cookie: string }> {
  const sql = database();
  const address = request.headers.get("x-client-address") ?? "unknown";
  const attempt = await startAttempt(email, address);

  const [user] = await sql<{ id: string; passwordHash: string; disabledAt: Date | null }[]>`
    select u.id, u.password_hash, coalesce(u.disabled_at, case when not u.operator then t.disabled_at end) as disabled_at
    from app_user u left join tenant t on t.id = u.tenant_id
    where lower(u.email) = ${email}`;
  const fits = await passwordFits(user?.passwordHash ?? null, password);
  if (!user || !fits || user.disabledAt) throw new DomainError("INVALID_CREDENTIALS");

  const token = randomBytes(32).toString("base64url");
  await Promise.all([
    sql`
      insert into session (token_hash, user_id, expires_at)
      values (${sha256(token)}, ${user.id}, now() + make_interval(days => ${SESSION_DAYS}))`,
    sql`delete from login_failure where id = ${attempt} or email = ${email}`,
    sql`delete from session where expires_at < now()`,
  ]);
  return { cookie: await cookie().serialize(token) };
}

/** Ends the session of the request, if there is one; the cookie returned removes it from the browser. */
export async function signOut(request: Request): Promise<{ cookie: string }> {
  const token = await readToken(request);
  if (token) await database()`delete from session where token_hash = ${sha256(token)}`;
  return { cookie: await cookie().serialize("", { maxAge: 0 }) };
}

/** The person behind the session cookie; null without one, with an expired one, or when the user or its tenant is disabled. */
export async function findUser(request: Request): Promise<SignedIn | null> {
  const token = await readToken(request);
  if (!token) return null;
  const [user] = await database()<SignedIn[]>`
    select u.id as user_id, u.name, u.email, u.role, u.operator, u.tenant_id, t.name as tenant_name, t.slug as tenant_slug
    from session s
    join app_user u on u.id = s.user_id
    left join tenant t on t.id = u.tenant_id
    where s.token_hash = ${sha256(token)} and s.expires_at > now() and u.disabled_at is null
      and (t.disabled_at is null or u.operator)`;
  return user ?? null;
}

/** A path of our own to go to after the login; anything else, also `//host` and `/\host`, becomes "/". */
export function safeRedirect(target: string | null | undefined): string {
  const origin = env().APP_ORIGIN;
  if (!target?.startsWith("/") || !URL.canParse(target, origin)) return "/";
  const url = new URL(target, origin);
  // "/..//host" is ours until it is normalised, and then it begins with two slashes.
  const isOurs = url.origin === origin && !url.pathname.startsWith("//");
  return isOurs ? `${url.pathname}${url.search}${url.hash}` : "/";
}

/**
 * Counts the attempt as a failure before the password is looked at, so that parallel guesses cannot slip past the limit;
 * a success removes it again. Throws RATE_LIMITED, and then does not count.
 */
async function startAttempt(email: string, address: string): Promise<number> {
  const sql = database();
  const [attempt] = await sql<{ id: number }[]>`
    insert into login_failure (email, address) values (${email}, ${address}) returning id`;
  const id = attempt?.id ?? 0;
  const [limits] = await sql<{ accountWait: number | null; addressWait: number | null }[]>`
    select
      (select ceil(extract(epoch from failed_at + make_interval(secs => ${ACCOUNT_LIMIT.seconds}) - now()))::int
       from login_failure
       where email = ${email} and id <> ${id} and failed_at > now() - make_interval(secs => ${ACCOUNT_LIMIT.seconds})
       order by failed_at desc offset ${ACCOUNT_LIMIT.failures - 1} limit 1) as account_wait,
      (select ceil(extract(epoch from failed_at + make_interval(secs => ${ADDRESS_LIMIT.seconds}) - now()))::int
       from login_failure
       where address = ${address} and id <> ${id} and failed_at > now() - make_interval(secs => ${ADDRESS_LIMIT.seconds})
       order by failed_at desc offset ${ADDRESS_LIMIT.failures - 1} limit 1) as address_wait`;
  const wait = Math.max(limits?.accountWait ?? 0, limits?.addressWait ?? 0);
  if (wait === 0) return id;
  await sql`delete from login_failure where id = ${id} or failed_at < now() - interval '1 day'`;
  throw new DomainError("RATE_LIMITED", { retryAfterSeconds: wait });
}

const turns = new Map<string, Promise<unknown>>();

/** One attempt per account at a time in this process, so that attempts that are still running are not taken for failures. */
async function inTurn<T>(email: string, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(email) ?? Promise.resolve()).then(work, work);
  turns.set(email, mine);
  try {
    return await mine;
  } finally {
    if (turns.get(email) === mine) turns.delete(email);
  }
}

function cookie() {
  const secure = env().APP_ORIGIN.startsWith("https:");
  return createCookie(secure ? "__Host-lr_session" : "lr_session", {
    httpOnly: true,
    sameSite: "lax",
    path: "/",
    secure,
    maxAge: SESSION_DAYS * 24 * 60 * 60,
  });
}

async function readToken(request: Request): Promise<string | null> {
  const token: unknown = await cookie().parse(request.headers.get("cookie"));
  return typeof token === "string" && token !== "" ? token : null;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
