import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type Stripe from "stripe";
import { connect } from "~/db/client.server";
import type { Sql } from "~/db/transaction.server";
import { type Env, isLivemode, parseEnv } from "~/env.server";
import { createStripeClient } from "~/stripe/gateway.server";

/** What a command line job works with. */
export interface CommandTools {
  sql: Sql;
  stripe: Stripe;
  env: Env;
  livemode: boolean;
  args: string[];
  say(line: string): void;
}

/** Where a running demo leaves its settings. */
const DEMO_ENV = path.resolve(".data/demo/env.json");

/**
 * Runs a job from the command line and exits: 0 when it says that all is well, else 1. Settings come from the environment; without
 * `DATABASE_URL` from the demo that runs in this folder.
 */
export async function command(
  work: (tools: CommandTools) => Promise<boolean>,
  { needsStripe = true }: { needsStripe?: boolean } = {},
): Promise<void> {
  let sql: Sql | undefined;
  try {
    const env = readSettings(needsStripe);
    sql = connect(env.DATABASE_URL, 5);
    const stripe = createStripeClient(env.STRIPE_SECRET_KEY, env.STRIPE_API_BASE);
    const say = (line: string) => console.log(line);
    const well = await work({ sql, stripe, env, livemode: isLivemode(env), args: process.argv.slice(2), say });
    process.exitCode = well ? 0 : 1;
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    await sql?.end({ timeout: 5 });
  }
}

function readSettings(needsStripe: boolean): Env {
  const fromDemo = !process.env.DATABASE_URL && existsSync(DEMO_ENV);
  if (fromDemo) console.error("Working on the demo in this folder.");
  const found: Record<string, string | undefined> = fromDemo
    ? { ...process.env, ...JSON.parse(readFileSync(DEMO_ENV, "utf8")) }
    : process.env;
  // A job answers no requests, and one that never calls Stripe needs no key.
  const unused = needsStripe ? {} : { STRIPE_SECRET_KEY: "sk_test_unused" };
  return parseEnv({ APP_ORIGIN: "http://localhost", STRIPE_WEBHOOK_SECRET: "whsec_unused", ...unused, ...found });
}
