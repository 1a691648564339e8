import { Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { Badge, type Tone } from "./badge";
import { Icon } from "./icon";
import type { ActivationWords } from "./licence-words";

const STATE: Record<ActivationWords["state"], { tone: Tone; icon: ReactNode; name: string }> = {
  runs: { tone: "positive", icon: <Icon name="check-circle" />, name: "Läuft" },
  follows: { tone: "info", icon: <Icon name="clock" />, name: "Folgt" },
  over: { tone: "neutral", icon: <Icon name="minus-circle" />, name: "Beendet" },
};

/** Where the licence's time has come from, newest first. */
export function ActivationTable({ rows }: { rows: ActivationWords[] }) {
  return (
    <table className="table table-rows">
      <caption className="sr-only">Aktivierungen, neuste zuerst</caption>
      <thead>
        <tr>
          <th scope="col">Lizenz</th>
          <th scope="col" className="max-sm:hidden">
            Von
          </th>
          <th scope="col" className="max-sm:hidden">
            Bis
          </th>
          <th scope="col">Status</th>
          <th scope="col" className="max-lg:hidden">
            Aktiviert durch
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ id, name, from, until, state, who, lotUrl }) => (
          <tr key={id}>
            <th scope="row">
              {lotUrl ? (
                <Link className="underline decoration-line-strong underline-offset-3" to={lotUrl}>
                  {name}
                  <span className="sr-only">: woher der Credit kam</span>
                </Link>
              ) : (
                name
              )}
              <span className="block text-sm font-normal text-soft lg:hidden">
                <span className="num block sm:hidden">{`${from} bis`}</span>
                <span className="num block sm:hidden">{until}</span>
                <span className="block">{who}</span>
              </span>
            </th>
            <td className="num text-soft max-sm:hidden">{from}</td>
            <td className="num max-sm:hidden">{until}</td>
            <td>
              <Badge tone={STATE[state].tone} icon={STATE[state].icon}>
                {STATE[state].name}
              </Badge>
            </td>
            <td className="text-soft max-lg:hidden">{who}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
