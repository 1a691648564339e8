import { useRevalidator } from "@remix-run/react";
import { useEffect, useState } from "react";

/** Pauses between the readings of a page that waits for a payment, in milliseconds. Then it stops. */
const PAUSES = [500, 500, 1_000, 2_000, 4_000, 8_000];

/**
 * Keeps what a page shows true: while a payment is on its way it reads again a few times, and whenever the tab is looked
 * at again it reads once.
 */
export function useFreshData(waiting: boolean): void {
  const [readings, setReadings] = useState(0);
  useEffect(() => {
    if (!waiting) setReadings(0);
  }, [waiting]);
  const reread = useRereading(true);
  const pauseMs = waiting ? PAUSES[readings] : undefined;
  useEffect(() => {
    if (!reread || pauseMs === undefined) return;
    const timer = setTimeout(() => {
      setReadings((count) => count + 1);
      reread();
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [reread, pauseMs]);
}

/** Reads the page again every `everyMs` milliseconds while something runs that it shows, and the tab is looked at. */
export function usePolling(isRunning: boolean, everyMs: number): void {
  const reread = useRereading(isRunning);
  useEffect(() => {
    if (!reread || !isRunning) return;
    const timer = setTimeout(() => {
      if (document.visibilityState === "visible") reread();
    }, everyMs);
    return () => clearTimeout(timer);
  }, [reread, isRunning, everyMs]);
}

/**
 * The way to read the page again; null while a reading is under way, since another one would throw it away. `onReturn`: it is also
 * done when the tab is looked at again.
 */
function useRereading(onReturn: boolean): (() => void) | null {
  const { revalidate, state } = useRevalidator();
  const isIdle = state === "idle";
  useEffect(() => {
    if (!onReturn || !isIdle) return;
    const look = () => {
      if (document.visibilityState === "visible") revalidate();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [onReturn, isIdle, revalidate]);
  return isIdle ? revalidate : null;
}
