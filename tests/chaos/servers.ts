import type { ChildProcess } from "node:child_process";
import { type AppServer, type AppServerOptions, startAppServer } from "../support/server";
import { pause } from "./pause";

/** Lines of the server's log that no fault of the surroundings excuses. */
const COMPLAINTS = /"msg":"(unexpected error|uncaught|unhandled|rendering failed|event retry|event set aside)"/;
const KEPT_COMPLAINTS = 20;
const TAIL = 3_000;
/** The pause between two kills is at least so many times the last start. */
const PATIENCE = 1.5;

/** Several processes of the built server, which die and are started again. */
export interface Servers {
  /** When which server was killed, in ms. */
  kills: number[];
  /** Exits that we did not cause, each with the end of its output. */
  crashes: string[];
  /** Log lines of bugs. */
  complaints: string[];
  /**
   * Kills one server after the other, with a pause between. A kill waits until another server answers, and on a slow machine
   * for longer than a start takes, or no server would live long enough to do any work.
   */
  killInTurn(pauseMs: number, signal: AbortSignal): Promise<void>;
  /** Resolves once all of them answer. */
  allUp(): Promise<void>;
  stop(): Promise<void>;
}

interface Place {
  port: number;
  child: ChildProcess | null;
  /** The server of this place once it answers. */
  up: Promise<AppServer | null>;
  isUp: boolean;
}

/** Starts a server on each port and waits for all. Rejects when one does not come up. */
export async function startServers(
  ports: readonly number[],
  options: Omit<AppServerOptions, "port">,
): Promise<Servers> {
  const fleet = new Fleet(ports, options);
  try {
    await fleet.allUp();
    if (fleet.crashes.length > 0) throw new Error(fleet.crashes.join("\n"));
  } catch (error) {
    await fleet.stop();
    throw error;
  }
  return fleet;
}

class Fleet implements Servers {
  readonly kills: number[] = [];
  readonly crashes: string[] = [];
  readonly complaints: string[] = [];
  readonly #options: Omit<AppServerOptions, "port">;
  readonly #places: Place[];
  readonly #doomed = new Set<ChildProcess>();
  #stopping = false;
  /** How long the last start took. */
  #startMs = 0;

  constructor(ports: readonly number[], options: Omit<AppServerOptions, "port">) {
    this.#options = options;
    this.#places = ports.map((port) => ({ port, child: null, up: Promise.resolve(null), isUp: false }));
    for (const place of this.#places) this.#start(place);
  }

  async killInTurn(pauseMs: number, signal: AbortSignal): Promise<void> {
    for (let turn = 0; ; turn += 1) {
      await pause(Math.max(pauseMs, PATIENCE * this.#startMs), signal);
      const victim = this.#places[turn % this.#places.length];
      await Promise.race(this.#places.filter((place) => place !== victim).map((place) => place.up));
      if (signal.aborted || victim === undefined) return;
      this.kills.push(Date.now());
      this.#kill(victim);
      this.#start(victim);
    }
  }

  async allUp(): Promise<void> {
    while (!this.#stopping && this.crashes.length < 10) {
      await Promise.all(this.#places.map((place) => place.up));
      if (this.#places.every((place) => place.isUp)) return;
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const place of this.#places) this.#kill(place);
    await Promise.all(this.#places.map((place) => place.up));
  }

  #kill(place: Place): void {
    if (place.child === null) return;
    this.#doomed.add(place.child);
    place.child.kill("SIGKILL");
  }

  #start(place: Place): void {
    place.isUp = false;
    const begun = performance.now();
    let output = () => "";
    const onSpawn = (child: ChildProcess) => {
      place.child = child;
      child.once("close", (code, ended) => {
        this.#readLog(output());
        if (this.#doomed.has(child)) return;
        this.crashes.push(`A server ended by itself (${ended ?? `exit ${code}`}):\n${output().slice(-TAIL)}`);
        if (place.child === child && !this.#stopping) this.#start(place);
      });
    };
    place.up = startAppServer({ ...this.#options, port: place.port, onSpawn }).then(
      (server) => {
        output = server.output;
        this.#startMs = performance.now() - begun;
        place.isUp = place.child === server.process;
        return server;
      },
      (error: Error) => {
        // killed while it was starting, or its exit is noted above
        output = () => error.message;
        return null;
      },
    );
  }

  #readLog(output: string): void {
    for (const line of output.split("\n")) {
      if (COMPLAINTS.test(line) && this.complaints.length < KEPT_COMPLAINTS) this.complaints.push(line.slice(0, 1_500));
    }
  }
}
