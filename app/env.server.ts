import { z } from "zod";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

const origin = z
  .string()
  .refine((value) => URL.canParse(value) && new URL(value).origin === value && /^https?:/.test(value), {
    message: "must be an origin such as https://billing.example.ch, without a path",
  });

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

/** Every variable the server reads (docs/contract.md, "Environment"). `.env.example` names the same ones. */
export const envSchema = z
  .object({
    DATABASE_URL: z
      .string()
      .refine((value) => /^postgres(ql)?:\/\/./.test(value) && URL.canParse(value), "must be a postgres:// URL"),
    APP_ORIGIN: origin,
    STRIPE_SECRET_KEY: z
      .string()
      .regex(/^(sk|rk)_(test|live)_\w+$/, "must be a secret key of Stripe (sk_test_… or sk_live_…)"),
    STRIPE_WEBHOOK_SECRET: z
      .string()
      .transform((value) => value.split(",").map((secret) => secret.trim()))
      .refine(
        (secrets) => secrets.every((secret) => /^whsec_.+$/.test(secret)),
        "must be whsec_…, several comma-separated",
      ),
    STRIPE_API_BASE: origin
      .refine(
        (value) => !URL.canParse(value) || LOOPBACK.has(new URL(value).hostname),
        "must point at this machine (loopback)",
      )
      .optional(),
    PORT: wholeNumber(1, 65535).default(3000),
    HOST: z.string().min(1).default("127.0.0.1"),
    LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
    DATABASE_POOL_MAX: wholeNumber(1, 200).default(10),
  })
  .refine((env) => !(env.STRIPE_API_BASE && env.STRIPE_SECRET_KEY.includes("_live_")), {
    path: ["STRIPE_API_BASE"],
    message: "is refused together with a live key",
  });

export type Env = z.infer<typeof envSchema>;

let parsed: Env | undefined;

/** The environment, read once. Throws an error that names every missing or malformed variable, one line each. */
export function env(): Env {
  parsed ??= parseEnv(process.env);
  return parsed;
}

/** Reads and checks variables; an empty one counts as missing. Throws `Error` with one line for each fault. */
export function parseEnv(source: Record<string, string | undefined>): Env {
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ""));
  const result = envSchema.safeParse(present);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return name in present ? `${name} ${issue.message}.` : `${name} is missing.`;
  });
  throw new Error([...new Set(lines)].join("\n"));
}

/** Whether the key works on real money. Events of the other mode are not ours. */
export function isLivemode(current: Env): boolean {
  return current.STRIPE_SECRET_KEY.includes("_live_");
}
