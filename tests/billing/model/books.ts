export type CreditType = "LICENSE_30D" | "LICENSE_365D" | "DEVICE_SLOT";
export const TYPES: CreditType[] = ["LICENSE_30D", "LICENSE_365D", "DEVICE_SLOT"];

/** The credits of one tenant and type that expire at one instant (ms). Plain data. */
export interface Lot {
  tenant: number;
  type: CreditType;
  expiresAt: number;
  quantity: number;
  held: number;
  lapsed: number;
  orders: number;
}

/** One type of an order's grant and what became of it. */
export interface Share {
  lot: Lot;
  granted: number;
  taken: number;
  /** Due, but no longer there: spent or lapsed. Never taken from elsewhere later. */
  missing: number;
  held: number;
}

/** Rounded down; all of it at full refund. */
export function targetOf(granted: number, refundedCents: number, paidCents: number): number {
  return refundedCents >= paidCents ? granted : Math.floor((granted * refundedCents) / paidCents);
}

/**
 * Books the difference between what is due and what was settled before, then freezes or releases.
 * @param wasFrozen the dispute was seen open before: its hold may only grow by what a failed refund gave back
 */
export function follow(share: Share, target: number, freeze: boolean, wasFrozen: boolean): void {
  const { lot } = share;
  const reach = lot.quantity - (lot.held - share.held);
  const due = target - share.taken - share.missing;
  let returned = 0;
  if (due >= 0) {
    const take = Math.min(due, reach);
    share.missing += due - take;
    move(share, take);
  } else {
    const forgiven = Math.min(share.missing, -due);
    share.missing -= forgiven;
    returned = -due - forgiven;
    move(share, -returned);
  }
  const left = share.granted - share.taken - share.missing;
  const most = wasFrozen ? Math.min(left, share.held + returned) : left;
  const held = freeze ? Math.min(most, lot.quantity - (lot.held - share.held)) : 0;
  lot.held += held - share.held;
  share.held = held;
}

function move(share: Share, take: number): void {
  share.taken += take;
  share.lot.quantity -= take;
}

/** The lot that the next credit is spent from: the soonest expiry that has a free one. */
export function nextLot(lots: Lot[], tenant: number, type: CreditType, now: number): Lot | undefined {
  return lots
    .filter((lot) => lot.tenant === tenant && lot.type === type && lot.expiresAt > now && lot.quantity > lot.held)
    .sort((a, b) => a.expiresAt - b.expiresAt)[0];
}

/** What has passed its end goes, but what is frozen. */
export function lapse(lots: Lot[], now: number): void {
  for (const lot of lots) {
    if (lot.expiresAt > now) continue;
    lot.lapsed += lot.quantity - lot.held;
    lot.quantity = lot.held;
  }
}

const localTime = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "Europe/Zurich",
  dateStyle: "short",
  timeStyle: "medium",
});

/** The end of the Zurich day that is `days` days after the day of payment, in ms. */
export function endOfCredit(paidAt: number, days: number): number {
  const [year = 0, month = 1, day = 1] = localTime.format(paidAt).slice(0, 10).split("-").map(Number);
  const wanted = Date.UTC(year, month - 1, day + days + 1);
  const found = [1, 2]
    .map((hours) => wanted - hours * 3_600_000)
    .find((instant) => localTime.format(instant) === `${new Date(wanted).toISOString().slice(0, 10)} 00:00:00`);
  if (found === undefined) throw new Error(`No midnight in Zurich ${days} days after ${paidAt}`);
  return found;
}
