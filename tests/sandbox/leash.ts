import { type ChildProcess, spawn } from "node:child_process";
import os from "node:os";

/**
 * Ends a process once we are gone, however that came about: an interrupted test run is killed without a chance to tidy up.
 * A shell holds the other end of a pipe of ours, and acts when that closes. Not on Windows.
 */
export function leash(child: ChildProcess, signal: "SIGINT" | "SIGKILL"): void {
  if (os.platform() === "win32" || child.pid === undefined) return;
  const script = 'while read -r _; do :; done; kill -s "$1" "$2"';
  const guard = spawn("/bin/sh", ["-c", script, "leash", signal.slice(3), String(child.pid)], {
    // Its own process group: Ctrl-C must not end it before us.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  // The pipe keeps nothing alive either; the type does not know that it is a socket.
  if ("unref" in guard.stdin && typeof guard.stdin.unref === "function") guard.stdin.unref();
  child.once("exit", () => {
    // in this order, or it would signal a number that may be somebody else's by now
    guard.kill("SIGKILL");
    guard.once("exit", () => guard.stdin.destroy());
  });
}
