import type { Overview } from "~/billing/overview.server";
import { Badge } from "./badge";
import { creditTimeLeft, formatLastDay } from "./format";
import { ClockIcon, LockIcon } from "./icons";
import { CREDIT_NAME } from "./words.de";

type Lot = Overview["credits"][number];

/** The lots, soonest expiry first; what is held is a row of its own. */
export function LotTable({ credits, now }: { credits: Lot[]; now: Date }) {
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
      <tbody>{credits.flatMap((lot) => rowsOf(lot, now))}</tbody>
    </table>
  );
}

function rowsOf(lot: Lot, now: Date) {
  const key = `${lot.type}-${lot.expiresAt.toISOString()}`;
  const usable = lot.quantity - lot.held;
  return [
    usable > 0 ? <LotRow key={key} lot={lot} count={usable} now={now} locked={false} /> : null,
    lot.held > 0 ? <LotRow key={`${key}-held`} lot={lot} count={lot.held} now={now} locked /> : null,
  ];
}

function LotRow({ lot, count, now, locked }: { lot: Lot; count: number; now: Date; locked: boolean }) {
  const left = creditTimeLeft(lot.expiresAt, now);
  return (
    <tr>
      <th scope="row">{CREDIT_NAME[lot.type]}</th>
      <td className="num text-end">{count}</td>
      <td>
        <span className="num block">{formatLastDay(lot.expiresAt)}</span>
        {locked ? (
          <Badge tone="neutral" icon={<LockIcon />}>
            gesperrt: Zahlung angefochten
          </Badge>
        ) : left.soon ? (
          <Badge tone="notice" icon={<ClockIcon />}>
            {left.text}
          </Badge>
        ) : (
          <span className="text-sm text-mute">{left.text}</span>
        )}
      </td>
    </tr>
  );
}
