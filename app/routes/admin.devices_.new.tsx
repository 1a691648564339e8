import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { requireAdmin } from "~/auth/access.server";
import { newDeviceKey } from "~/auth/device-key.server";
import { createDevice } from "~/billing/devices.server";
import { readOverview } from "~/billing/overview.server";
import { newDeviceForm } from "~/billing/schemas.server";
import { database } from "~/db/client.server";
import { parseForm } from "~/http/parse.server";
import { pageAction, pageLoader, refusedIn, traceIdOf } from "~/http/respond.server";
import { DeviceForm, DeviceKey } from "~/ui/device-form";
import { pageTitle, slotWords } from "~/ui/device-words";
import { PageHead, Toast } from "~/ui/kit";

export { pageHeaders as headers } from "~/http/page-headers";

export const meta: MetaFunction<typeof loader> = ({ data }) => [{ title: data?.title ?? "Gerät erfassen – LeadRadar" }];

/** A page of its own, so that neither it nor the list carries the other's script. It never hears of a key. */
export function loader({ request, context }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const { tenantId, canSpend } = await requireAdmin(request);
    const { full, more } = slotWords(await readOverview(database(), tenantId), canSpend);
    const name = context.deviceMade === true ? "Gerät erfasst" : "Gerät erfassen";
    return {
      title: pageTitle(name, refusedIn(context), null),
      nonce: crypto.randomUUID(),
      off: canSpend ? full : "Nur Inhaber/in und Admin dürfen das.",
      more,
    };
  });
}

/** A refusal is about what has changed meanwhile: the router is to read it again. */
export const shouldRevalidate = () => true;

/** Records a device. Its key is in this answer and nowhere else. */
export function action(args: ActionFunctionArgs) {
  const { request, context } = args;
  return pageAction(args, async () => {
    const { tenantId, userId } = await requireAdmin(request, "spend");
    const form = await parseForm(request, newDeviceForm);
    const { apiKey, apiKeyHash } = newDeviceKey();
    const fresh = { name: form.name, apiKeyHash, requestKey: `form:${form.nonce}` };
    const { name } = await createDevice(database(), tenantId, fresh, { userId, traceId: traceIdOf(request) });
    context.deviceMade = true;
    return { made: { name, apiKey } };
  });
}

export default function NewDevice() {
  const { nonce, off, more } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  if (answer && "made" in answer) return <DeviceKey {...answer.made} />;
  const error = answer && "error" in answer ? answer.error : null;
  const way = error?.code === "DEVICE_LIMIT_REACHED" ? { action: more } : {};
  // Whether it was recorded is unknown then, and the same click again is the same device.
  const isUnsure = error?.code === "INTERNAL" || error?.code === "TEMPORARILY_UNAVAILABLE";
  return (
    <>
      <Toast toast={error && !error.fields.name ? { tone: "danger", ...error.toast, ...way } : null} />
      <Link className="link target mb-3" to="/admin/devices">
        ← Geräte
      </Link>
      <PageHead title="Gerät erfassen" intro="Jedes aktive Gerät belegt einen Slot." />
      <DeviceForm
        nonce={(isUnsure && error.values.nonce) || nonce}
        name={error?.values.name}
        error={error?.fields.name}
        off={off}
      />
    </>
  );
}
