import { CREDIT_TYPES } from "~/billing/credit-types";
import type { Offer } from "~/billing/offers";
import { BuyForm } from "./buy-form";
import { formatMoney, formatPack } from "./format";
import type { CardSku } from "./package-card";
import { CREDIT_NAME, CREDIT_TAB } from "./words.de";

interface PriceListProps {
  offers: Offer<CardSku>[];
  nonce: string;
  refusedId: string | null;
}

/** All packages as short lines, one column per type. */
export function PriceList({ offers, nonce, refusedId }: PriceListProps) {
  const columns = CREDIT_TYPES.map((type) => ({ type, offers: offers.filter((offer) => offer.kind === type) }));
  return (
    <div className="grid gap-x-8 gap-y-8 md:grid-cols-3">
      {columns
        .filter((column) => column.offers.length > 0)
        .map((column) => (
          <section key={column.type} aria-labelledby={`preise-${column.type}`}>
            <h3 id={`preise-${column.type}`} className="border-ink border-b pb-2 font-medium">
              {CREDIT_TAB[column.type].name}
            </h3>
            <ul>
              {column.offers.map((offer) => (
                <PriceLine key={offer.sku.id} offer={offer} nonce={nonce} refusedId={refusedId} />
              ))}
            </ul>
          </section>
        ))}
    </div>
  );
}

function PriceLine({ offer, nonce, refusedId }: { offer: Offer<CardSku>; nonce: string; refusedId: string | null }) {
  const { sku, unit, savedCents, kind } = offer;
  const name = kind === "DEVICE_SLOT" ? "Slot" : CREDIT_NAME[kind];
  return (
    <li className="flex items-center justify-between gap-4 border-line border-b py-3">
      <div className="min-w-0">
        <p className="font-medium">{unit ? formatPack(unit.quantity, name) : sku.name}</p>
        <p className="num text-sm text-mute">{formatMoney(sku.amountCents, sku.currency)}</p>
        {savedCents > 0 ? (
          <p className="num text-sm font-medium text-positive">{`${formatMoney(savedCents, sku.currency)} gespart`}</p>
        ) : null}
      </div>
      <BuyForm
        sku={sku}
        nonce={nonce}
        primary={false}
        refused={refusedId !== null}
        describedBy={refusedId ?? undefined}
      />
    </li>
  );
}
