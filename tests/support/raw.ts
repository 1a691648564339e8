import { type Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface Ask {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** Any address of 127.0.0.0/8: the caller's. */
  from?: string;
  /** Keeps connections; without it each request has its own. */
  agent?: Agent;
  /** How long an answer may take, in ms; without it for ever. */
  timeoutMs?: number;
}

/** A request with exactly these headers, Host included, from an address of one's choice. */
export function raw(stack: { app: { port: number } }, ask: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: "127.0.0.1",
        port: stack.app.port,
        method: ask.method ?? "GET",
        path: ask.path,
        headers: ask.headers,
        localAddress: ask.from,
        agent: ask.agent ?? false,
        signal: ask.timeoutMs === undefined ? undefined : AbortSignal.timeout(ask.timeoutMs),
      },
      (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk) => (text += chunk));
        incoming.once("error", reject);
        incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
      },
    );
    outgoing.once("error", reject);
    outgoing.end(ask.body);
  });
}
