import { useRevalidator } from "@remix-run/react";
import { useEffect, useState } from "react";

/** Pauses before the readings of a page that waits for a payment, in milliseconds. Then it stops. */
const PAUSES = [500, 500, 1_000, 2_000, 4_000, 8_000];

/**
 * Keeps what a page shows true: while a payment is on its way it reads again a few times, and whenever the tab is looked
 * at again it reads once. Never while a reading is under way, which the router would throw away.
 */
export function useFreshData(waiting: boolean): void {
  const { revalidate, state } = useRevalidator();
  const [readings, setReadings] = useState(0);
  const pauseMs = waiting ? PAUSES[readings] : undefined;

  useEffect(() => {
    if (!waiting) setReadings(0);
  }, [waiting]);

  useEffect(() => {
    if (state !== "idle") return;
    const read = () => {
      setReadings((count) => count + 1);
      revalidate();
    };
    const timer = pauseMs === undefined ? undefined : setTimeout(read, pauseMs);
    const look = () => {
      if (document.visibilityState === "visible") revalidate();
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [state, pauseMs, revalidate]);
}
