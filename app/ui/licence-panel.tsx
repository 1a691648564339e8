import type { Overview } from "~/billing/overview.server";
import { Badge } from "./badge";
import { formatDate, formatTime, licenceTimeLeft } from "./format";
import { CheckCircleIcon, ClockIcon, CrossCircleIcon, MinusCircleIcon } from "./icons";

const SOON_MS = 30 * 24 * 60 * 60 * 1000;
/** Above this many slots single segments would be too thin to count. */
const MAX_SEGMENTS = 12;

/** Until when the tenant may work, and how many of its device slots are taken. */
export function LicencePanel({ entitlement, now }: { entitlement: Overview["entitlement"]; now: Date }) {
  const { validUntil, isActive, maxDevices, activeDevices } = entitlement;
  return (
    <section aria-labelledby="lizenz" className="rounded-lg bg-sunken p-7">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 id="lizenz" className="font-normal text-soft">
          Lizenz
        </h2>
        <LicenceBadge entitlement={entitlement} now={now} />
      </div>
      {validUntil ? (
        <div className="mt-5">
          <p className="text-soft">{isActive ? "Gültig bis" : "Abgelaufen am"}</p>
          <time dateTime={validUntil.toISOString()} className="num block text-3xl font-semibold tracking-tight">
            {formatDate(validUntil)}
          </time>
          <p className="mt-1 text-soft">
            {`${formatTime(validUntil)} Uhr`}
            {isActive ? `, ${licenceTimeLeft(validUntil, now)}` : ""}
          </p>
        </div>
      ) : (
        <p className="mt-5 text-md">Mit einem Credit schalten Sie Ihr Konto frei.</p>
      )}
      <div className="mt-6 border-line border-t pt-6">
        <p className="flex justify-between gap-4">
          <span className="text-soft">Geräte</span>
          <span className="num font-medium">{`${activeDevices} von ${maxDevices} aktiv`}</span>
        </p>
        <Segments taken={activeDevices} all={maxDevices} />
      </div>
    </section>
  );
}

function LicenceBadge({ entitlement, now }: { entitlement: Overview["entitlement"]; now: Date }) {
  const { validUntil, isActive } = entitlement;
  if (!validUntil) {
    return (
      <Badge tone="neutral" icon={<MinusCircleIcon />}>
        Noch keine Lizenz
      </Badge>
    );
  }
  if (!isActive) {
    return (
      <Badge tone="danger" icon={<CrossCircleIcon />}>
        Abgelaufen
      </Badge>
    );
  }
  return validUntil.getTime() - now.getTime() <= SOON_MS ? (
    <Badge tone="notice" icon={<ClockIcon />}>
      Läuft bald ab
    </Badge>
  ) : (
    <Badge tone="positive" icon={<CheckCircleIcon />}>
      Aktiv
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
