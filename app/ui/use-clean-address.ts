import { useEffect } from "react";

/**
 * Takes the query out of the address bar, so that a reload or a bookmark does not say it again. The router keeps its own
 * location: reading again still knows which purchase is meant, and nothing loads because of this.
 */
export function useCleanAddress(active: boolean): void {
  useEffect(() => {
    if (active) window.history.replaceState(window.history.state, "", window.location.pathname);
  }, [active]);
}
