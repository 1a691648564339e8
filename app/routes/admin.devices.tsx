import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { newDeviceKey } from "~/auth/device-key.server";
import {
  countDevices,
  createDevice,
  DEVICE_KEY,
  listDevices,
  readDevice,
  setDeviceStatus,
} from "~/billing/devices.server";
import { readOverview } from "~/billing/overview.server";
import { readCursor } from "~/billing/paging.server";
import { deviceForm, deviceQuery } from "~/billing/schemas.server";
import { database } from "~/db/client.server";
import { parseForm, parseQuery } from "~/http/parse.server";
import { type ActionFailure, pageAction, pageLoader, refusedIn } from "~/http/respond.server";
import { DeviceForm, DeviceKey } from "~/ui/device-form";
import { DeviceConfirm, DeviceTable, SlotPanel } from "~/ui/device-list";
import { changedToast, deviceQuestion, deviceWords, limitToast, pageTitle, slotWords } from "~/ui/device-words";
import { EmptyState } from "~/ui/empty-state";
import { pageLinks } from "~/ui/list-words";
import { PageHead } from "~/ui/page-head";
import { Pagination } from "~/ui/pagination";
import { RefusedNote } from "~/ui/refused-note";
import { Toast } from "~/ui/toast";
import { useCleanAddress } from "~/ui/use-fresh-data";

export { pageHeaders as headers } from "~/http/page-headers";

const PAGE_SIZE = 50;
const DEVICES: [one: string, many: string] = ["Gerät", "Geräten"];

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Geräte – LeadRadar" }];

export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { tenantId, canSpend } = await requireAdmin(request);
    const query = parseQuery(request, deviceQuery);
    const sql = database();
    const chosen = query.geraet ?? query.geaendert;
    const [overview, page, total, device] = await Promise.all([
      readOverview(sql, tenantId),
      listDevices(sql, tenantId, readCursor(query.cursor ?? null, DEVICE_KEY), PAGE_SIZE),
      countDevices(sql, tenantId),
      chosen ? readDevice(sql, tenantId, chosen) : null,
    ]);
    const slots = slotWords(overview, canSpend);
    const here = listAddress(query.cursor);
    const question = device && canSpend ? deviceQuestion(device, query.bestaetigen) : null;
    // What would be refused anyway is not asked.
    const isRefused = question?.intent === "enable" && slots.full !== null;
    const toast = isRefused ? limitToast(slots) : device && query.geaendert ? changedToast(device) : null;
    const isNew = query.neu !== undefined && canSpend && slots.full === null;
    const url = new URL(here, request.url);
    return {
      title: pageTitle({ isMade: context.deviceMade === true, isNew, refused: refusedIn(context), toast }),
      nonce: crypto.randomUUID(),
      devices: page.items.map((it) => deviceWords(it, here)),
      pages: page.older || page.newer ? pageLinks(page, { total, words: DEVICES, filtered: false, url }) : null,
      question: isRefused ? null : question,
      ...{ canSpend, here, isNew, slots, toast },
    };
  });
}

/** Creates, blocks or frees a device. A new one's key is in this answer and nowhere else. */
export function action(args: ActionFunctionArgs) {
  const { request, context } = args;
  return pageAction(args, async () => {
    const { tenantId } = await requireAdmin(request, "spend");
    const form = await parseForm(request, deviceForm);
    if (form.intent === "create") {
      const { apiKey, apiKeyHash } = newDeviceKey();
      const fresh = { name: form.name, apiKeyHash, requestKey: `form:${form.nonce}` };
      const { name } = await createDevice(database(), tenantId, fresh);
      context.deviceMade = true;
      return { made: { name, apiKey } };
    }
    const status = form.intent === "enable" ? "ACTIVE" : "DISABLED";
    const { id } = await setDeviceStatus(database(), tenantId, form.deviceId, status);
    return redirect(listAddress(parseQuery(request, deviceQuery).cursor, id), 303);
  });
}

/** The list's address with its page, and the device that was changed just now. */
function listAddress(cursor: string | undefined, changed?: string): string {
  const query = new URLSearchParams({ ...(cursor ? { cursor } : {}), ...(changed ? { geaendert: changed } : {}) });
  return `/admin/devices${query.size > 0 ? `?${query}` : ""}`;
}

export default function Devices() {
  const { nonce, isNew, toast } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  useCleanAddress(toast !== null);
  if (answer && "made" in answer) return <DeviceKey {...answer.made} />;
  const error = answer && "error" in answer ? answer.error : null;
  if (!isNew) return <DeviceList error={error} />;
  const isUnsure = error?.code === "INTERNAL" || error?.code === "TEMPORARILY_UNAVAILABLE";
  return (
    <>
      <Toast toast={error && !error.fields.name ? { tone: "danger", ...error.toast } : null} />
      <DeviceForm
        // Whether it was created is unknown: the same click again is the same device.
        nonce={(isUnsure && error.values.nonce) || nonce}
        name={error?.values.name}
        error={error?.fields.name}
      />
    </>
  );
}

function DeviceList({ error }: { error: ActionFailure["error"] | null }) {
  const { canSpend, here, slots, devices, pages, question, toast } = useLoaderData<typeof loader>();
  const isFull = error?.code === "DEVICE_LIMIT_REACHED";
  return (
    <>
      <Toast toast={error ? { tone: "danger", ...error.toast, ...(isFull ? { action: slots.more } : {}) } : toast} />
      {question ? <DeviceConfirm question={question} here={here} /> : null}
      <PageHead
        title="Geräte"
        intro="Jedes aktive Gerät belegt einen Slot."
        action={<NewDeviceButton full={slots.full} canSpend={canSpend} />}
      />
      {canSpend ? null : <RefusedNote id="nur-lesen" />}
      <SlotPanel slots={slots} />
      {devices.length > 0 ? (
        <section aria-labelledby="erfasst" className="mt-12">
          <h2 id="erfasst" className="mb-2 text-lg font-semibold tracking-tight">
            Erfasste Geräte
          </h2>
          <DeviceTable devices={devices} refusedId={canSpend ? null : "nur-lesen"} />
          {pages ? <Pagination pages={pages} /> : null}
        </section>
      ) : (
        <div className="mt-6">
          <EmptyState text="Noch kein Gerät erfasst." />
        </div>
      )}
    </>
  );
}

/** Leads to the form, or says why not. */
function NewDeviceButton({ full, canSpend }: { full: string | null; canSpend: boolean }) {
  if (canSpend && full === null) {
    return (
      <Link className="btn btn-primary" to="/admin/devices?neu=1">
        Gerät erfassen
      </Link>
    );
  }
  return (
    <div className="grid max-w-xs gap-2 sm:justify-items-end">
      <button type="button" className="btn btn-primary" disabled aria-describedby={canSpend ? "belegt" : "nur-lesen"}>
        Gerät erfassen
      </button>
      {canSpend ? (
        <p id="belegt" className="text-sm text-soft sm:text-end">
          {full}
        </p>
      ) : null}
    </div>
  );
}
