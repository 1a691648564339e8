import { existsSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { STYLESHEET } from "./style";

const FONT_FILE = new URL("../../../public/fonts/inter-latin-opsz-normal.woff2", import.meta.url);
const POLICY =
  "default-src 'none'; style-src 'self'; font-src 'self'; form-action *; base-uri 'none'; frame-ancestors 'none'";

/** Markup that is safe to put into a page as it is. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Html | Html[];

/** Builds markup and escapes everything that is not markup already. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  const text = strings.reduce((sum, string, index) => sum + render(parts[index - 1] ?? "") + string);
  return new Html(text);
}

function render(part: Part): string {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map((item) => item.text).join("");
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Sends a whole page: the notice bar, then `main`. */
export function sendPage(response: ServerResponse, page: { status: number; title: string; main: Html }): void {
  const document = html`<!doctype html>
<html lang="de-CH">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title} – LeadRadar</title>
<link rel="stylesheet" href="/assets/style.css">
</head>
<body>
<header class="notice">${WARNING_ICON}<p>Lokale Testumgebung. Es fliesst kein Geld.</p></header>
${page.main}
</body>
</html>
`;
  response.writeHead(page.status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  response.end(document.text);
}

/** Serves the stylesheet and the font; answers whether the path was one of them. */
export function sendAsset(path: string, response: ServerResponse): boolean {
  if (path === "/assets/style.css") {
    response.writeHead(200, { "content-type": "text/css; charset=utf-8", "x-content-type-options": "nosniff" });
    response.end(STYLESHEET);
    return true;
  }
  if (path === "/assets/inter.woff2" && existsSync(FONT_FILE)) {
    response.writeHead(200, { "content-type": "font/woff2", "cache-control": "max-age=3600" });
    response.end(readFileSync(FONT_FILE));
    return true;
  }
  return false;
}

/** Answers a form with 303, so that a reload does not repeat it. */
export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, "cache-control": "no-store" });
  response.end();
}

/** An amount in minor units as «1’197.00», with U+2019 between groups. */
export function formatAmount(minorUnits: number, currency: string): string {
  const probe = new Intl.NumberFormat("de-CH", { style: "currency", currency: currency.toUpperCase() });
  const digits = probe.resolvedOptions().maximumFractionDigits ?? 2;
  const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const text = new Intl.NumberFormat("de-CH", fixed).format(minorUnits / 10 ** digits);
  return text.replace(/['’]/g, "’").replace("-", "−");
}

/** An amount with its currency, as «CHF 1’197.00». */
export function formatMoney(minorUnits: number, currency: string): string {
  return `${currency.toUpperCase()} ${formatAmount(minorUnits, currency)}`;
}

/** A triangle with an exclamation mark; the words beside it say the same. */
export const WARNING_ICON = new Html(
  '<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M8 2 1.5 13.5h13L8 2Z"/><path d="M8 6.5v3M8 11.6v.05"/></svg>',
);
