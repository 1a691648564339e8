import type { Difference } from "~/billing/reconciliation.server";
import type { NamedOrder } from "~/operations/reports.server";
import { formatCount } from "./format";

/** How a kind of difference can be mended: through the normal path, by a person, or by looking at the books once more. */
type Remedy = "reconcile" | "order" | "verify" | null;

const KINDS: Record<string, { name: string; meaning: string; remedy: Remedy }> = {
  PAYMENT_NOT_GRANTED: {
    name: "Bezahlt, aber nicht gutgeschrieben",
    meaning: "Stripe hat eine Zahlung, die noch keiner Bestellung gutgeschrieben ist.",
    remedy: "reconcile",
  },
  ORDER_WITHOUT_PAID_SESSION: {
    name: "Gutgeschrieben, aber nicht bezahlt",
    meaning: "Eine Bestellung ist gutgeschrieben, Stripe hat dazu keine bezahlte Sitzung.",
    remedy: "order",
  },
  AMOUNT_DIFFERS: {
    name: "Betrag verschieden",
    meaning: "Stripe hat einen anderen Betrag als die Bestellung.",
    remedy: "order",
  },
  SESSION_DIFFERS: {
    name: "Sitzung passt nicht zur Bestellung",
    meaning: "Was Stripe zur Sitzung sagt, ist nicht, was bestellt wurde.",
    remedy: "order",
  },
  SESSION_WITHOUT_ORDER: {
    name: "Zahlung ohne Bestellung",
    meaning: "Bei Stripe ist eine Sitzung bezahlt, deren Bestellung es hier nicht gibt.",
    remedy: null,
  },
  PAYMENT_WITHOUT_ORDER: {
    name: "Zahlung ohne Bestellung",
    meaning: "Bei Stripe liegt eine Zahlung, deren Bestellung es hier nicht gibt.",
    remedy: null,
  },
  REFUND_DIFFERS: {
    name: "Rückerstattung verschieden",
    meaning: "Stripe hat anders rückerstattet, als hier steht.",
    remedy: "reconcile",
  },
  STRIPE_UNAVAILABLE: {
    name: "Stripe nicht erreichbar",
    meaning: "Der Lauf konnte nicht alles lesen und wird von selbst nachgeholt.",
    remedy: null,
  },
  LOT_SUM: {
    name: "Guthaben ungleich Bewegungen",
    meaning: "Ein Guthaben ist nicht die Summe seiner Bewegungen.",
    remedy: "verify",
  },
  LOT_BOUNDS: {
    name: "Guthaben negativ oder zu stark gesperrt",
    meaning: "Ein Guthaben hat mehr gesperrt, als da ist.",
    remedy: "verify",
  },
  LOT_HELD: {
    name: "Sperre ungleich Anfechtungen",
    meaning: "Gesperrt ist nicht, was die Bestellungen sperren.",
    remedy: "verify",
  },
  ROW_OF_LOT: {
    name: "Bewegung ohne ihr Guthaben",
    meaning: "Eine Bewegung zeigt auf ein anderes oder kein Guthaben.",
    remedy: "verify",
  },
  GRANT_ONCE: {
    name: "Mehrfach gutgeschrieben",
    meaning: "Eine Bestellung hat mehr als eine Gutschrift.",
    remedy: "order",
  },
  GRANT_FITS: {
    name: "Gutschrift entspricht nicht dem Kauf",
    meaning: "Gutgeschrieben ist nicht, was gekauft wurde.",
    remedy: "order",
  },
  TENANT: { name: "Zeile eines fremden Kontos", meaning: "Eine Zeile zeigt auf ein anderes Konto.", remedy: "verify" },
  CLAWBACK: {
    name: "Mehr zurückgenommen als gutgeschrieben",
    meaning: "Rückerstattung und Gutschrift passen nicht zusammen.",
    remedy: "order",
  },
  ORDER_STATUS: {
    name: "Status und Gutschrift widersprechen sich",
    meaning: "Der Status sagt anderes als die Gutschrift.",
    remedy: "order",
  },
  ACTIVATION: {
    name: "Aktivierung ohne Verbrauch",
    meaning: "Zu einer Aktivierung fehlt der verbrauchte Credit.",
    remedy: "verify",
  },
  COUPON: {
    name: "Gutscheincode falsch gezählt",
    meaning: "Einlösungen und Zähler eines Codes passen nicht zusammen.",
    remedy: "verify",
  },
  DAY_SUM: {
    name: "Tagessumme ungleich Bewegungen",
    meaning: "Die Summe eines Tages ist nicht die seiner Bewegungen.",
    remedy: "verify",
  },
  GUARDS: {
    name: "Sicherung der Datenbank fehlt",
    meaning: "Ein Auslöser, der die Bücher schützt, ist weg oder ausgeschaltet.",
    remedy: "verify",
  },
  LEDGER_CHAIN: {
    name: "Kontoauszug verändert",
    meaning: "Eine Bewegung wurde geändert, entfernt oder eingeschoben.",
    remedy: "verify",
  },
  REPORT: {
    name: "Kontoauszug nicht wie beim letzten Lauf",
    meaning: "Was der letzte Lauf bestätigt hat, steht nicht mehr so da.",
    remedy: "verify",
  },
};

