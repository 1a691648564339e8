import { CREDIT_TYPES, type CreditType } from "~/billing/credit-types";
import type { Overview } from "~/billing/overview.server";
import { creditTimeLeft, formatDate, formatLastDay, formatTime, licenceTimeLeft } from "./format";
import { CREDIT_NAME, CREDIT_PHRASE, CREDIT_TAB } from "./words.de";

const SOON_MS = 30 * 24 * 60 * 60 * 1000;

type Lot = Overview["credits"][number];

/** What the overview says of a tenant, worded where it was read: the browser gets what it shows. Run by the loader. */
export function overviewWords({ entitlement, credits, readAt }: Overview) {
  return {
    licence: licenceWords(entitlement, readAt),
    urgent: urgentType({ entitlement, credits, readAt }),
    credits: CREDIT_TYPES.map((type) =>
      creditWords(
        type,
        credits.filter((lot) => lot.type === type),
        readAt,
      ),
    ),
    lots: lotRows(credits, readAt),
  };
}

/** The licence credit that should be activated now: there is one, and the licence is missing or ends soon. 365 days before 30. */
function urgentType({ entitlement, credits, readAt }: Omit<Overview, "expiringSoon">): CreditType | null {
  const { validUntil } = entitlement;
  if (validUntil && validUntil.getTime() - readAt.getTime() > SOON_MS) return null;
  const usable = (type: CreditType) => credits.some((lot) => lot.type === type && lot.quantity > lot.held);
  return (["LICENSE_365D", "LICENSE_30D"] as const).find(usable) ?? null;
}

/** The licence as its panel says it. */
export interface LicenceWords {
  state: "none" | "active" | "soon" | "over";
  /** null without a licence. */
  until: { label: string; iso: string; day: string; rest: string } | null;
  devices: { active: number; max: number };
}

function licenceWords(entitlement: Overview["entitlement"], now: Date): LicenceWords {
  const { validUntil, isActive, maxDevices, activeDevices } = entitlement;
  const devices = { active: activeDevices, max: maxDevices };
  if (!validUntil) return { state: "none", until: null, devices };
  const isSoon = validUntil.getTime() - now.getTime() <= SOON_MS;
  const until = {
    label: isActive ? "Gültig bis" : "Abgelaufen am",
    iso: validUntil.toISOString(),
    day: formatDate(validUntil),
    rest: `${formatTime(validUntil)} Uhr${isActive ? `, ${licenceTimeLeft(validUntil, now)}` : ""}`,
  };
  return { state: isActive ? (isSoon ? "soon" : "active") : "over", until, devices };
}

/** The credits of one type as their row says it. */
export interface CreditWords {
  type: CreditType;
  name: string;
  usable: number;
  text: string;
  /** Where to get some, when there are none. */
  buy: { label: string; to: string } | null;
}

function creditWords(type: CreditType, lots: Lot[], now: Date): CreditWords {
  const usable = lots.reduce((sum, lot) => sum + lot.quantity - lot.held, 0);
  const held = lots.reduce((sum, lot) => sum + lot.held, 0);
  const name = CREDIT_PHRASE[type];
  if (usable === 0) {
    const locked = held === 1 ? ", ein Credit ist gesperrt" : `, ${held} Credits sind gesperrt`;
    const buy = { label: `${name} kaufen`, to: `/admin/billing/packages?art=${CREDIT_TAB[type].art}` };
    return { type, name, usable, text: `Kein Guthaben${held > 0 ? locked : ""}.`, buy };
  }
  const locked = held === 1 ? ", ein weiterer ist gesperrt" : `, ${held} weitere sind gesperrt`;
  return { type, name, usable, text: `${expiries(lots, usable, now)}${held > 0 ? locked : ""}`, buy: null };
}

/** When usable credits lapse. A date stands for all of them only if there is no other. */
function expiries(lots: Lot[], usable: number, now: Date): string {
  const [first, second, ...others] = lots
    .filter((lot) => lot.quantity > lot.held)
    .map(({ quantity, held, expiresAt }) => ({ count: quantity - held, expiresAt }));
  if (!first) return "";
  const { text, soon } = creditTimeLeft(first.expiresAt, now);
  const words = first.count === 1 ? text : text.replace(/^läuft/, "laufen");
  if (soon) return second ? `${first.count} davon ${words}` : words;
  const firstDay = `bis und mit ${formatLastDay(first.expiresAt)}`;
  if (!second) return firstDay;
  const rest = usable - first.count;
  return `${first.count} ${firstDay}, ${rest} ${others.length > 0 ? "länger" : `bis und mit ${formatLastDay(second.expiresAt)}`}`;
}

/** Credits that lapse on one day, as a row of the table says it. */
export interface LotWords {
  key: string;
  name: string;
  count: number;
  lastDay: string;
  left: string;
  state: "held" | "soon" | "later";
}

/** A thousand lots are no help, and no page. */
const MOST_LOTS = 12;

function lotRows(credits: Lot[], now: Date): { rows: LotWords[]; more: string | null } {
  const rest = credits.length - MOST_LOTS;
  const more = rest > 0 ? `und ${rest === 1 ? "1 weiterer Tag" : `${rest} weitere Tage`}, siehe Kontoauszug` : null;
  return { rows: credits.slice(0, MOST_LOTS).flatMap((lot) => lotWords(lot, now)), more };
}

/** What is held of a lot is a row of its own. */
function lotWords({ type, quantity, held, expiresAt }: Lot, now: Date): LotWords[] {
  const { text, soon } = creditTimeLeft(expiresAt, now);
  const row = { name: CREDIT_NAME[type], lastDay: formatLastDay(expiresAt) };
  const key = `${type}-${expiresAt.getTime()}`;
  const rows: LotWords[] = [
    { ...row, key, count: quantity - held, left: text, state: soon ? "soon" : "later" },
    { ...row, key: `${key}-held`, count: held, left: "gesperrt: Zahlung angefochten", state: "held" },
  ];
  return rows.filter(({ count }) => count > 0);
}
