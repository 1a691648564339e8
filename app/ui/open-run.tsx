import { Link } from "@remix-run/react";
import { DifferenceTable } from "./difference-table";
import type { DifferenceGroup } from "./difference-words";

/** A run that was opened, and what it found; worded by `runWords`. */
export interface OpenRunWords {
  title: string;
  text: string;
  groups: DifferenceGroup[];
  close: string;
}

/** What one run of the reconciliation found, above the list of runs. */
export function OpenRun({ run: { title, text, groups, close } }: { run: OpenRunWords }) {
  return (
    <section id="lauf" aria-labelledby="lauf-titel" className="my-6 scroll-mt-8 rounded-lg border border-line p-5">
      <div className="flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1">
        <h3 id="lauf-titel" className="text-base font-medium">
          {title}
        </h3>
        <Link className="link target" to={close} preventScrollReset>
          Schliessen
        </Link>
      </div>
      <p className="text-soft">{text}</p>
      {groups.map((group) => (
        <div key={`${group.kind} ${group.remedy}`} className="mt-4">
          <h4 className="font-medium text-danger">{group.name}</h4>
          <DifferenceTable caption={`Im Lauf: ${group.name}`} rows={group.rows} more={group.more} />
        </div>
      ))}
    </section>
  );
}
