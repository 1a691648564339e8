import type { LinksFunction, MetaFunction } from "@remix-run/node";
import { Links, LiveReload, Meta, Outlet, Scripts, ScrollRestoration } from "@remix-run/react";
import { type ReactNode, useContext } from "react";
import styles from "~/styles/tailwind.css";
import { BarePage, ErrorPage, errorTitle, useFailure } from "~/ui/kit";
import { NonceContext } from "~/ui/nonce";

export const links: LinksFunction = () => [
  {
    rel: "preload",
    href: "/fonts/inter-latin-opsz-normal.woff2",
    as: "font",
    type: "font/woff2",
    crossOrigin: "anonymous",
  },
  { rel: "stylesheet", href: styles },
  { rel: "icon", href: "/favicon.svg", type: "image/svg+xml" },
];

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction = ({ error }) => [{ title: error ? errorTitle(error) : "LeadRadar" }];

/** The document around every page, the error page included. */
export function Layout({ children }: { children: ReactNode }) {
  const nonce = useContext(NonceContext);
  return (
    <html lang="de-CH">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        <ScrollRestoration nonce={nonce} />
        <Scripts nonce={nonce} />
        <LiveReload nonce={nonce} />
      </body>
    </html>
  );
}

export default function App() {
  return <Outlet />;
}

export function ErrorBoundary() {
  const failure = useFailure();
  return (
    <BarePage>
      <ErrorPage {...failure} />
    </BarePage>
  );
}
