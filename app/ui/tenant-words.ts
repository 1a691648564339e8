import { CREDIT_TYPES } from "~/billing/credit-types";
import type { Overview } from "~/billing/overview.server";
import type { foreseeAdjustment, NamedAdjustment } from "~/operations/adjustments.server";
import type { TenantUser } from "~/operations/tenant-users.server";
import { formatChange, formatCount, formatDate, formatDateTime, formatLastDay } from "./format";
import type { ToastContent } from "./toast";
import { CREDIT_NAME } from "./words.de";

const ROLE_NAME = { OWNER: "Inhaber/in", ADMIN: "Admin", VIEWER: "Nur lesen" } as const;

export const ROLE_OPTIONS = Object.entries(ROLE_NAME) as Array<[string, string]>;
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

/** The question before a person is shut out or gets a new way in; null when there is nothing to ask. */
export function personQuestion(users: UserRow[], asked: string | undefined, userId: string | undefined) {
  const user = users.find((it) => it.id === userId);
  if (!user || user.disabled) return null;
  const trigger = `${asked}-${user.id}`;
  if (asked === "person-sperren") {
    return {
      ...{ intent: "user-disable", userId: user.id, trigger },
      title: `Zugang von «${user.name}» sperren?`,
      text: "Die Person wird überall abgemeldet und kann sich nicht mehr anmelden. Ein Passwort-Link, der noch unbenutzt ist, gilt nicht mehr.",
      ...{ verb: "Sperren", busy: "Wird gesperrt …" },
    };
  }
  if (asked !== "person-link" || user.isStaff) return null;
  return {
    ...{ intent: "password-link", userId: user.id, trigger },
    title: `Passwort-Link für «${user.name}» erstellen?`,
    text: "Wer den Link hat, setzt damit einmal ein neues Passwort; das bisherige und alle Anmeldungen gelten dann nicht mehr. Frühere unbenutzte Links gelten sofort nicht mehr.",
    ...{ verb: "Passwort-Link erstellen", busy: "Wird erstellt …" },
  };
}

export type PersonQuestionWords = NonNullable<ReturnType<typeof personQuestion>>;

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
    status: it.status,
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

/** What agreeing to somebody else's correction does now; null when there is nothing to agree to. */
export function approvalQuestion(
  row: AdjustmentRow | undefined,
  foreseen: Awaited<ReturnType<typeof foreseeAdjustment>> | null,
) {
  if (!row?.isOpen || row.isMine || !foreseen) return null;
  const { usable, held, after, refusal } = foreseen;
  return {
    ...{ id: row.id, what: row.what, reason: row.reason, asked: row.asked },
    effect: beforeAndAfter(usable, held, after),
    refusal: refusal && (Object.values(refusal)[0] ?? null),
  };
}

export type ApprovalWords = NonNullable<ReturnType<typeof approvalQuestion>>;

function beforeAndAfter(usable: number, held: number, after: number): string {
  const frozen = held > 0 ? `, dazu ${formatCount(held)} gesperrt` : "";
  const rest = after < 0 ? "" : `, danach ${formatCount(after)}`;
  return `Verfügbar sind von diesen Credits jetzt ${formatCount(usable)}${frozen}${rest}.`;
}

/** A correction before it is asked for: what it does, and whether somebody else must agree. */
export function adjustmentPreview(
  wish: { type: keyof typeof CREDIT_NAME; delta: number; expiresAt: Date },
  { usable, held, after, needsApproval }: { usable: number; held: number; after: number; needsApproval: boolean },
): string[] {
  return [
    `${formatChange(wish.delta)} × ${CREDIT_NAME[wish.type]}, gültig bis und mit ${formatLastDay(wish.expiresAt)}.`,
    beforeAndAfter(usable, held, after),
    needsApproval
      ? "Eine zweite Person vom Betrieb muss zustimmen. Bis dahin wird nichts gebucht."
      : "Es wird sofort gebucht und steht mit der Begründung im Kontoauszug des Kontos.",
  ];
}

/** What has just been done with a tenant, from its present state: an address that says otherwise is not believed. */
export function tenantToast(
  done: string | undefined,
  disabled: boolean,
  correction: AdjustmentRow | undefined,
): ToastContent | null {
  const words: Record<string, [string, string]> = {
    gespeichert: ["Gespeichert", "Die Angaben zum Konto sind geändert."],
    gesperrt: [
      "Konto gesperrt",
      "Niemand kann sich anmelden, Geräte werden abgewiesen. Bezahltes wird weiter gutgeschrieben.",
    ],
    frei: ["Konto freigegeben", "Anmelden und Geräte gehen wieder."],
    person: ["Gespeichert", "Der Zugang der Person ist geändert."],
    BOOKED: ["Korrektur gebucht", "Sie steht mit der Begründung im Kontoauszug des Kontos."],
    OPEN: ["Korrektur verlangt", "Sie wird gebucht, sobald eine zweite Person zustimmt."],
    REJECTED: ["Korrektur abgelehnt", "Es wurde nichts gebucht."],
  };
  const isFalse = (done === "gesperrt" && !disabled) || (done === "frei" && disabled);
  const found = isFalse ? undefined : words[(done === "korrektur" ? correction?.status : done) ?? ""];
  return found ? { tone: "positive", title: found[0], text: found[1] } : null;
}
