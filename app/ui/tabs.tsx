import { Link } from "@remix-run/react";

export interface Tab {
  name: string;
  to: string;
  current: boolean;
}

/** Tabs as links: each is an address of its own. */
export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
  return (
    <nav aria-label={label} className="mb-8 border-line border-b">
      <ul className="-mb-px flex flex-wrap">
        {tabs.map((tab) => (
          <li key={tab.to}>
            <Link
              to={tab.to}
              preventScrollReset
              aria-current={tab.current ? "page" : undefined}
              className="block border-transparent border-b-2 px-3 py-2.5 text-soft hover:text-ink aria-[current]:border-ink aria-[current]:font-medium aria-[current]:text-ink"
            >
              {tab.name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
