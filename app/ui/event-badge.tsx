import type { EventState } from "~/operations/event-filter.server";
import { Badge, type Tone } from "./badge";
import { Icon, type IconName } from "./icon";

const STATE: Record<EventState, [name: string, tone: Tone, icon: IconName]> = {
  RECEIVED: ["Empfangen", "info", "inbox"],
  PROCESSED: ["Verarbeitet", "positive", "check-circle"],
  IGNORED: ["Ignoriert", "neutral", "minus-circle"],
  RETRY: ["Wird wiederholt", "notice", "loop"],
  FAILED: ["Fehlgeschlagen", "danger", "cross-circle"],
};

/** The states in the order of the filter: value and word. */
export const EVENT_STATE_NAMES = Object.entries(STATE).map(([state, [name]]): [string, string] => [state, name]);

/** How it stands with an event. */
export function EventBadge({ state }: { state: EventState }) {
  const [name, tone, icon] = STATE[state];
  return (
    <Badge tone={tone} icon={<Icon name={icon} />}>
      {name}
    </Badge>
  );
}
