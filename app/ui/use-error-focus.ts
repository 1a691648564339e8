import { useLocation } from "@remix-run/react";
import { useEffect, useRef } from "react";

/**
 * Gives the focus to the block that says why something was refused, and puts its title before the page's: the server's
 * title has it, a page that the router has rendered again has not. Null: nothing was refused.
 */
export function useErrorFocus(title: string | null) {
  const { key } = useLocation();
  const box = useRef<HTMLDivElement>(null);
  // Also when the page behind the message has changed: a question that was open till then kept the focus to itself.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says that it has
  useEffect(() => {
    if (title === null) return;
    box.current?.focus();
    const before = document.title;
    if (before.startsWith("Fehler: ")) return;
    const mine = `Fehler: ${title}: ${before}`;
    document.title = mine;
    return () => {
      // The next page, or the success that follows, has a title of its own by now.
      if (document.title === mine) document.title = before;
    };
  }, [title, key]);
  return box;
}
