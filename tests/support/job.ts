import { type ChildProcess, spawn } from "node:child_process";

export interface JobRun {
  code: number | null;
  /** Standard output and errors together, the log lines of the jobs included. */
  output: string;
  ms: number;
}

/** Runs `app/jobs/<name>.ts` as npm does, with nothing in its environment but `env`; killed after `limitMs`: then `code` is null. */
export function runJob(
  name: "reconcile" | "verify" | "replay" | "expire" | "coupon",
  env: Record<string, string>,
  args: string[] = [],
  limitMs = 20_000,
): Promise<JobRun> & { child: ChildProcess } {
  const began = performance.now();
  const child = spawn(process.execPath, ["--import", "tsx", `app/jobs/${name}.ts`, ...args], {
    env: { PATH: process.env.PATH, NODE_ENV: "production", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  // A job that hangs must not outlive its test.
  const limit = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const run = new Promise<JobRun>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output, ms: performance.now() - began }));
  }).finally(() => clearTimeout(limit));
  return Object.assign(run, { child });
}
