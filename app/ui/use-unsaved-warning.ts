import { useEffect } from "react";

/**
 * While something typed is not saved, the browser asks before the page is left. A link in the app then loads its page as
 * without JavaScript, so that the browser asks there, too; the router's own way to ask weighs 800 bytes on every page.
 */
export function useUnsavedWarning(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    const keepFromRouter = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      if (link && link.pathname !== window.location.pathname) event.stopPropagation();
    };
    window.addEventListener("beforeunload", ask);
    document.addEventListener("click", keepFromRouter, true);
    return () => {
      window.removeEventListener("beforeunload", ask);
      document.removeEventListener("click", keepFromRouter, true);
    };
  }, [unsaved]);
}
