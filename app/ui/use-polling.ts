import { useRevalidator } from "@remix-run/react";
import { useEffect } from "react";

/** Reads the page again every `everyMs` milliseconds while something runs that it shows, and the tab is looked at. */
export function usePolling(isRunning: boolean, everyMs: number): void {
  const { revalidate, state } = useRevalidator();
  useEffect(() => {
    if (!isRunning || state !== "idle") return;
    const timer = setTimeout(() => {
      if (document.visibilityState === "visible") revalidate();
    }, everyMs);
    const look = () => {
      if (document.visibilityState === "visible") revalidate();
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [isRunning, state, everyMs, revalidate]);
}
