import { createServer, type IncomingMessage } from "node:http";

/** An answer on its way from the local Stripe to the client. */
export interface Reply {
  status: number;
  body: string;
}

export interface Edge {
  /** Where the client finds Stripe. */
  url: string;
  /** What the client gets instead; it may also keep the answer back. By default Stripe's own words, at once. */
  change: (path: string, reply: Reply) => Reply | Promise<Reply>;
  close(): Promise<void>;
}

/** Stands between the client and the local Stripe, for answers that the local Stripe would never give. */
export async function startEdge(target: string): Promise<Edge> {
  const edge: Edge = { url: "", change: (_path, reply) => reply, close: async () => {} };
  const server = createServer((request, response) => {
    relay(target, edge, request)
      .then((reply) => {
        response.writeHead(reply.status, { "content-type": "application/json" });
        response.end(reply.body);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  edge.url = `http://127.0.0.1:${address && typeof address === "object" ? address.port : 0}`;
  edge.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return edge;
}

async function relay(target: string, edge: Edge, request: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const path = request.url ?? "/";
  const passed = ["authorization", "content-type", "idempotency-key", "stripe-version"];
  const headers = Object.fromEntries(
    passed
      .map((name) => [name, request.headers[name]])
      .filter((it): it is [string, string] => typeof it[1] === "string"),
  );
  const method = request.method ?? "GET";
  const body = method === "GET" ? undefined : Buffer.concat(chunks);
  const answer = await fetch(`${target}${path}`, { method, headers, body });
  return edge.change(path, { status: answer.status, body: await answer.text() });
}
