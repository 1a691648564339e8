import { Link, NavLink, useLocation } from "@remix-run/react";
import { type ReactNode, useEffect, useRef } from "react";
import { Icon, type IconName } from "./icon";
import { Mark } from "./mark";

/** Pages that belong together. */
export interface NavGroup {
  name: string;
  /** The staff's own, in their colour. */
  operator?: boolean;
  pages: Array<[to: string, name: string, icon: IconName]>;
}

/** Who is signed in, as far as the shell shows it, and where to. Made by `shellUser`. */
export interface ShellUser {
  title: string;
  initials: string;
  email: string;
  role: string;
  groups: NavGroup[];
}

/** Navigation and account around a page: a sidebar from 1024 px on, a bar with a menu below. */
export function Shell({ user, operator, children }: { user: ShellUser; operator?: boolean; children: ReactNode }) {
  const main = useFocusOnNewPage();
  return (
    <div
      className={`min-h-dvh lg:grid lg:grid-cols-[15.5rem_minmax(0,1fr)] ${operator ? "border-operator border-t-4" : ""}`}
    >
      <a
        href="#inhalt"
        className="sr-only focus:not-sr-only focus:absolute focus:start-4 focus:top-4 focus:z-10 focus:bg-canvas focus:p-2"
      >
        Zum Inhalt springen
      </a>
      <header className="no-print border-line bg-sunken max-lg:border-b lg:border-e">
        <PhoneBar user={user} />
        <div className="hidden lg:sticky lg:top-0 lg:flex lg:h-dvh lg:flex-col">
          <div className="flex flex-1 flex-col gap-6 overflow-y-auto px-3.5 py-7">
            <Link to="/" className="self-start px-2.5">
              <Mark />
            </Link>
            <Pages user={user} />
          </div>
          <div className="border-t border-line p-3.5">
            <AccountMenu user={user} />
          </div>
        </div>
      </header>
      <main
        id="inhalt"
        ref={main}
        tabIndex={-1}
        className="mx-auto w-full max-w-page has-data-wide:max-w-[84rem] px-4 py-8 outline-none sm:px-8 lg:px-12 lg:py-10"
      >
        {children}
      </main>
    </div>
  );
}

/**
 * Moves the focus to the content when the router swaps the page: nothing else tells a screen reader that there is a new
 * page. A tab of the same page keeps the focus; a link that closed with the phone's menu has lost it.
 */
function useFocusOnNewPage() {
  const { key, pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const shown = useRef({ key, pathname });
  useEffect(() => {
    const before = shown.current;
    shown.current = { key, pathname };
    if (before.key === key) return;
    const isLost = document.activeElement === document.body;
    if (before.pathname !== pathname || isLost) main.current?.focus({ preventScroll: true });
  }, [key, pathname]);
  return main;
}

function Pages({ user }: { user: ShellUser }) {
  return user.groups.map(({ name, operator, pages }) => (
    <nav key={name} aria-label={name} className={operator ? "nav-operator" : undefined}>
      <p className={`px-2.5 pb-2 text-sm ${operator ? "text-operator" : "text-mute"}`} aria-hidden="true">
        {operator ? "● " : null}
        {name}
      </p>
      <ul className="grid gap-0.5">
        {pages.map(([to, label, icon]) => (
          <li key={to}>
            <NavLink to={to} end={to === "/admin/billing"} className="nav-item">
              <Icon name={icon} className="size-[1.125rem]" />
              {label}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  ));
}

function PhoneBar({ user }: { user: ShellUser }) {
  const { key } = useLocation();
  return (
    <div className="relative flow-root lg:hidden">
      <Link to="/" className="absolute start-4 top-4">
        <Mark />
      </Link>
      {/* The key closes the menu as soon as one of its links was followed. */}
      <details key={key}>
        <summary className="btn btn-secondary mx-4 my-2.5 ms-auto flex w-fit">
          <Icon name="menu" /> Menü
        </summary>
        <div className="grid gap-4 border-t border-line bg-canvas px-4 py-5">
          <Pages user={user} />
          <div className="flex items-center justify-between gap-4 border-line border-t pt-4">
            <AccountName user={user} />
            <SignOut />
          </div>
        </div>
      </details>
    </div>
  );
}

function AccountMenu({ user }: { user: ShellUser }) {
  return (
    <details>
      <summary className="flex items-center gap-3 rounded-md p-1.5 hover:bg-hover">
        <AccountName user={user} />
        <Icon name="chevrons" className="ms-auto size-4 text-mute" />
      </summary>
      <div className="mt-3 grid gap-3 px-1.5">
        <p className="text-sm text-soft">{user.email}</p>
        <SignOut />
      </div>
    </details>
  );
}

function AccountName({ user: { title, initials, role } }: { user: ShellUser }) {
  return (
    <span className="flex min-w-0 items-center gap-3">
      <span
        aria-hidden="true"
        className="grid size-8 shrink-0 place-items-center rounded-full bg-hover text-xs font-semibold text-soft"
      >
        {initials}
      </span>
      <span className="min-w-0">
        <span className="block truncate font-medium">{title}</span>
        <span className="block text-sm text-mute">{role}</span>
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
