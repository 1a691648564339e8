import type { ReactNode } from "react";

/** A page's heading with its one-line intro; actions at the right, under it on a phone. */
export function PageHead({ title, intro, action }: { title: string; intro?: string; action?: ReactNode }) {
  return (
    <header className="mb-8 flex flex-wrap items-start justify-between gap-x-6 gap-y-4">
      <div className="min-w-0">
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {intro ? <p className="mt-2 text-md text-soft">{intro}</p> : null}
      </div>
      {action}
    </header>
  );
}
