import { BuyForm } from "./buy-form";
import type { PriceLineWords, PriceListWords } from "./offer-words";

interface PriceListProps {
  columns: PriceListWords["columns"];
  nonce: string;
  refusedId: string | null;
}

/** All packages as short lines, one column per type. */
export function PriceList({ columns, nonce, refusedId }: PriceListProps) {
  return (
    <div className="grid gap-x-8 gap-y-8 md:grid-cols-3">
      {columns.map((column) => (
        <section key={column.type} aria-labelledby={`preise-${column.type}`}>
          <h3 id={`preise-${column.type}`} className="border-ink border-b pb-2 font-medium">
            {column.title}
          </h3>
          <ul>
            {column.lines.map((line) => (
              <PriceLine key={line.id} line={line} nonce={nonce} refusedId={refusedId} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function PriceLine({ line, nonce, refusedId }: { line: PriceLineWords; nonce: string; refusedId: string | null }) {
  return (
    <li className="flex items-center justify-between gap-4 border-line border-b py-3">
      <div className="min-w-0">
        <p className="font-medium">{line.pack}</p>
        <p className="num text-sm text-mute">{line.money}</p>
        {line.saved ? <p className="num text-sm font-medium text-positive">{line.saved}</p> : null}
      </div>
      <BuyForm
        sku={line}
        nonce={nonce}
        primary={false}
        refused={refusedId !== null}
        describedBy={refusedId ?? undefined}
      />
    </li>
  );
}
