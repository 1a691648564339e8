import { Link } from "@remix-run/react";
import type { FailureRow, ProgressWords } from "./replay-words";

/** How far a replay is, and how many events came to what. */
export function ReplayProgress({ progress }: { progress: ProgressWords }) {
  const { state, text, total, done, gone, failure, counts } = progress;
  return (
    <section aria-labelledby="stand">
      <h2 id="stand" className="mb-2 text-lg font-semibold tracking-tight">
        Stand
      </h2>
      <p role="status" className="font-medium">
        {state}
      </p>
      <progress
        aria-labelledby="stand"
        className="mt-3 h-2 w-full appearance-none overflow-hidden rounded-full bg-neutral-wash [&::-moz-progress-bar]:bg-operator [&::-webkit-progress-bar]:bg-neutral-wash [&::-webkit-progress-value]:bg-operator"
        {...(total === null ? {} : { max: total, value: done })}
      />
      <p className="num mt-1 text-soft">{text}</p>
      {gone ? <p className="mt-1 text-sm text-mute">{gone}</p> : null}
      {failure ? <p className="mt-3 text-danger">{failure}</p> : null}
      <dl className="mt-6 grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-3">
        {counts.map(({ result, name, count, isBad }) => (
          <div key={result}>
            <dt className="text-sm text-mute">{name}</dt>
            <dd className={`num text-xl font-semibold ${isBad ? "text-danger" : ""}`} data-testid={`count-${result}`}>
              {count}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** The events that could not be processed, and why. */
export function ReplayFailures({ rows }: { rows: FailureRow[] }) {
  return (
    <section aria-labelledby="nicht" className="mt-12">
      <h2 id="nicht" className="mb-2 text-lg font-semibold tracking-tight">
        Nicht verarbeitet
      </h2>
      <table className="table table-rows">
        <caption className="sr-only">Ereignisse, die nicht verarbeitet werden konnten, das letzte zuerst</caption>
        <thead>
          <tr>
            <th scope="col" className="sm:w-80">
              Ereignis
            </th>
            <th scope="col" className="max-sm:hidden">
              Warum
            </th>
            <th scope="col" className="text-end">
              Ergebnis
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ seq, id, type, why, result }) => (
            <tr key={seq}>
              <th scope="row">
                <Link
                  className="underline decoration-line-strong underline-offset-3 wrap-anywhere"
                  to={`/operator/events/${id}`}
                >
                  {type}
                </Link>
                <span className="code block text-sm font-normal text-mute">{id}</span>
                <span className="block font-normal text-soft sm:hidden">{why}</span>
              </th>
              <td className="text-soft max-sm:hidden">{why}</td>
              <td className="text-end sm:whitespace-nowrap">{result}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
