import { Link, useLocation } from "@remix-run/react";
import type { ReactNode } from "react";
import { Icon } from "./icon";
import { useErrorFocus } from "./use-error-focus";

export type ToastTone = "positive" | "info" | "notice" | "neutral" | "danger";

export interface ToastContent {
  tone: ToastTone;
  title: string;
  text: string;
  /** "reload" is the same page, which must load anew also where JavaScript runs. */
  action?: { label: string; to: `/${string}` | "reload" };
}

const WASH: Record<ToastTone, string> = {
  positive: "bg-positive-wash text-positive",
  info: "bg-info-wash text-info",
  notice: "bg-notice-wash text-notice",
  neutral: "bg-neutral-wash text-neutral",
  danger: "bg-danger-wash text-danger",
};

const ICON: Record<ToastTone, ReactNode> = {
  positive: <Icon name="check-circle" className="size-5" />,
  info: <Icon name="clock" className="size-5" />,
  notice: <Icon name="eye" className="size-5" />,
  neutral: <Icon name="minus-circle" className="size-5" />,
  danger: <Icon name="alert" className="size-5" />,
};

/**
 * The block above the heading that says what has just happened. It stays until the next page. An error takes the focus,
 * with JavaScript and without.
 */
export function Toast({ toast }: { toast: ToastContent | null }) {
  const { pathname, search } = useLocation();
  const isError = toast?.tone === "danger";
  const box = useErrorFocus(isError ? toast.title : null);
  return (
    <div
      // A page may say something of its own below the room's empty line; an id is there once.
      id={toast ? "meldung" : undefined}
      role={isError ? "alert" : "status"}
      ref={box}
      tabIndex={isError ? -1 : undefined}
      autoFocus={isError}
    >
      {toast ? (
        <div className={`mb-8 flex flex-wrap items-center gap-x-6 gap-y-3 rounded-lg px-5 py-4 ${WASH[toast.tone]}`}>
          <div className="flex min-w-0 flex-1 basis-72 gap-3">
            {ICON[toast.tone]}
            <div className="min-w-0">
              <p className="font-semibold">{toast.title}</p>
              {toast.text ? <p className="mt-0.5 text-soft">{toast.text}</p> : null}
            </div>
          </div>
          {toast.action ? (
            <Link
              className="btn btn-secondary"
              to={toast.action.to === "reload" ? `${pathname}${search}` : toast.action.to}
              reloadDocument={toast.action.to === "reload"}
            >
              {toast.action.label}
            </Link>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}
