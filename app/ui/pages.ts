import type { NavGroup, ShellUser } from "./shell";

const ROLE_NAME = { OWNER: "Inhaber/in", ADMIN: "Admin", VIEWER: "Nur lesen" } as const;

const TENANT_PAGES: NavGroup = {
  name: "Abrechnung",
  pages: [
    ["/admin/billing", "Übersicht", "home"],
    ["/admin/billing/packages", "Pakete", "box"],
    ["/admin/billing/orders", "Bestellungen", "receipt"],
    ["/admin/billing/ledger", "Kontoauszug", "list"],
    ["/admin/licenses", "Lizenzen", "key"],
    ["/admin/devices", "Geräte", "device"],
    ["/admin/billing/accounting", "Firma & Belege", "building"],
  ],
};

const OPERATOR_PAGES: NavGroup = {
  name: "Betrieb",
  operator: true,
  pages: [
    ["/operator/reconciliation", "Abgleich", "scale"],
    ["/operator/events", "Ereignisse", "inbox"],
    ["/operator/orders", "Alle Bestellungen", "receipt"],
    ["/operator/skus", "Paketkatalog", "box"],
    ["/operator/coupons", "Gutscheincodes", "tag"],
    ["/operator/tenants", "Konten", "users"],
    ["/operator/audit", "Protokoll", "list"],
    ["/operator/health", "Zustand", "pulse"],
  ],
};

/** Who is signed in. */
interface SignedIn {
  name: string;
  email: string;
  role: keyof typeof ROLE_NAME | null;
  tenantName: string | null;
  operator: boolean;
}

/** What the shell shows of a person, and the pages it leads to. Run by loaders, so that the browser gets no list it does not need. */
export function shellUser({ name, email, role, tenantName, operator }: SignedIn): ShellUser {
  const title = tenantName ?? name;
  const initials = title
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join("");
  return {
    title,
    initials,
    email,
    role: role ? ROLE_NAME[role] : operator ? "Betrieb" : "Ohne Konto",
    groups: [...(tenantName === null ? [] : [TENANT_PAGES]), ...(operator ? [OPERATOR_PAGES] : [])],
  };
}
