import { COUNTRIES } from "~/billing/countries";
import { CREDIT_TYPES } from "~/billing/credit-types";
import type { Overview } from "~/billing/overview.server";
import type { NamedAdjustment } from "~/operations/adjustments.server";
import type { TenantUser } from "~/operations/tenant-users.server";
import { formatChange, formatDate, formatDateTime, formatLastDay } from "./format";
import type { ToastContent } from "./toast";
import { CREDIT_NAME } from "./words.de";

const ROLE_NAME = { OWNER: "Inhaber/in", ADMIN: "Admin", VIEWER: "Nur lesen" } as const;

export const ROLE_OPTIONS = Object.entries(ROLE_NAME) as Array<[string, string]>;
export const COUNTRY_OPTIONS = COUNTRIES.map((code): [string, string] => [code, code]);
export const CREDIT_OPTIONS = CREDIT_TYPES.map((type): [string, string] => [type, CREDIT_NAME[type]]);

/** The people of a tenant as their table says it. */
export function userRows(users: TenantUser[]) {
  return users.map((it) => ({
    id: it.id,
    name: it.name || it.email,
    email: it.email,
    role: it.role,
    disabled: it.disabledAt !== null,
    state: it.disabledAt ? "Gesperrt" : it.hasPassword ? "Aktiv" : "Noch ohne Passwort",
    isStaff: it.operator,
  }));
}

export type UserRow = ReturnType<typeof userRows>[number];

/** The lots with the address that corrects one of them. */
export function lotRows({ credits }: Overview) {
  return credits.map((it) => {
    const lastDay = formatLastDay(it.expiresAt);
    const query = new URLSearchParams({ bestaetigen: "korrektur", typ: it.type, bis: lastDay });
    return {
      key: `${it.type} ${lastDay}`,
      name: CREDIT_NAME[it.type],
      usable: it.quantity - it.held,
      held: it.held,
      lastDay,
      to: `?${query}`,
    };
  });
}

/** Until when the tenant may work, and with how many devices. */
export function entitlementText({ entitlement }: Overview): string {
  const { validUntil, isActive, activeDevices, maxDevices } = entitlement;
  const licence = validUntil
    ? isActive
      ? `Lizenz bis ${formatDateTime(validUntil)}`
      : `Lizenz abgelaufen am ${formatDate(validUntil)}`
    : "Noch keine Lizenz";
  return `${licence}. ${activeDevices} von ${maxDevices} Geräten aktiv.`;
}

const STATE = { OPEN: "wartet auf eine zweite Person", BOOKED: "gebucht", REJECTED: "abgelehnt" } as const;

/** Corrections of balances. `me`: who looks at them, and cannot agree to the own ones. */
export function adjustmentRows(adjustments: NamedAdjustment[], me: string) {
  return adjustments.map((it) => ({
    id: it.id,
    tenant: { id: it.tenantId, name: it.tenantName },
    what: `${formatChange(it.delta)} × ${CREDIT_NAME[it.type]}, gültig bis und mit ${formatLastDay(it.expiresAt)}`,
    reason: it.reason,
    state: STATE[it.status],
    isOpen: it.status === "OPEN",
    isMine: it.requestedBy === me,
    asked: `Verlangt von ${it.requestedByName} am ${formatDateTime(it.requestedAt)}`,
    decided:
      it.decidedAt && it.decidedByName
        ? `${it.status === "BOOKED" ? "Gebucht" : "Abgelehnt"} von ${it.decidedByName} am ${formatDateTime(it.decidedAt)}${it.decisionNote ? `: «${it.decisionNote}»` : ""}`
        : null,
  }));
}

export type AdjustmentRow = ReturnType<typeof adjustmentRows>[number];

/** A correction before it is asked for: what it does, and whether somebody else must agree. */
export function adjustmentPreview(
  wish: { type: keyof typeof CREDIT_NAME; delta: number; expiresAt: Date },
  { usable, held, after, needsApproval }: { usable: number; held: number; after: number; needsApproval: boolean },
): string[] {
  const frozen = held > 0 ? `, dazu ${held} gesperrt` : "";
  return [
    `${formatChange(wish.delta)} × ${CREDIT_NAME[wish.type]}, gültig bis und mit ${formatLastDay(wish.expiresAt)}.`,
    `Verfügbar sind von diesen Credits jetzt ${usable}${frozen}, danach ${after}.`,
    needsApproval
      ? "Eine zweite Person vom Betrieb muss zustimmen. Bis dahin wird nichts gebucht."
      : "Es wird sofort gebucht und steht mit der Begründung im Kontoauszug des Kontos.",
  ];
}

/** What has just been done with a tenant. */
export function tenantToast(done: string | undefined): ToastContent | null {
  const words: Record<string, [string, string]> = {
    gespeichert: ["Gespeichert", "Die Angaben zum Konto sind geändert."],
    gesperrt: [
      "Konto gesperrt",
      "Niemand kann sich anmelden, Geräte werden abgewiesen. Bezahltes wird weiter gutgeschrieben.",
    ],
    frei: ["Konto freigegeben", "Anmelden und Geräte gehen wieder."],
    person: ["Gespeichert", "Der Zugang der Person ist geändert."],
    gebucht: ["Korrektur gebucht", "Sie steht mit der Begründung im Kontoauszug des Kontos."],
    verlangt: ["Korrektur verlangt", "Sie wird gebucht, sobald eine zweite Person zustimmt."],
    abgelehnt: ["Korrektur abgelehnt", "Es wurde nichts gebucht."],
  };
  const found = done ? words[done] : undefined;
  return found ? { tone: "positive", title: found[0], text: found[1] } : null;
}
