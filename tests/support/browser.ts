import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const KNOWN = [
  process.env.CHROME_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Keeps the browser from calling home, which a closed network refuses. */
const QUIET = [
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];

/** Starts a Chromium or Chrome of this machine, else the one that an npm package ships. `CHROME_PATH` names another. */
export async function launchBrowser(): Promise<Browser> {
  const found = process.env.USE_SHIPPED_CHROMIUM ? undefined : KNOWN.find((it) => it && existsSync(it));
  if (found) return chromium.launch({ executablePath: found, args: ["--no-sandbox", ...QUIET] });
  const { default: shipped } = await import("@sparticuz/chromium");
  // Its own arguments include ones that crash pages.
  return chromium.launch({
    executablePath: await shipped.executablePath(),
    args: ["--no-sandbox", "--headless=shell", ...QUIET],
  });
}

export interface View {
  javaScriptEnabled?: boolean;
  width?: number;
  colorScheme?: "light" | "dark";
}

/** A fresh visitor's page. `problems` collects what the browser complains about: errors, and breaches of the CSP. */
export async function openPage(
  browser: Browser,
  view: View = {},
): Promise<{ page: Page; context: BrowserContext; problems: string[] }> {
  const { javaScriptEnabled = true, width = 1280, colorScheme = "light" } = view;
  const context = await browser.newContext({
    javaScriptEnabled,
    colorScheme,
    locale: "de-CH",
    timezoneId: "Europe/Zurich",
    viewport: { width, height: width < 600 ? 844 : 900 },
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  return { page, context, problems };
}

/** Keeps a picture of the whole page in an ignored folder, for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = path.resolve("tests/browser/screenshots");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
