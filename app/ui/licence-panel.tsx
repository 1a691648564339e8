import { Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { Badge, type Tone } from "./badge";
import { Icon } from "./icon";
import type { LicenceWords } from "./overview-words";

/** Above this many slots single segments would be too thin to count. */
const MAX_SEGMENTS = 12;

const BADGE: Record<LicenceWords["state"], { tone: Tone; icon: ReactNode; name: string }> = {
  none: { tone: "neutral", icon: <Icon name="minus-circle" />, name: "Noch keine Lizenz" },
  active: { tone: "positive", icon: <Icon name="check-circle" />, name: "Aktiv" },
  soon: { tone: "notice", icon: <Icon name="clock" />, name: "Läuft bald ab" },
  over: { tone: "danger", icon: <Icon name="cross-circle" />, name: "Abgelaufen" },
};

/** Until when the tenant may work, and how many of its device slots are taken. */
export function LicencePanel({ licence: { state, until, devices } }: { licence: LicenceWords }) {
  return (
    <section aria-labelledby="lizenz" className="rounded-lg bg-sunken p-7">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 id="lizenz" className="font-normal text-soft">
          Lizenz
        </h2>
        <LicenceBadge state={state} />
      </div>
      {until ? (
        <div className="mt-5">
          <p className="text-soft">{until.label}</p>
          <time dateTime={until.iso} className="num block text-3xl font-semibold tracking-tight">
            {until.day}
          </time>
          <p className="mt-1 text-soft">{until.rest}</p>
        </div>
      ) : (
        <p className="mt-5 text-md">Mit einem Credit schalten Sie Ihr Konto frei.</p>
      )}
      <div className="mt-6 border-line border-t pt-6">
        <p className="flex justify-between gap-4">
          <span className="text-soft">Geräte</span>
          <span className="num font-medium">{`${devices.active} von ${devices.max} aktiv`}</span>
        </p>
        <Segments taken={devices.active} all={devices.max} />
        <Link className="link target mt-3" to="/admin/devices">
          Geräte verwalten
        </Link>
      </div>
    </section>
  );
}

/** How it stands with the licence, in one word. */
export function LicenceBadge({ state }: { state: LicenceWords["state"] }) {
  const { tone, icon, name } = BADGE[state];
  return (
    <Badge tone={tone} icon={icon}>
      {name}
    </Badge>
  );
}

/** The slots as a row of bars, drawn with percentages so that no inline style is needed. */
function Segments({ taken, all }: { taken: number; all: number }) {
  const count = all > MAX_SEGMENTS ? 1 : all;
  const gap = count > 1 ? 1.5 : 0;
  const width = (100 - gap * (count - 1)) / count;
  return (
    <svg aria-hidden="true" className="mt-3 h-1.5 w-full" preserveAspectRatio="none">
      {Array.from({ length: count }, (_, i) => {
        const full = count === 1 && all > 1 ? Math.min(1, taken / all) : i < taken ? 1 : 0;
        const x = i * (width + gap);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the slots have no identity, only a place
          <g key={i}>
            <rect x={`${x}%`} width={`${width}%`} height="6" rx="3" className="fill-line" />
            {full > 0 ? <rect x={`${x}%`} width={`${width * full}%`} height="6" rx="3" className="fill-ink" /> : null}
          </g>
        );
      })}
    </svg>
  );
}
