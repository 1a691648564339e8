import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { launchBrowser, openPage, type View } from "../support/browser";
import { type Stack, startStack } from "../support/stack";
import { newCustomer, signIn } from "./steps";

export const DEVICES_PAGE = "/admin/devices";
export const NEW_DEVICE_PAGE = "/admin/devices/new";

export interface Guest {
  page: Page;
  context: BrowserContext;
  problems: string[];
  tenantId: string;
}

/** The product with a browser for one test file, and guests on the page of the devices. */
export function deviceRoom() {
  const room = {} as { stack: Stack; browser: Browser };
  const open: BrowserContext[] = [];
  beforeAll(async () => {
    [room.stack, room.browser] = await Promise.all([startStack(), launchBrowser()]);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((context) => context.close()));
  });
  afterAll(async () => {
    await room.browser?.close();
    await room.stack?.stop();
  });

  /** A signed-in person of a fresh tenant with so many slots, on the page of its devices. */
  async function guest(slots: number, view: View = {}, role: "OWNER" | "VIEWER" = "OWNER"): Promise<Guest> {
    const { owner } = room.stack.db;
    const { tenantId, email } = await newCustomer(owner, role);
    await owner`insert into tenant_entitlement (tenant_id, max_devices) values (${tenantId}, ${slots})`;
    const { page, context, problems } = await openPage(room.browser, view);
    open.push(context);
    await signIn(page, room.stack.origin, email, DEVICES_PAGE);
    return { page, context, problems, tenantId };
  }
  return { room, guest };
}

/** The link of a device's row. */
export const change = (page: Page, verb: string, name: string) =>
  page.getByRole("link", { name: new RegExp(`^${verb}\\s?: ${name}$`) });

export const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });
