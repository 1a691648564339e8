import type { HeadersArgs } from "@remix-run/node";

const PASSED_ON = ["Retry-After", "Allow"];

/** The headers that a page's answer takes over from its loader, its action or their refusal. */
export function pageHeaders({ parentHeaders, loaderHeaders, actionHeaders, errorHeaders }: HeadersArgs): Headers {
  const headers = new Headers(parentHeaders);
  for (const name of PASSED_ON) {
    const value = errorHeaders?.get(name) ?? actionHeaders.get(name) ?? loaderHeaders.get(name);
    if (value) headers.set(name, value);
  }
  return headers;
}
