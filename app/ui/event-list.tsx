import { Link } from "@remix-run/react";
import { EventBadge } from "./event-badge";
import type { EventDay } from "./event-words";

const NAME = "underline decoration-line-strong underline-offset-3 wrap-anywhere";

/** Events by day, newest first. `beside`: the address that opens an event beside the list, for wide screens; `open`: the one that is. */
export function EventList({ days, beside, open }: { days: EventDay[]; beside: string; open: string | null }) {
  return days.map(({ day, name, rows }) => (
    <section key={day} aria-labelledby={`tag-${day}`} className="mb-8">
      <h2 id={`tag-${day}`} className="text-base font-medium">
        {name}
      </h2>
      <table className="table table-rows">
        <caption className="sr-only">Ereignisse, {name}, neuste zuerst</caption>
        <thead>
          <tr>
            <th scope="col" className="w-24 max-sm:hidden">
              Zeit
            </th>
            <th scope="col">Ereignis</th>
            <th scope="col" className="text-end">
              Status
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} className={row.id === open ? "xl:bg-operator-wash" : undefined}>
              <td className="num text-soft max-sm:hidden xl:ps-3">
                <time dateTime={row.iso}>{row.time}</time>
              </td>
              <th scope="row">
                <Link className={`${NAME} xl:hidden`} to={`/operator/events/${row.id}`}>
                  {row.type}
                </Link>
                <Link
                  className={`${NAME} max-xl:hidden`}
                  to={`${beside}${encodeURIComponent(row.id)}`}
                  preventScrollReset
                  aria-current={row.id === open ? "true" : undefined}
                >
                  {row.type}
                </Link>
                <span className="block text-sm font-normal text-mute">
                  <span className="num sm:hidden">{row.time} · </span>
                  {row.about}
                </span>
              </th>
              <td className="text-end">
                <EventBadge state={row.state} />
                {row.next ? <span className="mt-1 block text-xs text-mute">{row.next}</span> : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  ));
}
