import fc from "fast-check";
import { expectSame, readSnapshot } from "./compare";
import type { Model } from "./model";
import type { World } from "./world";

/** One command at work: the model, the real thing, and the numbers it was drawn with. */
export interface Turn {
  model: Model;
  world: World;
  a: number;
  b: number;
  /** Says for the report what the command came to. */
  say(text: string): void;
}

/** A kind of command. Of those with the same `by` only what can happen is drawn. */
export interface Kind {
  name: string;
  weight: number;
  by?: string;
  /** Whether only Stripe hears of it at first: nothing of ours can have moved. */
  afar?: boolean;
  /** Whether it has something to work on. */
  ready(model: Model): boolean;
  /** Does it to the real system and to the model. @returns whether the real system accepted it */
  run(turn: Turn): Promise<boolean>;
}

/** How often each kind was drawn and accepted: a test that only meets refusals proves nothing. */
export type Acceptance = Map<string, { drawn: number; accepted: number }>;

/** The n-th of a list, however long. Throws for an empty one, which `ready` rules out. */
export function choose<T>(list: readonly T[], n: number): T {
  const item = list[n % list.length];
  if (item === undefined) throw new Error("There is nothing to choose from.");
  return item;
}

/** A command of a sequence. A copy of its own for each run, so that a report tells what happened in that run. */
export class Step implements fc.AsyncCommand<Model, World> {
  #told = "";
  #kind: Kind | undefined;

  /** @param kinds of which the one that can happen is taken; where there are several, `a` and `b` decide */
  constructor(
    readonly kinds: readonly Kind[],
    readonly a: number,
    readonly b: number,
    readonly acceptance: Acceptance,
  ) {}

  check(model: Readonly<Model>): boolean {
    const ready = this.kinds.filter((kind) => kind.ready(model as Model));
    const lots = ready.flatMap((kind) => Array.from({ length: kind.weight }, () => kind));
    this.#kind = lots.length > 0 ? choose(lots, this.a * 7 + this.b) : undefined;
    const counted = this.#kind ?? choose(this.kinds, this.a);
    this.#count(counted).drawn += 1;
    return this.#kind !== undefined;
  }

  async run(model: Model, world: World): Promise<void> {
    const kind = this.#kind;
    if (!kind) throw new Error("A command runs after its check.");
    world.time.now = model.state.now;
    const say = (text: string) => {
      this.#told = text;
    };
    const accepted = await kind.run({ model, world, a: this.a, b: this.b, say });
    if (accepted) this.#count(kind).accepted += 1;
    if (kind.afar) world.harvest(model);
    else await settleTurn(model, world);
  }

  toString(): string {
    return `${this.#kind?.name}${this.#told ? ` (${this.#told})` : ""}`;
  }

  [fc.cloneMethod](): Step {
    return new Step(this.kinds, this.a, this.b, this.acceptance);
  }

  #count({ name }: Kind): { drawn: number; accepted: number } {
    const count = this.acceptance.get(name) ?? { drawn: 0, accepted: 0 };
    this.acceptance.set(name, count);
    return count;
  }
}

/** After a command: pages close, Stripe's events are on their way, a second passes, and both sides must agree. */
export async function settleTurn(model: Model, world: World): Promise<void> {
  world.time.now = model.state.now;
  const due = model.due();
  for (const { payment } of due) payment.page = "expired";
  // Any request makes the local Stripe look at its clock.
  if (due.length > 0) await world.stripe.checkout.sessions.list({ limit: 1 });
  world.harvest(model);
  model.state.now += 1_000;
  expectSame(model, world, await readSnapshot(world, model.state.now));
}