/** So many of one kind are listed; the sum tells of the others. */
const MOST_SHOWN = 50;

/** One difference as a row: what it is about, with a link where the thing has a page, and what stands where. */
export interface DifferenceRow {
  key: string;
  subject: string;
  to: string | null;
  tenant: string | null;
  detail: string;
}

/** Differences of one kind, and how they are mended. */
export interface DifferenceGroup {
  kind: string;
  name: string;
  meaning: string;
  rows: DifferenceRow[];
  /** "und 12 weitere" */
  more: string | null;
  remedy: Remedy;
  /** Where the remedy leads, if it is a link. */
  to: string | null;
}

/** What differs, by kind; what can be mended through the normal path first. Run by the loader. */
export function differenceGroups(differences: readonly Difference[], orders: ReadonlyMap<string, NamedOrder>) {
  const groups = new Map<string, { group: DifferenceGroup; count: number }>();
  for (const difference of differences) {
    const order = orders.get(/^order (\S+)$/.exec(difference.subject)?.[1] ?? "");
    const known = KINDS[difference.kind];
    // What a person must look at is not mended by another run.
    const remedy = known?.remedy === "reconcile" && order?.inReview ? "order" : known ? known.remedy : "verify";
    const key = `${difference.kind} ${remedy}`;
    const entry = groups.get(key) ?? {
      count: 0,
      group: {
        kind: difference.kind,
        name: known?.name ?? `Regel ${difference.kind} verletzt`,
        meaning: known?.meaning ?? "Eine Regel der Bücher ist verletzt.",
        rows: [],
        more: null,
        remedy: remedy === "order" && !order ? "verify" : remedy,
        to: null,
      },
    };
    entry.count += 1;
    if (entry.group.rows.length < MOST_SHOWN) entry.group.rows.push(row(difference, order, entry.count));
    else entry.group.more = `und ${formatCount(entry.count - MOST_SHOWN)} weitere`;
    groups.set(key, entry);
  }
  const rank = (remedy: Remedy) => ["reconcile", "order", "verify", null].indexOf(remedy);
  return [...groups.values()]
    .map(({ group }) => ({ ...group, to: group.remedy === "order" ? (group.rows[0]?.to ?? null) : null }))
    .sort((a, b) => rank(a.remedy) - rank(b.remedy));
}

const SUBJECTS: Record<string, string> = {
  session: "Sitzung",
  charge: "Zahlung",
  lot: "Guthaben",
  "ledger row": "Bewegung",
  event: "Ereignis",
  report: "Lauf",
  trigger: "Auslöser",
  activation: "Aktivierung",
  coupon: "Gutscheincode",
  redemption: "Einlösung",
};

function row({ subject, detail }: Difference, order: NamedOrder | undefined, n: number): DifferenceRow {
  const [, what = "", id = ""] =
    /^(order|event|session|charge|lot|ledger row|report|trigger|activation|coupon|redemption) (\S+)$/.exec(subject) ??
    [];
  const event = what === "event" ? id : null;
  return {
    key: `${n} ${subject}`,
    subject: order ? order.number : what && SUBJECTS[what] ? `${SUBJECTS[what]} ${id}` : subject,
    to: order ? `/operator/orders/${order.id}` : event ? `/operator/events/${encodeURIComponent(event)}` : null,
    tenant: order?.tenantName ?? null,
    detail,
  };
}

/** What is looked at in every run, and which kinds of differences would belie it. */
const CHECKS: Array<[text: string, kinds: string]> = [
  ["Jedes Guthaben ist die Summe seiner Bewegungen", "LOT_SUM DAY_SUM ROW_OF_LOT"],
  ["Kein Guthaben ist negativ", "LOT_BOUNDS LOT_HELD"],
  [
    "Jede bezahlte Bestellung ist einmal gutgeschrieben",
    "PAYMENT_NOT_GRANTED GRANT_ONCE ORDER_STATUS ORDER_WITHOUT_PAID_SESSION",
  ],
  ["Jede Gutschrift entspricht dem Kauf", "GRANT_FITS AMOUNT_DIFFERS CLAWBACK COUPON ACTIVATION"],
  ["Keine Zeile zeigt auf ein fremdes Konto", "TENANT"],
  ["Kontoauszug lückenlos und unverändert", "LEDGER_CHAIN REPORT GUARDS"],
  ["Jede Zahlung bei Stripe hat ihre Bestellung", "SESSION_WITHOUT_ORDER PAYMENT_WITHOUT_ORDER SESSION_DIFFERS"],
  ["Rückerstattungen und Anfechtungen sind nachgeführt", "REFUND_DIFFERS STRIPE_UNAVAILABLE"],
];

/** Each check with how many differences belie it. */
export function checkWords(differences: readonly Difference[]) {
  return CHECKS.map(([text, kinds]) => {
    const count = differences.filter((it) => kinds.split(" ").includes(it.kind)).length;
    return { text, fault: count === 0 ? null : count === 1 ? "1 Abweichung" : `${formatCount(count)} Abweichungen` };
  });
}
