import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/**
 * What a reply is about to confirm: the COMMIT of a transaction, or a statement that wrote outside of one, which commits by
 * itself.
 */
export type Confirmation = "COMMIT" | "statement";

export interface FaultProxy {
  port: number;
  /** How many connections were cut instead of passing on that something is committed. */
  cuts: Record<Confirmation, number>;
  /** How many connections it has carried. */
  connections(): number;
  close(): Promise<void>;
}

/**
 * A TCP proxy in front of PostgreSQL that loses replies at the worst moment: the server has committed, the client will
 * never hear of it. `cut` is asked each time such a reply has arrived; true cuts the connection in its stead.
 */
export async function startFaultProxy(
  target: { port: number },
  cut: (confirmation: Confirmation) => boolean,
): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const cuts: FaultProxy["cuts"] = { COMMIT: 0, statement: 0 };
  let connections = 0;
  const server = createServer({ noDelay: true }, (client) => {
    connections += 1;
    const upstream = connect({ port: target.port, host: "127.0.0.1", noDelay: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    client.on("data", (chunk) => upstream.write(chunk));
    const reader = new ReplyReader();
    upstream.on("data", (chunk) => {
      for (const part of reader.read(chunk)) {
        if (part.confirms && cut(part.confirms)) {
          cuts[part.confirms] += 1;
          client.destroy();
          return;
        }
        client.write(part.bytes);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: address && typeof address === "object" ? address.port : 0,
    cuts,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

interface Part {
  bytes: Buffer;
  confirms: Confirmation | null;
}

const HEADER = 5;
const COMMAND_COMPLETE = 0x43; // C
const READY_FOR_QUERY = 0x5a; // Z
const IDLE = 0x49; // I

/**
 * Follows the messages of a backend (a type byte, a length, a body; any of it may be split over chunks) and finds those
 * that confirm a commit. A statement outside of a transaction is committed only when the backend says that it is idle
 * again, so everything from its completion on is held back until then.
 */
class ReplyReader {
  #pending: Buffer = Buffer.alloc(0);
  #inTransaction = false;
  #written = false;

  /** What may be passed on, in order; `confirms` marks bytes that end in, or hold, such a confirmation. */
  read(chunk: Buffer): Part[] {
    const parts: Part[] = [];
    const bytes = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    let sent = 0;
    let at = 0;
    const upTo = (end: number, confirms: Confirmation | null) => {
      if (end > sent) parts.push({ bytes: bytes.subarray(sent, end), confirms });
      sent = end;
    };
    this.#written = false;
    while (at + HEADER <= bytes.length) {
      const end = at + 1 + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      if (bytes[at] === COMMAND_COMPLETE) {
        const tag = bytes.toString("latin1", at + HEADER, end - 1);
        if (tag === "COMMIT") {
          upTo(at, null);
          upTo(end, "COMMIT");
        } else if (!this.#inTransaction && /^(INSERT 0|UPDATE|DELETE) [1-9]/.test(tag)) {
          if (!this.#written) upTo(at, null);
          this.#written = true;
        }
      } else if (bytes[at] === READY_FOR_QUERY) {
        this.#inTransaction = bytes[at + HEADER] !== IDLE;
        if (this.#written) upTo(end, this.#inTransaction ? null : "statement");
        this.#written = false;
      }
      at = end;
    }
    if (!this.#written) upTo(at, null);
    this.#pending = bytes.subarray(sent);
    return parts;
  }
}
