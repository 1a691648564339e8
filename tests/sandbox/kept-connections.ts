import { Agent } from "node:http";
import type { Duplex } from "node:stream";

/** Keeps connections for a few requests each, so that behind a balancer the load soon reaches a server that came back. */
export class KeptConnections extends Agent {
  readonly #uses = new WeakMap<Duplex, number>();
  readonly #most: number;

  /** @param most how many requests one connection carries */
  constructor(most: number) {
    super({ keepAlive: true });
    this.#most = most;
  }

  /** Asked by Node after each request; its own answers true or false, whatever its type says. */
  override keepSocketAlive(socket: Duplex): boolean {
    const uses = (this.#uses.get(socket) ?? 0) + 1;
    this.#uses.set(socket, uses);
    const kept: unknown = super.keepSocketAlive(socket);
    return kept !== false && uses < this.#most;
  }
}
