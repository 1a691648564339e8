import { Link, NavLink } from "@remix-run/react";
import type { ReactNode } from "react";
import { BoxIcon, ChevronsIcon, HomeIcon, MenuIcon } from "./icons";
import { Mark } from "./mark";
import { ROLE_NAME } from "./words.de";

/** Who is signed in, as far as the shell shows it. */
export interface ShellUser {
  email: string;
  role: keyof typeof ROLE_NAME | null;
  tenantName: string | null;
}

/** The pages of a tenant. A page is listed when it exists. */
const TENANT_PAGES = [
  { to: "/admin/billing", name: "Übersicht", icon: <HomeIcon className="size-[1.125rem]" />, end: true },
  { to: "/admin/billing/packages", name: "Pakete", icon: <BoxIcon className="size-[1.125rem]" />, end: false },
];

/** Navigation and account around a page: a sidebar from 1024 px on, a bar with a menu below. */
export function Shell({ user, children }: { user: ShellUser; children: ReactNode }) {
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[15.5rem_minmax(0,1fr)]">
      <a
        href="#inhalt"
        className="sr-only focus:not-sr-only focus:absolute focus:start-4 focus:top-4 focus:z-10 focus:bg-canvas focus:p-2"
      >
        Zum Inhalt springen
      </a>
      <header className="no-print border-line bg-sunken max-lg:border-b lg:sticky lg:top-0 lg:flex lg:h-dvh lg:flex-col lg:border-e">
        <PhoneBar user={user} />
        <div className="hidden flex-1 flex-col gap-6 overflow-y-auto px-3.5 py-7 lg:flex">
          <Link to="/" className="self-start px-2.5">
            <Mark />
          </Link>
          <Pages user={user} />
        </div>
        <div className="hidden border-t border-line p-3.5 lg:block">
          <AccountMenu user={user} />
        </div>
      </header>
      <main id="inhalt" className="mx-auto w-full max-w-page px-4 py-8 sm:px-8 lg:px-12 lg:py-10">
        {children}
      </main>
    </div>
  );
}

function Pages({ user }: { user: ShellUser }) {
  if (user.tenantName === null) return null;
  return (
    <nav aria-label="Abrechnung">
      <p className="px-2.5 pb-2 text-sm text-mute" aria-hidden="true">
        Abrechnung
      </p>
      <ul className="grid gap-0.5">
        {TENANT_PAGES.map((page) => (
          <li key={page.to}>
            <NavLink to={page.to} end={page.end} className="nav-item">
              {page.icon}
              {page.name}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function PhoneBar({ user }: { user: ShellUser }) {
  return (
    <details className="group lg:hidden">
      <summary className="flex items-center justify-between gap-4 px-4 py-2.5">
        <Mark />
        <span className="btn btn-secondary">
          <MenuIcon /> Menü
        </span>
      </summary>
      <div className="grid gap-4 border-t border-line bg-canvas px-4 py-5">
        <Pages user={user} />
        <div className="flex items-center justify-between gap-4 border-line border-t pt-4">
          <AccountName user={user} />
          <SignOut />
        </div>
      </div>
    </details>
  );
}

function AccountMenu({ user }: { user: ShellUser }) {
  return (
    <details>
      <summary className="flex items-center gap-3 rounded-md p-1.5 hover:bg-hover">
        <AccountName user={user} />
        <ChevronsIcon className="ms-auto size-4 text-mute" />
      </summary>
      <div className="mt-3 grid gap-3 px-1.5">
        <p className="text-sm text-soft">{user.email}</p>
        <SignOut />
      </div>
    </details>
  );
}

function AccountName({ user }: { user: ShellUser }) {
  const name = user.tenantName ?? "Betrieb";
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join("");
  return (
    <span className="flex min-w-0 items-center gap-3">
      <span
        aria-hidden="true"
        className="grid size-8 shrink-0 place-items-center rounded-full bg-hover text-xs font-semibold text-soft"
      >
        {initials}
      </span>
      <span className="min-w-0">
        <span className="block truncate font-medium">{name}</span>
        <span className="block text-sm text-mute">{user.role ? ROLE_NAME[user.role] : "Ohne Konto"}</span>
      </span>
    </span>
  );
}

function SignOut() {
  return (
    <form method="post" action="/logout">
      <button type="submit" className="btn btn-secondary">
        Abmelden
      </button>
    </form>
  );
}
