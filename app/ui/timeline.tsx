import { Link } from "@remix-run/react";
import { Icon } from "./icon";
import type { TimelineEntry } from "./order-timeline";

/** What happened, oldest first: discs on a line. */
export function Timeline({ entries }: { entries: TimelineEntry[] }) {
  return (
    <ol>
      {entries.map(({ at, iso, when, title, text, icon, isGain, link }, i) => (
        <li key={`${at}-${title}`} className="relative flex gap-4 pb-7 last:pb-0">
          {i < entries.length - 1 ? (
            <span aria-hidden="true" className="absolute start-4 top-8 bottom-0 w-px bg-line" />
          ) : null}
          <span
            aria-hidden="true"
            className={`grid size-8 shrink-0 place-items-center rounded-full ${isGain ? "bg-positive-wash text-positive" : "bg-neutral-wash text-neutral"}`}
          >
            <Icon name={icon} />
          </span>
          <div className="min-w-0 flex-1 pt-1">
            <div className="flex flex-wrap justify-between gap-x-6">
              <h3 className="font-medium">{title}</h3>
              <time dateTime={iso} className="num text-sm text-mute">
                {when}
              </time>
            </div>
            <p className="mt-0.5 text-soft">
              {text}
              {link ? (
                <>
                  {" "}
                  <Link className="link no-print" to={link.to}>
                    {link.label}
                  </Link>
                </>
              ) : null}
            </p>
          </div>
        </li>
      ))}
    </ol>
  );
}
