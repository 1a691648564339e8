import { data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { findUser } from "~/auth/session.server";
import { DomainError } from "~/errors";
import { pageLoader, traceIdOf } from "~/http/respond.server";
import { ErrorPage, Shell, statusTitle } from "~/ui/kit";
import { shellUser } from "~/ui/pages";

export const meta: MetaFunction = () => [{ title: statusTitle(404) }];

/** Every unknown page; who is signed in keeps the navigation around it. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    const user = await findUser(request);
    if (!user) throw new DomainError("NOT_FOUND");
    return data({ user: shellUser(user), traceId: traceIdOf(request) }, { status: 404 });
  });
}

export { loader as action };

export default function NotFound() {
  const { user, traceId } = useLoaderData<typeof loader>();
  return (
    <Shell user={user}>
      <ErrorPage status={404} traceId={traceId} />
    </Shell>
  );
}
