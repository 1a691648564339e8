import { type ActionFunctionArgs, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { countDevices, DEVICE_KEY, listDevices, readDevice, setDeviceStatus } from "~/billing/devices.server";
import { readOverview } from "~/billing/overview.server";
import { readCursor } from "~/billing/paging.server";
import { deviceForm, deviceQuery } from "~/billing/schemas.server";
import { database } from "~/db/client.server";
import { parseForm, parseQuery } from "~/http/parse.server";
import { pageAction, pageLoader, refusedIn, traceIdOf } from "~/http/respond.server";
import { DeviceConfirm, DeviceTable, SlotPanel } from "~/ui/device-list";
import { changedToast, deviceQuestion, deviceWords, limitToast, pageTitle, slotWords } from "~/ui/device-words";
import { EmptyState, PageHead, Pagination, RefusedNote, Toast, useCleanAddress } from "~/ui/kit";
import { pageLinks } from "~/ui/list-words";

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
    const url = new URL(here, request.url);
    return {
      title: pageTitle("Geräte", refusedIn(context), toast),
      devices: page.items.map((it) => deviceWords(it, here)),
      pages: page.older || page.newer ? pageLinks(page, { total, words: DEVICES, filtered: false, url }) : null,
      question: isRefused ? null : question,
      ...{ canSpend, here, slots, toast },
    };
  });
}

/** After a refusal the router would keep what it has read, and with it the question that was refused. */
export const shouldRevalidate = () => true;

/** Blocks a device, or lets it work again. */
export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return pageAction(args, async () => {
    const { tenantId, userId } = await requireAdmin(request, "spend");
    const actor = { userId, traceId: traceIdOf(request) };
    const { intent, deviceId } = await parseForm(request, deviceForm);
    const status = intent === "enable" ? "ACTIVE" : "DISABLED";
    const { id } = await setDeviceStatus(database(), tenantId, deviceId, status, actor);
    return redirect(listAddress(parseQuery(request, deviceQuery).cursor, id), 303);
  });
}

/** The list's address with its page, and the device that was changed just now. */
function listAddress(cursor: string | undefined, changed?: string): string {
  const query = new URLSearchParams({ ...(cursor ? { cursor } : {}), ...(changed ? { geaendert: changed } : {}) });
  return `/admin/devices${query.size > 0 ? `?${query}` : ""}`;
}

export default function Devices() {
  const { canSpend, here, slots, devices, pages, question, toast } = useLoaderData<typeof loader>();
  const failure = useActionData<typeof action>();
  const error = failure && "error" in failure ? failure.error : null;
  const isFull = error?.code === "DEVICE_LIMIT_REACHED";
  useCleanAddress(toast !== null);
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
      <Link className="btn btn-primary" to="/admin/devices/new">
        Gerät erfassen
      </Link>
    );
  }
  return (
    <div className="grid max-w-xs justify-items-start gap-2 sm:justify-items-end">
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
