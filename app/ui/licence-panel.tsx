import { Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { Badge, type Tone } from "./badge";
import { Icon } from "./icon";
import type { LicenceWords } from "./overview-words";
import { Segments } from "./segments";

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
