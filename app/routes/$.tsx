import { DomainError } from "~/errors";
import { pageLoader } from "~/http/respond.server";

/** Every unknown page. */
export const loader = pageLoader(async () => {
  throw new DomainError("NOT_FOUND");
});

export const action = loader;

export default function NotFound() {
  return null;
}
