import { Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { Icon } from "./icon";

/** Where a list's neighbouring pages are, null where there is none, and which rows this one shows. Worded by the loader. */
export interface PageLinks {
  text: string;
  newer: string | null;
  older: string | null;
}

/** What is shown of how much, and the ways to newer and older rows. */
export function Pagination({ pages: { text, newer, older } }: { pages: PageLinks }) {
  return (
    <div className="mt-6 flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
      <p className="text-sm text-mute">{text}</p>
      {newer || older ? (
        <nav aria-label="Seiten" className="flex gap-2">
          <Turn to={newer}>
            <Icon name="arrow-left" /> Neuere
          </Turn>
          <Turn to={older}>
            Ältere <Icon name="arrow-right" />
          </Turn>
        </nav>
      ) : null}
    </div>
  );
}

function Turn({ to, children }: { to: string | null; children: ReactNode }) {
  if (to) {
    return (
      <Link className="btn btn-secondary" to={to}>
        {children}
      </Link>
    );
  }
  return (
    // biome-ignore lint/a11y/useValidAnchor: a link that leads nowhere now, and says so
    <a role="link" aria-disabled="true" className="btn btn-secondary">
      {children}
    </a>
  );
}
