import AxeBuilder from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { picture } from "../support/browser";
import { complaints } from "./steps";

const WIDTHS = [1440, 768, 390, 320];
/** `PICTURES=1` also keeps pictures in these widths, to look at. */
const PICTURED = process.env.PICTURES ? [1440, 390] : [];
const SCHEMES = ["light", "dark"] as const;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * Looks at the page as it is in every width and both schemes: no violation, no sideways scroll, no complaint of the browser. `part`: what differs from a page that another test looks
 * at as a whole; axe is slow, and need not read the rest twice.
 */
export async function inspect(page: Page, problems: string[], name: string, part?: string): Promise<void> {
  const faults: string[] = [];
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: width < 600 ? 844 : 900 });
      await settled(page);
      const where = `${name}, ${colorScheme}, ${width}`;
      const axe = new AxeBuilder({ page }).withTags(RULES).setLegacyMode(true);
      const { violations } = await (part ? axe.include(part) : axe).analyze();
      for (const { id, nodes } of violations) {
        faults.push(`${where}: ${id}: ${nodes.map((it) => `${it.html} ${it.failureSummary}`).join("\n")}`);
      }
      const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (tooWide > 0) faults.push(`${where}: scrolls sideways by ${tooWide} px`);
      if (PICTURED.includes(width)) await picture(page, `${name}-${width}-${colorScheme}`);
    }
  }
  expect(faults).toEqual([]);
  expect(complaints(problems)).toEqual([]);
}

/** A change of width or scheme is drawn with the frame after next. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(null)))),
  );
}
