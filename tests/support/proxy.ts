import { connect, createServer, type Socket } from "node:net";

export interface CountingProxy {
  port: number;
  /** How often the client has spoken after the server had: the round trips so far. */
  roundTrips(): number;
  close(): Promise<void>;
}

/** A TCP proxy in front of PostgreSQL that counts round trips over all its connections. */
export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  let turns = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    let serverSpokeLast = true;
    client.on("data", (chunk) => {
      if (serverSpokeLast) turns += 1;
      serverSpokeLast = false;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      serverSpokeLast = true;
      client.write(chunk);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: address && typeof address === "object" ? address.port : 0,
    roundTrips: () => turns,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
