import type { CouponTerms } from "~/billing/coupons.server";
import { grantedCredits } from "~/billing/credit-types";
import type { Coupon, CouponState, CouponUse, CouponWish } from "~/operations/coupon-codes.server";
import type { Tone } from "./badge";
import { formatCount, formatDate, formatDateTime, formatLastDay, formatPack } from "./format";
import type { IconName } from "./icon";
import type { ToastContent } from "./toast";
import { CREDIT_NAME } from "./words.de";

const STATE: Record<CouponState, [name: string, tone: Tone, icon: IconName]> = {
  VALID: ["Gültig", "positive", "check-circle"],
  NOT_YET: ["Noch nicht gültig", "info", "clock"],
  OVER: ["Abgelaufen", "neutral", "minus-circle"],
  USED_UP: ["Aufgebraucht", "neutral", "minus-circle"],
  OFF: ["Ausgeschaltet", "notice", "lock"],
};

export const STATE_OPTIONS = Object.entries(STATE).map(([state, [name]]): [string, string] => [state, name]);

/** «12 von 50 eingelöst». */
function usedText(count: number, most: number | null): string {
  return most === null ? `${formatCount(count)} eingelöst` : `${formatCount(count)} von ${formatCount(most)} eingelöst`;
}

function grantsText(terms: CouponTerms): string {
  return grantedCredits(terms)
    .map(({ type, quantity }) => formatPack(quantity, CREDIT_NAME[type]))
    .join(", ");
}

function windowText({ validFrom, validUntil }: CouponTerms): string {
  if (!validFrom && !validUntil) return "ohne Frist";
  const from = validFrom ? `ab ${formatDate(validFrom)}` : "";
  const until = validUntil ? `bis und mit ${formatLastDay(validUntil)}` : "";
  return [from, until].filter(Boolean).join(" ");
}

/** The codes as their table says it. */
export function couponRows(coupons: Coupon[]) {
  return coupons.map((it) => {
    const [name, tone, icon] = STATE[it.state];
    return {
      id: it.id,
      code: it.code,
      state: { name, tone, icon },
      grants: grantsText(it),
      window: windowText(it),
      used: usedText(it.redeemedCount, it.maxRedemptions),
      partner: it.partner,
    };
  });
}

export type CouponRow = ReturnType<typeof couponRows>[number];

/** One code, term by term. */
export function couponDetails(it: Coupon): Array<{ term: string; value: string }> {
  return [
    { term: "Gewährt", value: grantsText(it) },
    { term: "Einlösbar", value: windowText(it) },
    { term: "Eingelöst", value: usedText(it.redeemedCount, it.maxRedemptions) },
    { term: "Credits gültig", value: `${it.creditExpiresInDays} Tage ab Einlösung` },
    { term: "Partner", value: it.partner ?? "Kein Partner" },
    { term: "Angelegt", value: formatDateTime(it.createdAt) },
  ];
}

/** Who redeemed a code. */
export function useRows(uses: CouponUse[]) {
  return uses.map((it) => ({
    id: it.id,
    tenant: { id: it.tenantId, name: it.tenantName },
    who: it.who ?? "Person unbekannt",
    iso: it.redeemedAt.toISOString(),
    when: formatDateTime(it.redeemedAt),
  }));
}

export type CouponUseRow = ReturnType<typeof useRows>[number];

/** What making the codes may cost, before it is done. */
export function couponPreview({ code, count, terms }: CouponWish, now: Date): string[] {
  const total = grantedCredits(terms).reduce((sum, it) => sum + it.quantity, 0);
  const most = terms.maxRedemptions === null ? null : terms.maxRedemptions * count;
  return [
    code
      ? `Der Code ${code}: ${grantsText(terms)} je Einlösung.`
      : `${formatCount(count)} ${count === 1 ? "Code" : "Codes"}: ${grantsText(terms)} je Einlösung.`,
    `Einlösbar ${windowText(terms)}, von jedem Konto einmal; die Credits gelten ${terms.creditExpiresInDays} Tage ab Einlösung.`,
    most === null
      ? `Ohne Obergrenze: jedes Konto kann ${total === 1 ? "1 Credit" : `${formatCount(total)} Credits`} je Code erhalten.`
      : `Höchstens ${formatCount(most)} ${most === 1 ? "Einlösung" : "Einlösungen"}: höchstens ${formatCount(most * total)} ${most * total === 1 ? "Credit" : "Credits"}.`,
    ...(terms.partner ? [`Partner: ${terms.partner}.`] : []),
    ...(terms.validUntil && terms.validUntil <= now
      ? ["Achtung: Der letzte Tag ist schon vorbei. Niemand kann damit etwas einlösen."]
      : []),
  ];
}

/** What a batch is called: how many codes it has. */
export function batchTitle(count: number): string {
  return count === 1 ? "1 Gutscheincode" : `${formatCount(count)} Gutscheincodes`;
}

/** A batch was just made. */
export function batchToast(count: number): ToastContent {
  const title = count === 1 ? "Code angelegt" : `${formatCount(count)} Codes angelegt`;
  return { tone: "positive", title, text: "Laden Sie die Liste als CSV herunter. Das geht auch später." };
}

/** The terms that all codes of a batch have. */
export function batchDetails(first: Coupon, count: number): Array<{ term: string; value: string }> {
  const { maxRedemptions: most } = first;
  const total = grantedCredits(first).reduce((sum, it) => sum + it.quantity, 0);
  return [
    { term: "Gewährt je Einlösung", value: grantsText(first) },
    { term: "Einlösbar", value: windowText(first) },
    { term: "Höchstens einlösbar", value: most === null ? "Ohne Obergrenze" : `${formatCount(most)} je Code` },
    ...(most === null ? [] : [{ term: "Höchstens gewährt", value: `${formatCount(most * total * count)} Credits` }]),
    { term: "Credits gültig", value: `${first.creditExpiresInDays} Tage ab Einlösung` },
    { term: "Partner", value: first.partner ?? "Kein Partner" },
    { term: "Angelegt", value: formatDateTime(first.createdAt) },
  ];
}

/** What has just been done with a code. */
export function couponToast(done: string | undefined): ToastContent | null {
  const words: Record<string, [string, string]> = {
    angelegt: ["Code angelegt", "Er gilt nach seinen Bedingungen ab sofort."],
    aus: ["Code ausgeschaltet", "Er kann nicht mehr eingelöst werden. Was eingelöst wurde, bleibt."],
    ein: ["Code eingeschaltet", "Er kann nach seinen Bedingungen wieder eingelöst werden."],
  };
  const found = done ? words[done] : undefined;
  return found ? { tone: "positive", title: found[0], text: found[1] } : null;
}

/** The columns of the file of a batch. */
export const BATCH_COLUMNS = ["Code", "Stand", "Gewährt", "Einlösbar", "Eingelöst", "Höchstens", "Partner"];

/** A code as a line of that file. */
export function batchCells(it: Coupon): Array<string | number | null> {
  return [it.code, STATE[it.state][0], grantsText(it), windowText(it), it.redeemedCount, it.maxRedemptions, it.partner];
}
