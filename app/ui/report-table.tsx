import { Link } from "@remix-run/react";
import { Badge } from "./badge";
import { DifferenceTable } from "./difference-table";
import type { DifferenceGroup } from "./difference-words";
import { Icon } from "./icon";
import { type PageLinks, Pagination } from "./pagination";

/** One run of the reconciliation; worded by `reportRow`. */
interface ReportRow {
  id: number;
  to: string;
  iso: string;
  when: string;
  kind: string;
  checked: string;
  healed: string;
  duration: string;
  tone: "positive" | "notice" | "danger";
  result: string;
}

const ICON = { positive: "check-circle", notice: "clock", danger: "cross-circle" } as const;

interface OpenReport extends ReportRow {
  title: string;
  found: string;
  groups: DifferenceGroup[];
  close: string;
}

/** The runs, newest first, and above them the one that is open. */
export function Runs({ runs }: { runs: { rows: ReportRow[]; pages: PageLinks | null; open: OpenReport | null } }) {
  const { rows, pages, open } = runs;
  return (
    <>
      {open ? <OpenRun run={open} /> : null}
      {rows.length > 0 ? <ReportTable rows={rows} /> : <p className="mt-3 text-soft">Noch kein Lauf.</p>}
      {pages ? <Pagination pages={pages} /> : null}
    </>
  );
}

function OpenRun({ run }: { run: OpenReport }) {
  return (
    <section id="lauf" aria-labelledby="lauf-titel" className="my-6 scroll-mt-8 rounded-lg border border-line p-5">
      <div className="flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1">
        <h3 id="lauf-titel" className="text-base font-medium">
          {run.title}
        </h3>
        <Link className="link target" to={run.close} preventScrollReset>
          Schliessen
        </Link>
      </div>
      <p className="text-soft">
        {run.kind}, {run.checked} geprüft, {run.healed} nachgeholt, Dauer {run.duration}. {run.found}
      </p>
      {run.groups.map((group) => (
        <div key={`${group.kind} ${group.remedy}`} className="mt-4">
          <h4 className="font-medium text-danger">{group.name}</h4>
          <DifferenceTable caption={`Im Lauf: ${group.name}`} rows={group.rows} more={group.more} />
        </div>
      ))}
    </section>
  );
}

function ReportTable({ rows }: { rows: ReportRow[] }) {
  return (
    <table className="table table-rows">
      <caption className="sr-only">Läufe des Abgleichs, neuste zuerst</caption>
      <thead>
        <tr>
          <th scope="col">Lauf</th>
          <th scope="col" className="max-sm:hidden">
            Umfang
          </th>
          <th scope="col" className="text-end max-sm:hidden">
            Geprüft
          </th>
          <th scope="col" className="text-end max-sm:hidden">
            Nachgeholt
          </th>
          <th scope="col" className="text-end max-md:hidden">
            Dauer
          </th>
          <th scope="col">Ergebnis</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <th scope="row">
              <Link className="num underline decoration-line-strong underline-offset-3" to={row.to} preventScrollReset>
                <time dateTime={row.iso}>{row.when}</time>
              </Link>
              <span className="block text-sm font-normal text-soft sm:hidden">
                {row.kind}, {row.checked} geprüft, {row.healed} nachgeholt
              </span>
            </th>
            <td className="max-sm:hidden">{row.kind}</td>
            <td className="num text-end max-sm:hidden">{row.checked}</td>
            <td className="num text-end max-sm:hidden">{row.healed}</td>
            <td className="num text-end max-md:hidden">{row.duration}</td>
            <td>
              <Badge tone={row.tone} icon={<Icon name={ICON[row.tone]} className="size-3.5" />}>
                {row.result}
              </Badge>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
