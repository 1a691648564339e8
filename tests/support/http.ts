import { DEMO_PASSWORD } from "../../db/seed";

/** A browser without JavaScript, as a test sees it: keeps its cookie and follows nothing. */
export interface Visitor {
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
  json(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  cookie: string;
}

/** A visitor of a running server; sends the Origin that a browser would. */
export function visitor(origin: string, cookie = ""): Visitor {
  const base = { origin, ...(cookie ? { cookie } : {}) };
  const ask = (path: string, init: RequestInit) => fetch(`${origin}${path}`, { redirect: "manual", ...init });
  return {
    cookie,
    get: (path, headers = {}) => ask(path, { headers: { ...base, ...headers } }),
    post: (path, form, headers = {}) =>
      ask(path, {
        method: "POST",
        headers: { ...base, "content-type": "application/x-www-form-urlencoded", ...headers },
        body: new URLSearchParams(form).toString(),
      }),
    json: (path, body, headers = {}) =>
      ask(path, {
        method: "POST",
        headers: { ...base, "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
  };
}

/** Signs a seeded user in and returns the visitor with its cookie. */
export async function signedIn(origin: string, email: string): Promise<Visitor> {
  const answer = await visitor(origin).post("/login", { email, password: DEMO_PASSWORD });
  const cookie = answer.headers.get("set-cookie")?.split(";")[0];
  if (answer.status !== 303 && answer.status !== 302) throw new Error(`login answered ${answer.status}`);
  if (!cookie) throw new Error("login set no cookie");
  return visitor(origin, cookie);
}

export interface Envelope {
  ok: boolean;
  data?: Record<string, unknown>;
  error?: { code: string; message: string; details?: unknown };
  traceId: string;
}

/** Status, code and body of a JSON answer; fails when it is not in the envelope. */
export async function envelope(answer: Response): Promise<Envelope & { status: number }> {
  const body = (await answer.json()) as Envelope;
  if (typeof body.ok !== "boolean" || body.traceId !== answer.headers.get("x-trace-id")) {
    throw new Error(`not in the envelope: ${JSON.stringify(body)}`);
  }
  return { ...body, status: answer.status };
}
