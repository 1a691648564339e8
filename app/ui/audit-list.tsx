import { Link } from "@remix-run/react";
import type { AuditRow } from "./audit-words";
import { Icon } from "./icon";

/**
 * Entries of the audit trail, newest first: who did what when, and what it changed. `beside`: on the page of the thing itself, which need
 * not be named.
 */
export function AuditList({ rows, beside = false }: { rows: AuditRow[]; beside?: boolean }) {
  return (
    <ol>
      {rows.map((row, i) => (
        <li key={row.id} className="relative flex gap-4 pb-7 last:pb-0">
          {i < rows.length - 1 ? (
            <span aria-hidden="true" className="absolute start-4 top-8 bottom-0 w-px bg-line" />
          ) : null}
          <span
            aria-hidden="true"
            className="grid size-8 shrink-0 place-items-center rounded-full bg-neutral-wash text-neutral"
          >
            <Icon name={row.icon} />
          </span>
          <div className="min-w-0 flex-1 pt-1">
            <div className="flex flex-wrap justify-between gap-x-6">
              <p className="wrap-anywhere min-w-0">
                <span className="font-medium">{row.what}</span>{" "}
                <span className="text-soft">
                  von{" "}
                  {beside ? (
                    <bdi>{row.who}</bdi>
                  ) : (
                    <Link className="link" to={row.whoUrl}>
                      <bdi>{row.who}</bdi>
                    </Link>
                  )}
                </span>
              </p>
              <time dateTime={row.iso} className="num text-sm text-mute">
                {row.when}
              </time>
            </div>
            {beside ? null : <About row={row} />}
            {row.reason ? (
              <p className="wrap-anywhere mt-1">
                «<bdi>{row.reason}</bdi>»
              </p>
            ) : null}
            <Changes changes={row.changes} />
            {beside ? null : (
              <p className="mt-1.5 text-sm text-mute">
                Trace-ID{" "}
                <Link className="link code" to={`/operator/audit?trace=${encodeURIComponent(row.traceId)}`}>
                  {row.traceId}
                </Link>
              </p>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

/** What it was done to, and whose it is. */
function About({ row: { subject, tenant } }: { row: AuditRow }) {
  return (
    <p className="wrap-anywhere mt-0.5 text-sm text-soft">
      {subject.to ? (
        <Link className="link code" to={subject.to}>
          {subject.name}
        </Link>
      ) : (
        <span className="code">{subject.name}</span>
      )}
      {tenant ? (
        <>
          {", "}
          <Link className="link" to={tenant.to}>
            <bdi>{tenant.name}</bdi>
          </Link>
        </>
      ) : null}
    </p>
  );
}

/** Before and after, only of what differs. */
function Changes({ changes }: { changes: AuditRow["changes"] }) {
  if (changes.length === 0) return null;
  return (
    <dl className="mt-1.5 grid gap-y-0.5 text-sm">
      {changes.map(({ field, from, to }) => (
        <div key={field} className="flex flex-wrap gap-x-3">
          <dt className="w-44 shrink-0 text-mute">{field}</dt>
          <dd className="wrap-anywhere min-w-0 flex-1 basis-40 text-soft">
            {from === null ? null : (
              <>
                <span className="sr-only">vorher </span>
                <bdi className="text-mute">{from}</bdi>
                <span aria-hidden="true"> → </span>
                <span className="sr-only">, nachher </span>
              </>
            )}
            <bdi>{to}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
