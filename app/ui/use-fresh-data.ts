import { useRevalidator } from "@remix-run/react";
import { useEffect, useRef } from "react";

/** When a page that waits for a payment reads again, in milliseconds after it began to wait. Then it stops. */
const READ_AGAIN_AT = [500, 1_000, 2_000, 4_000, 8_000, 16_000];

/**
 * Keeps what a page shows true: while a payment is on its way it reads again a few times, and whenever the tab is looked
 * at again it reads once.
 */
export function useFreshData(waiting: boolean): void {
  const revalidator = useRevalidator();
  const read = useRef(revalidator.revalidate);
  read.current = revalidator.revalidate;

  useEffect(() => {
    if (!waiting) return;
    const timers = READ_AGAIN_AT.map((delay) => setTimeout(() => read.current(), delay));
    return () => timers.forEach(clearTimeout);
  }, [waiting]);

  useEffect(() => {
    const look = () => {
      if (document.visibilityState === "visible") read.current();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
}
