import { Badge } from "./badge";
import { Icon } from "./icon";
import type { LotWords } from "./overview-words";

/** The lots, soonest expiry first; what is held is a row of its own. */
export function LotTable({ lots }: { lots: LotWords[] }) {
  return (
    <table className="table">
      <caption className="sr-only">Credits nach Verfall</caption>
      <thead>
        <tr>
          <th scope="col">Credit</th>
          <th scope="col" className="text-end">
            Anzahl
          </th>
          <th scope="col">Gültig bis und mit</th>
        </tr>
      </thead>
      <tbody>
        {lots.map((lot) => (
          <tr key={lot.key}>
            <th scope="row">{lot.name}</th>
            <td className="num text-end">{lot.count}</td>
            <td>
              <span className="num block">{lot.lastDay}</span>
              <TimeLeft lot={lot} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function TimeLeft({ lot: { left, state } }: { lot: LotWords }) {
  if (state === "later") return <span className="text-sm text-mute">{left}</span>;
  return (
    <Badge
      tone={state === "held" ? "neutral" : "notice"}
      icon={state === "held" ? <Icon name="lock" /> : <Icon name="clock" />}
    >
      {left}
    </Badge>
  );
}
