import { DomainError } from "~/errors";
import type { Message } from "./model";
import type { Turn } from "./step";

/** What a message is called in a report. */
export function about({ type, fact, id }: Message): string {
  return `${type} of order ${fact.order}, …${id.slice(-4)}`;
}

/** Delivers one message to both sides and compares what became of it. */
export async function deliver({ model, world }: Pick<Turn, "model" | "world">, message: Message): Promise<void> {
  const { result, ...rest } = await world.deliver(message);
  const expected = model.receive(message);
  // Notes about a charge are processed without touching what the model knows.
  const fits = message.fact.says === "other" ? ["processed", "ignored", "done"] : [expected];
  if (!fits.includes(result)) {
    throw new Error(`${about(message)}: ${result} instead of ${expected}; ${JSON.stringify(rest)}`);
  }
}

/** The refusal of the domain as a value; other errors pass on. */
export async function refusalOf<T>(work: Promise<T>): Promise<T | DomainError> {
  return work.catch((error: unknown) => {
    if (error instanceof DomainError) return error;
    throw error;
  });
}

/** Throws unless it was refused, with one of the codes. */
export function expectRefusal(found: unknown, codes: string[]): void {
  if (found instanceof DomainError && codes.includes(found.code)) return;
  throw new Error(`${found instanceof DomainError ? found.code : "no refusal"} instead of ${codes.join(" or ")}`);
}
