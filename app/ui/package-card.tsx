import { type Grants, grantedCredits } from "~/billing/credit-types";
import type { Offer } from "~/billing/offers";
import { BuyForm } from "./buy-form";
import { formatAmount, formatMoney, formatPack } from "./format";
import { AlertIcon, CheckIcon, TagIcon } from "./icons";
import { CREDIT_PHRASE } from "./words.de";

/** What a card needs of a SKU. */
export interface CardSku extends Grants {
  id: string;
  name: string;
  description: string | null;
  currency: string;
  amountCents: number;
  creditExpiresInDays: number;
}

interface PackageCardProps {
  offer: Offer<CardSku>;
  nonce: string;
  /** The id of the sentence that says why buying is not allowed; null when it is. */
  refusedId: string | null;
  /** Why the purchase of this very package was just refused, one sentence. */
  problem: string | null;
}

/** One package. Its rows align with the neighbours' (subgrid), so that prices and buttons stand in line. */
export function PackageCard({ offer, nonce, refusedId, problem }: PackageCardProps) {
  const { sku, best } = offer;
  return (
    <li
      id={`paket-${sku.id}`}
      className={`card grid gap-0 p-6 sm:row-span-5 sm:grid-rows-subgrid ${best ? "border-ink" : ""}`}
    >
      <div>
        <h2 className="text-md font-medium">{sku.name}</h2>
        {sku.description ? <p className="mt-1 text-sm text-mute">{sku.description}</p> : null}
      </div>
      <Savings offer={offer} />
      <Price offer={offer} />
      <Contents offer={offer} />
      <div className="self-end">
        {problem ? (
          <p id={`problem-${sku.id}`} className="mb-3 flex gap-2 text-sm text-danger">
            <AlertIcon className="mt-0.5 size-4" />
            <span>
              <span className="sr-only">Fehler: </span>
              {problem}
            </span>
          </p>
        ) : null}
        <BuyForm
          sku={sku}
          nonce={nonce}
          primary={best}
          refused={refusedId !== null}
          describedBy={refusedId ?? (problem ? `problem-${sku.id}` : undefined)}
        />
      </div>
    </li>
  );
}

function Savings({ offer: { sku, savedCents, unit } }: { offer: Offer<CardSku> }) {
  if (savedCents === 0 || !unit) return <div className="max-sm:hidden" />;
  return (
    <p className="mt-2 flex gap-2 text-sm font-medium text-positive">
      <TagIcon className="mt-0.5 size-4" />
      <span>{`Spare ${formatMoney(savedCents, sku.currency)} gegenüber ${unit.quantity}× Einzelkauf`}</span>
    </p>
  );
}

function Price({ offer: { sku, unit, kind } }: { offer: Offer<CardSku> }) {
  const each = kind === "DEVICE_SLOT" ? "Slot" : "Lizenz";
  const perUnit = unit && unit.quantity > 1 ? `${formatMoney(unit.centsEach, sku.currency)} pro ${each}` : "einmalig";
  return (
    <div className="mt-4">
      <p className="num">
        <span className="me-1 text-md text-soft">{sku.currency}</span>{" "}
        <span className="text-2xl font-semibold tracking-tight">{formatAmount(sku.amountCents)}</span>
      </p>
      <p className="mt-1 text-sm text-mute">{perUnit}</p>
    </div>
  );
}

function Contents({ offer: { sku, worthFrom, kind } }: { offer: Offer<CardSku> }) {
  const lines = [
    ...grantedCredits(sku).map(({ type, quantity }) => formatPack(quantity, CREDIT_PHRASE[type])),
    `${sku.creditExpiresInDays} Tage einlösbar`,
    ...(worthFrom === null ? [] : [`Lohnt sich ab ${worthFrom} ${kind === "DEVICE_SLOT" ? "Slots" : "Lizenzen"}`]),
  ];
  return (
    <ul className="mt-4 grid content-start gap-2 border-line border-t pt-4 pb-6 text-soft">
      {lines.map((line) => (
        <li key={line} className="flex gap-2">
          <CheckIcon className="mt-0.5 size-4" />
          {line}
        </li>
      ))}
    </ul>
  );
}
