import { useRevalidator } from "@remix-run/react";
import { useEffect, useRef } from "react";

const READ_AGAIN_AFTER_MS = 1_000;

/** While a server works on something that the page shows, it reads again a second after the last answer, and stops with the work. */
export function useRunningTask(running: boolean): void {
  const { state, revalidate } = useRevalidator();
  const read = useRef(revalidate);
  read.current = revalidate;
  useEffect(() => {
    if (!running || state !== "idle") return;
    const timer = setTimeout(() => read.current(), READ_AGAIN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [running, state]);
}
