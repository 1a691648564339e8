import type { Device } from "~/billing/devices.server";
import type { Overview } from "~/billing/overview.server";
import { formatCount, formatDate, formatDateTime } from "./format";
import { errorToast } from "./messages.de";
import type { ToastContent } from "./toast";

/** The slots as their panel says it, and the way to more of them. `full`: why no device can be added, null while one can. */
export interface SlotWords {
  taken: number;
  all: number;
  title: string;
  rest: string;
  more: { label: string; to: `/${string}` };
  full: string | null;
}

/** What the page says of a tenant's slots. `canSpend`: whether this person may turn a credit into a slot. Run by the loader. */
export function slotWords({ entitlement, credits }: Overview, canSpend: boolean): SlotWords {
  const { activeDevices: taken, maxDevices: all } = entitlement;
  const free = Math.max(0, all - taken);
  const hasCredit = credits.some((lot) => lot.type === "DEVICE_SLOT" && lot.quantity > lot.held);
  const slots = all === 1 ? "Der Slot ist" : `Alle ${formatCount(all)} Slots sind`;
  return {
    taken,
    all,
    title: `${formatCount(taken)} von ${formatCount(all)} ${all === 1 ? "Slot" : "Slots"} belegt`,
    rest:
      free === 0 ? "Kein Slot ist frei." : free === 1 ? "1 Slot ist frei." : `${formatCount(free)} Slots sind frei.`,
    more:
      free === 0 && hasCredit && canSpend
        ? { label: "Slot hinzufügen", to: "/admin/billing?bestaetigen=geraete-slot" }
        : { label: "Weitere Slots kaufen", to: "/admin/billing/packages?art=geraete" },
    full: free === 0 ? `${slots} belegt. Sperren Sie ein Gerät oder fügen Sie einen Slot hinzu.` : null,
  };
}

/** A device as its row says it. */
export interface DeviceWords {
  id: string;
  name: string;
  active: boolean;
  /** When it was last seen, and recorded. `iso` is null for never. */
  seen: { iso: string | null; text: string };
  created: { iso: string | null; text: string };
  /** Where its button leads: the question. */
  change: { label: string; to: string };
}

/** One row of the list. `here`: the list's own address with its page. Run by the loader. */
export function deviceWords({ id, name, status, lastSeenAt, createdAt }: Device, here: string): DeviceWords {
  const active = status === "ACTIVE";
  const question = new URLSearchParams({ bestaetigen: active ? "sperren" : "freigeben", geraet: id });
  return {
    id,
    name,
    active,
    seen: lastSeenAt
      ? { iso: lastSeenAt.toISOString(), text: formatDateTime(lastSeenAt) }
      : { iso: null, text: "Noch nie" },
    created: { iso: createdAt.toISOString(), text: formatDate(createdAt) },
    change: { label: active ? "Sperren" : "Freigeben", to: `${here}${here.includes("?") ? "&" : "?"}${question}` },
  };
}

/** The question before a device is blocked or works again. */
export interface DeviceQuestion {
  intent: "disable" | "enable";
  deviceId: string;
  title: string;
  text: string;
  verb: string;
  busy: string;
}

/** What is asked of a device; null when it is so already and there is nothing to ask. Run by the loader. */
export function deviceQuestion(device: Device, asked: string | undefined): DeviceQuestion | null {
  const { id: deviceId, name, status } = device;
  if (asked === "sperren" && status === "ACTIVE") {
    return {
      intent: "disable",
      deviceId,
      title: `Gerät «${name}» sperren?`,
      text: "Das Gerät kann nicht mehr arbeiten. Der Slot wird frei.",
      verb: "Sperren",
      busy: "Wird gesperrt …",
    };
  }
  if (asked === "freigeben" && status === "DISABLED") {
    return {
      intent: "enable",
      deviceId,
      title: `Gerät «${name}» freigeben?`,
      text: "Das Gerät kann mit seinem bisherigen Schlüssel wieder arbeiten. Es belegt einen Slot.",
      verb: "Freigeben",
      busy: "Wird freigegeben …",
    };
  }
  return null;
}

/** What has just become of a device, from its present state: an address that says otherwise is not believed. */
export function changedToast({ name, status }: Device): ToastContent {
  return status === "ACTIVE"
    ? { tone: "positive", title: "Gerät freigegeben", text: `«${name}» kann wieder arbeiten.` }
    : { tone: "neutral", title: "Gerät gesperrt", text: `«${name}» kann nicht mehr arbeiten.` };
}

/** There is no slot for one more device, and the way to get one. */
export function limitToast({ more }: SlotWords): ToastContent {
  return { tone: "danger", ...errorToast("DEVICE_LIMIT_REACHED", {}, ""), action: more };
}

/** The page's title, led by what has just happened: live regions that are there at load are not read out. */
export function pageTitle(name: string, refused: string | null, toast: ToastContent | null): string {
  const problem = refused ?? (toast?.tone === "danger" ? toast.title : null);
  const lead = problem ? `Fehler: ${problem}: ` : toast ? `${toast.title}: ` : "";
  return `${lead}${name} – LeadRadar`;
}
