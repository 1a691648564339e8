import type { ReactNode } from "react";

/** Terms at the left, values at the right, hairlines between. */
export function DefinitionList({ items }: { items: Array<{ term: string; value: ReactNode }> }) {
  return (
    <dl>
      {items.map(({ term, value }) => (
        <div
          key={term}
          className="flex flex-wrap justify-between gap-x-6 gap-y-1 border-line border-t py-2.5 first:border-0"
        >
          <dt className="text-soft">{term}</dt>
          <dd className="min-w-0 text-end">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
