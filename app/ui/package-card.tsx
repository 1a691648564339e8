import { BuyForm } from "./buy-form";
import { Icon } from "./icon";
import type { PackageWords } from "./offer-words";

interface PackageCardProps {
  offer: PackageWords;
  nonce: string;
  /** The id of the sentence that says why buying is not allowed; null when it is. */
  refusedId: string | null;
  /** Why the purchase of this very package was just refused, one sentence. */
  problem: string | null;
}

/** One package. Its rows align with the neighbours' (subgrid), so that prices and buttons stand in line. */
export function PackageCard({ offer, nonce, refusedId, problem }: PackageCardProps) {
  const { id, best } = offer;
  return (
    <li
      id={`paket-${id}`}
      className={`card grid gap-0 p-6 sm:row-span-5 sm:grid-rows-subgrid ${best ? "border-ink" : ""}`}
    >
      <div>
        <h2 className="text-md font-medium">{offer.name}</h2>
        {offer.description ? <p className="mt-1 text-sm text-mute">{offer.description}</p> : null}
      </div>
      <Savings text={offer.savings} />
      <Price offer={offer} />
      <Contents lines={offer.contents} />
      <div className="self-end">
        {problem ? (
          <p id={`problem-${id}`} className="mb-3 flex gap-2 text-sm text-danger">
            <Icon name="alert" className="mt-0.5 size-4" />
            <span>
              <span className="sr-only">Fehler: </span>
              {problem}
            </span>
          </p>
        ) : null}
        <BuyForm
          sku={offer}
          nonce={nonce}
          primary={best}
          refused={refusedId !== null}
          describedBy={refusedId ?? (problem ? `problem-${id}` : undefined)}
        />
      </div>
    </li>
  );
}

function Savings({ text }: { text: string | null }) {
  if (!text) return <div className="max-sm:hidden" />;
  return (
    <p className="mt-2 flex gap-2 text-sm font-medium text-positive">
      <Icon name="tag" className="mt-0.5 size-4" />
      <span>{text}</span>
    </p>
  );
}

function Price({ offer: { currency, amount, perUnit } }: { offer: PackageWords }) {
  return (
    <div className="mt-4">
      <p className="num">
        <span className="me-1 text-md text-soft">{currency}</span>{" "}
        <span className="text-2xl font-semibold tracking-tight">{amount}</span>
      </p>
      <p className="mt-1 text-sm text-mute">{perUnit}</p>
    </div>
  );
}

function Contents({ lines }: { lines: string[] }) {
  return (
    <ul className="mt-4 grid content-start gap-2 border-line border-t pt-4 pb-6 text-soft">
      {lines.map((line) => (
        <li key={line} className="flex gap-2">
          <Icon name="check" className="mt-0.5 size-4" />
          {line}
        </li>
      ))}
    </ul>
  );
}
