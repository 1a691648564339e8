import { type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { requireUser } from "~/auth/access.server";
import { pageLoader } from "~/http/respond.server";
import { PageHead, Shell } from "~/ui/kit";

export const meta: MetaFunction = () => [{ title: "Start – LeadRadar" }];

/** The way in: a tenant's user goes to the overview; who has no tenant stays here. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const user = await requireUser(request);
    if (user.tenantId !== null) throw redirect("/admin/billing", 302);
    const { name, email, role, tenantName, operator } = user;
    return { user: { name, email, role, tenantName, operator } };
  });
}

export default function Start() {
  const { user } = useLoaderData<typeof loader>();
  return (
    <Shell user={user}>
      <PageHead title="Willkommen" intro="Sie sind angemeldet, gehören aber zu keinem Konto." />
      <p className="max-w-[62ch] text-soft">
        Guthaben und Pakete gehören immer zu einem Konto.
        {user.operator ? " Ihr Zugang ist für den Betrieb bestimmt." : ""}
      </p>
    </Shell>
  );
}
