import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { Random } from "../sandbox/random";

export interface Balancer {
  port: number;
  close(): Promise<void>;
}

/**
 * A TCP balancer in front of servers on loopback: a server by chance for each connection, another one when that refuses, a
 * closed connection when all do.
 */
export async function startBalancer(ports: readonly number[], random: Random): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
    client.on("error", () => {});
    track(client);
    const attempt = ([port, ...others]: readonly number[]): void => {
      if (port === undefined || client.destroyed) {
        client.destroy();
        return;
      }
      const upstream = connect({ port, host: "127.0.0.1", noDelay: true });
      track(upstream);
      const next = () => attempt(others);
      upstream.once("error", next);
      upstream.once("connect", () => {
        upstream.off("error", next);
        join(client, upstream);
      });
    };
    attempt(random.shuffled(ports));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: address && typeof address === "object" ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function join(client: Socket, upstream: Socket): void {
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on("error", () => other.destroy());
    one.once("close", () => other.destroy());
    one.on("data", (chunk) => other.write(chunk));
  }
  client.resume();
}
