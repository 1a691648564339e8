import type { LoaderFunctionArgs } from "@remix-run/node";
import { DomainError } from "~/errors";
import { pageLoader } from "~/http/respond.server";

/** Every unknown page. */
export function loader({ request }: LoaderFunctionArgs) {
  return pageLoader(request, async () => {
    throw new DomainError("NOT_FOUND");
  });
}

export { loader as action };

export default function NotFound() {
  return null;
}
