import { hash, verify } from "@node-rs/argon2";

/** argon2id (the library's default variant) with 19 MiB and two passes, about 25 ms: OWASP's first recommendation. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** A password as a PHC string. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, COST);
}

let decoy: Promise<string> | undefined;

/**
 * Whether the password fits. With no hash (an unknown account) it works as long as with one, so that the time taken tells
 * nobody which accounts exist. A stored hash that is no PHC string fits nothing.
 */
export async function passwordFits(stored: string | null, password: string): Promise<boolean> {
  decoy ??= hashPassword("a password nobody has");
  const fits = await verify(stored ?? (await decoy), password).catch(() => false);
  return stored !== null && fits;
}
