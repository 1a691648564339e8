import { renderToStaticMarkup } from "react-dom/server";
import { Badge } from "./badge";
import { Icon } from "./icon";

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

/** The checks of every run and the last runs, newest first, as markup, drawn here so that the page carries no script for them. */
export function drawRuns(checks: Array<{ text: string; fault: string | null }>, rows: ReportRow[]): string {
  return renderToStaticMarkup(
    <>
      {checks.length > 0 ? <Checks checks={checks} /> : null}
      <h3 className="mt-10 mb-1 text-base font-medium">Letzte Läufe</h3>
      {rows.length > 0 ? <ReportTable rows={rows} /> : <p className="text-soft">Noch kein Lauf.</p>}
    </>,
  );
}

function Checks({ checks }: { checks: Array<{ text: string; fault: string | null }> }) {
  return (
    <ul className="mt-3 grid gap-x-12 md:grid-cols-2">
      {checks.map(({ text, fault }) => (
        <li key={text} className="flex items-start gap-3 border-line border-t py-2.5">
          <Icon
            name={fault ? "cross-circle" : "check-circle"}
            className={`mt-0.5 size-5 ${fault ? "text-danger" : "text-positive"}`}
          />
          <span className={`min-w-0 flex-1 ${fault ? "font-medium" : ""}`}>{text}</span>
          <span className={`text-sm ${fault ? "text-danger" : "text-mute"}`}>{fault ?? "stimmt"}</span>
        </li>
      ))}
    </ul>
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
              <a className="num underline decoration-line-strong underline-offset-3" href={row.to}>
                <time dateTime={row.iso}>{row.when}</time>
              </a>
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
