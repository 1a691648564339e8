import { Link } from "@remix-run/react";
import type { LedgerWords } from "./ledger-words";

/** The movements, newest first. Where there is no room for all columns the minor ones stand under the first. */
export function LedgerTable({ rows }: { rows: LedgerWords[] }) {
  return (
    <table className="table table-rows">
      <caption className="sr-only">Bewegungen, neuste zuerst</caption>
      <thead>
        <tr>
          <th scope="col" className="max-sm:hidden">
            Datum
          </th>
          <th scope="col">Vorgang</th>
          <th scope="col" className="max-sm:hidden">
            Credit
          </th>
          <th scope="col" className="text-end">
            Bewegung
          </th>
          <th scope="col" className="text-end">
            Rest
          </th>
          <th scope="col" className="text-end max-xl:hidden">
            Gültig bis und mit
          </th>
          <th scope="col" className="max-xl:hidden xl:ps-6">
            Bezug
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td className="num text-soft max-sm:hidden">
              <time dateTime={row.iso}>{row.when}</time>
            </td>
            <th scope="row">
              {row.reason}
              <span className="block text-sm font-normal text-soft xl:hidden">
                <span className="num block sm:hidden">{row.when}</span>
                <span className="block sm:hidden">{row.credit}</span>
                <span className="block">
                  gültig bis und mit <Lot row={row} />
                </span>
                <About row={row} />
              </span>
            </th>
            <td className="max-sm:hidden">{row.credit}</td>
            <td className={`num text-end ${row.isGain ? "text-positive" : ""}`}>{row.change}</td>
            <td className="num text-end">{row.rest}</td>
            <td className="text-end max-xl:hidden">
              <Lot row={row} />
            </td>
            <td className="max-xl:hidden xl:ps-6">
              <About row={row} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The last usable day, which leads to all that happened to these credits. */
function Lot({ row: { lastDay, lotUrl, credit } }: { row: LedgerWords }) {
  return (
    <Link className="num underline decoration-line-strong underline-offset-3" to={lotUrl}>
      {lastDay}
      <span className="sr-only">{`: alle Bewegungen dieser Credits, ${credit}`}</span>
    </Link>
  );
}

function About({ row: { about, who } }: { row: LedgerWords }) {
  return (
    <>
      {about.to ? (
        <Link className="link code block" to={about.to}>
          {about.text}
        </Link>
      ) : (
        <span className="block">{about.text}</span>
      )}
      <span className="block text-sm text-mute">{who}</span>
    </>
  );
}
