import { Link } from "@remix-run/react";
import { Icon } from "./icon";

/** Nothing here yet: one icon, one sentence, one action. */
export function EmptyState({ text, action }: { text: string; action?: { label: string; to: string } }) {
  return (
    <div className="flex flex-col items-start gap-4 py-6">
      <Icon name="box" className="size-8 text-mute" />
      <p className="text-soft">{text}</p>
      {action ? (
        <Link className="btn btn-secondary" to={action.to}>
          {action.label}
        </Link>
      ) : null}
    </div>
  );
}
