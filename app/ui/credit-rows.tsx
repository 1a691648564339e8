import { Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { CREDIT_TYPES, type CreditType } from "~/billing/credit-types";
import type { Overview } from "~/billing/overview.server";
import { creditTimeLeft, formatLastDay } from "./format";
import { CREDIT_PHRASE, CREDIT_TAB } from "./words.de";

type Lot = Overview["credits"][number];

/** The three kinds of credits, always all three, with how many are usable now. */
export function CreditRows({ credits, now }: { credits: Lot[]; now: Date }) {
  return (
    <ul>
      {CREDIT_TYPES.map((type) => (
        <CreditRow key={type} type={type} lots={credits.filter((lot) => lot.type === type)} now={now} />
      ))}
    </ul>
  );
}

function CreditRow({ type, lots, now }: { type: CreditType; lots: Lot[]; now: Date }) {
  const usable = lots.reduce((sum, lot) => sum + lot.quantity - lot.held, 0);
  return (
    <li className="flex items-center gap-x-2 border-line border-b py-4 last:border-0" data-testid={`credits-${type}`}>
      <p className={`num min-w-16 text-2xl font-semibold tracking-tight ${usable === 0 ? "text-mute" : ""}`}>
        {usable}
      </p>
      <div className="min-w-0">
        <h3 className="font-medium">{CREDIT_PHRASE[type]}</h3>
        <p className="text-sm text-mute">{subLine(type, lots, usable, now)}</p>
      </div>
    </li>
  );
}

function subLine(type: CreditType, lots: Lot[], usable: number, now: Date): ReactNode {
  const held = lots.reduce((sum, lot) => sum + lot.held, 0);
  const locked = held === 1 ? "ein weiterer ist gesperrt" : `${held} weitere sind gesperrt`;
  if (usable === 0) {
    return (
      <>
        {held > 0
          ? `Kein Guthaben, ${held === 1 ? "ein Credit ist" : `${held} Credits sind`} gesperrt. `
          : "Kein Guthaben. "}
        <Link className="link" to={`/admin/billing/packages?art=${CREDIT_TAB[type].art}`}>
          {type === "DEVICE_SLOT" ? "Geräte-Slot kaufen" : `${CREDIT_PHRASE[type]} kaufen`}
        </Link>
      </>
    );
  }
  return `${firstExpiry(lots, usable, now)}${held > 0 ? `, ${locked}` : ""}`;
}

function firstExpiry(lots: Lot[], usable: number, now: Date): string {
  const first = lots.find((lot) => lot.quantity > lot.held);
  if (!first) return "";
  const { text, soon } = creditTimeLeft(first.expiresAt, now);
  if (!soon) return `bis und mit ${formatLastDay(first.expiresAt)}`;
  const count = first.quantity - first.held;
  if (count === usable) return text.replace(/^läuft/, count === 1 ? "läuft" : "laufen");
  return `${count} davon ${count === 1 ? text : text.replace(/^läuft/, "laufen")}`;
}
