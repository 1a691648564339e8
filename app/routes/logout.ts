import { type ActionFunctionArgs, redirect } from "@remix-run/node";
import { signOut } from "~/auth/session.server";
import { pageAction } from "~/http/respond.server";

/** Signing out is a post; whoever merely follows a link stays signed in. */
export const loader = () => redirect("/", 302);

export function action(args: ActionFunctionArgs) {
  const { request } = args;
  return pageAction(args, async () => {
    const { cookie } = await signOut(request);
    return redirect("/login?abgemeldet=1", { status: 303, headers: { "set-cookie": cookie } });
  });
}
