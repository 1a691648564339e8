import { Link } from "@remix-run/react";
import type { AuditRow } from "./audit-words";

/** Entries of the audit trail: who did what when, and what it changed. `beside`: on the page of the thing itself, which need not be named. */
export function AuditList({ rows, beside = false }: { rows: AuditRow[]; beside?: boolean }) {
  return (
    <ol>
      {rows.map(({ id, iso, when, who, what, subject, tenant, changes, reason, traceId }) => (
        <li key={id} className="border-line border-t py-3 first:border-0">
          <div className="flex flex-wrap justify-between gap-x-6">
            <p>
              <span className="font-medium">{what}</span> <span className="text-soft">von {who}</span>
            </p>
            <time dateTime={iso} className="num text-sm text-mute">
              {when}
            </time>
          </div>
          {beside ? null : (
            <p className="wrap-anywhere text-sm text-soft">
              {subject.to ? (
                <Link className="link" to={subject.to}>
                  {subject.name}
                </Link>
              ) : (
                subject.name
              )}
              {tenant ? `, ${tenant}` : null}
            </p>
          )}
          {reason ? <p className="wrap-anywhere mt-1">«{reason}»</p> : null}
          {changes.length > 0 ? (
            <ul className="wrap-anywhere mt-1 text-sm text-soft">
              {changes.map(({ field, from, to }) => (
                <li key={field}>
                  {field}: {from === null ? null : <del className="text-mute">{from}</del>}{" "}
                  {from === null ? null : "→ "}
                  {to}
                </li>
              ))}
            </ul>
          ) : null}
          {beside ? null : <p className="code mt-1 text-sm text-mute">{traceId}</p>}
        </li>
      ))}
    </ol>
  );
}
