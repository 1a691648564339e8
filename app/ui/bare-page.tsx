import { Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { Mark } from "./mark";

/** A page without navigation: for an error before it is known who is there, or of the shell itself. */
export function BarePage({ children }: { children: ReactNode }) {
  return (
    <div className="px-6 py-8 sm:px-12">
      <header>
        <Link to="/" className="inline-block">
          <Mark />
        </Link>
      </header>
      <main id="inhalt">{children}</main>
    </div>
  );
}
