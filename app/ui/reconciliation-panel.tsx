import { Link } from "@remix-run/react";
import { Icon } from "./icon";

/** What the panel says; worded by `panelWords` and `sumWords`. */
export interface PanelWords {
  tone: "positive" | "notice" | "danger" | "neutral";
  title: string;
  text: string;
  facts: string;
  stale: string | null;
}

export interface SumWords {
  currency: string;
  sums: Array<{ name: string; amount: string; parts: string }>;
  equal: [boolean, boolean];
  period: string;
  others: Array<{ name: string; to: string }>;
}

const LOOK = {
  positive: ["check-circle", "text-positive"],
  notice: ["clock", "text-notice"],
  danger: ["cross-circle", "text-danger"],
  neutral: ["clock-dashed", "text-mute"],
} as const;

/** The one summary of the page: what stands, when that was found out, and the three sums. */
export function ReconciliationPanel({ panel, sums }: { panel: PanelWords; sums: SumWords | null }) {
  const [icon, colour] = LOOK[panel.tone];
  return (
    <section aria-labelledby="stand" className="rounded-lg bg-sunken p-5 sm:p-7" data-testid="panel">
      <div className="flex gap-4">
        <Icon name={icon} className={`mt-0.5 size-7 ${colour}`} />
        <div className="min-w-0">
          <h2 id="stand" className="text-lg font-semibold tracking-tight">
            {panel.title}
          </h2>
          {panel.text ? <p className="mt-1 text-soft">{panel.text}</p> : null}
          {panel.facts ? <p className="mt-1 text-soft">{panel.facts}</p> : null}
          {panel.stale ? (
            <p className="mt-2 flex items-center gap-2 text-notice">
              <Icon name="clock" /> {panel.stale}
            </p>
          ) : null}
        </div>
      </div>
      {sums ? <Sums {...sums} /> : null}
    </section>
  );
}

function Sums({ currency, sums, equal, period, others }: SumWords) {
  return (
    <div className="mt-6 border-line border-t pt-6">
      <dl className="grid gap-x-4 gap-y-3 md:grid-cols-[1fr_auto_1fr_auto_1fr]">
        {sums.map(({ name, amount, parts }, i) => (
          <Sum key={name} name={name} amount={amount} parts={parts} currency={currency} before={equal[i - 1]} />
        ))}
      </dl>
      <p className="mt-5 text-sm text-mute">{period}</p>
      {others.length > 0 ? (
        <details className="mt-1">
          <summary className="link target w-fit text-sm">Anderer Zeitraum</summary>
          <ul className="mt-2 flex flex-wrap gap-x-5 gap-y-2">
            {others.map((it) => (
              <li key={it.name}>
                <Link className="link target" to={it.to}>
                  {it.name}
                </Link>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </div>
  );
}

/** One sum, and before it whether it equals the one to its left. */
function Sum(props: { name: string; amount: string; parts: string; currency: string; before: boolean | undefined }) {
  const { name, amount, parts, currency, before } = props;
  const wrong = before === false;
  return (
    <>
      {before === undefined ? null : (
        <div className="self-center md:pt-1">
          <dt className="sr-only">Verglichen mit der Summe davor</dt>
          <dd className={`text-xl font-semibold ${wrong ? "text-danger" : "text-positive"}`}>
            <span aria-hidden="true">{wrong ? "≠" : "="}</span>
            <span className="sr-only">{wrong ? "ungleich" : "gleich"}</span>
          </dd>
        </div>
      )}
      <div className="min-w-0">
        <dt className="text-soft">{name}</dt>
        <dd>
          <span className={`num text-xl font-semibold tracking-tight ${wrong ? "text-danger" : ""}`}>
            <span className="text-base font-normal">{currency}</span> {amount}
          </span>
          <span className="mt-1 block text-sm text-mute">{parts}</span>
        </dd>
      </div>
    </>
  );
}
