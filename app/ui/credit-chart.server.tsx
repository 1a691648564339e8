import { renderToStaticMarkup } from "react-dom/server";
import type { CreditHistory, HistoryStep, TypeHistory } from "~/billing/credit-history";
import { historyRows } from "./credit-chart-words";
import { formatChange, formatDay } from "./format";
import { CREDIT_NAME } from "./words.de";

/** Heights in px; x is in percent, so that text never scales and nothing needs a style of its own. */
const HEIGHT = 78;
const FLOOR = 70;
const CEILING = 28;
/** Labels nearer than this, in percent, would run into each other. */
const LABEL_GAP = 17;

/** The chart and its values as markup, drawn here so that no page carries a script for it. Numbers and fixed words only. */
export function drawCreditChart(history: CreditHistory): string {
  return renderToStaticMarkup(
    <>
      <figcaption className="mb-2 flex flex-wrap justify-between gap-x-4">
        <span className="font-medium">Guthaben-Verlauf</span>
        <span className="text-sm text-mute">gestrichelt: ohne weiteren Kauf</span>
      </figcaption>
      <Chart history={history} />
      <details className="mt-3">
        <summary className="link target w-fit">Werte als Tabelle</summary>
        <Table history={history} />
      </details>
    </>,
  );
}

function Chart({ history }: { history: CreditHistory }) {
  const most = Math.max(1, ...history.types.flatMap((it) => [it.start, ...it.past.map((step) => step.after)]));
  return (
    <div role="img" aria-label={finding(history)}>
      {history.types.map((it, i) => (
        <div key={it.type} className="flex items-start gap-4">
          <div className="w-18 shrink-0 pt-4">
            <p className="text-sm text-soft">{CREDIT_NAME[it.type]}</p>
            <p className="num text-lg font-semibold">{it.usable}</p>
          </div>
          <svg className="min-w-0 flex-1 overflow-visible" height={HEIGHT} aria-hidden="true">
            <Row history={history} type={it} most={most} isFirst={i === 0} />
          </svg>
        </div>
      ))}
      <div className="flex gap-4">
        <div className="w-18 shrink-0" />
        <svg className="min-w-0 flex-1 overflow-visible" height="20" aria-hidden="true">
          <Months history={history} labelled />
        </svg>
      </div>
    </div>
  );
}

/** The place of a day, in percent of the window. */
function place({ from, until }: CreditHistory, day: number): number {
  return Math.round(((Math.min(day, until) - from) / (until - from)) * 10_000) / 100;
}

function Row({
  history,
  type,
  most,
  isFirst,
}: {
  history: CreditHistory;
  type: TypeHistory;
  most: number;
  isFirst: boolean;
}) {
  const y = (count: number) => Math.round(FLOOR - (Math.max(0, count) / most) * (FLOOR - CEILING));
  const now = place(history, history.today);
  const total = type.past.at(-1)?.after ?? type.start;
  return (
    <>
      <Months history={history} />
      <Steps history={history} y={y} start={type.start} begin={0} end={now} steps={type.past} />
      <Steps history={history} y={y} start={total} begin={now} end={100} steps={type.future} isFuture />
      <line x1={`${now}%`} x2={`${now}%`} y1={CEILING - 12} y2={FLOOR} className="stroke-ink" />
      <circle cx={`${now}%`} cy={y(total)} r="3.5" className="fill-accent stroke-canvas stroke-2" />
      {isFirst ? (
        <text x={`${now}%`} y="10" textAnchor="middle" className="fill-ink text-xs">
          Heute
        </text>
      ) : null}
      <Lapses history={history} steps={type.future} y={y} />
    </>
  );
}

/** A step line with its wash: one level until each day on which it changes. */
function Steps({
  history,
  y,
  start,
  begin,
  end,
  steps,
  isFuture = false,
}: {
  history: CreditHistory;
  y: (count: number) => number;
  start: number;
  begin: number;
  end: number;
  steps: HistoryStep[];
  isFuture?: boolean;
}) {
  // Of a day only its end is drawn.
  const byDay = new Map(steps.map((step) => [step.day, step.after]));
  const changes = [...byDay].map(([day, after]) => ({ x: Math.max(begin, place(history, day)), after }));
  const levels = [{ x: begin, after: start }, ...changes];
  const line = `stroke-accent stroke-2 ${isFuture ? "[stroke-dasharray:4_3]" : ""}`;
  return (
    <>
      {levels.map(({ x, after }, i) => {
        const next = levels[i + 1]?.x ?? end;
        const before = levels[i - 1]?.after ?? after;
        return (
          <g key={`${x}-${after}`}>
            <rect
              x={`${x}%`}
              width={`${Math.max(0, next - x)}%`}
              y={y(after)}
              height={FLOOR - y(after)}
              className={`fill-accent-wash ${isFuture ? "opacity-50" : ""}`}
            />
            {before === after ? null : <line x1={`${x}%`} x2={`${x}%`} y1={y(before)} y2={y(after)} className={line} />}
            <line x1={`${x}%`} x2={`${next}%`} y1={y(after)} y2={y(after)} className={line} />
          </g>
        );
      })}
    </>
  );
}

/** How many credits lapse after which day; no label where it would run into another. */
function Lapses({ history, steps, y }: { history: CreditHistory; steps: HistoryStep[]; y: (count: number) => number }) {
  let last = place(history, history.today) - LABEL_GAP / 2;
  return steps.map((step) => {
    const x = place(history, step.day);
    if (x - last < LABEL_GAP / 2 || x > 100 - LABEL_GAP / 3) return null;
    last = x + LABEL_GAP / 2;
    const isLate = x > 100 - LABEL_GAP;
    return (
      <text
        key={`${step.day}-${step.after}`}
        x={`${x}%`}
        y={y(step.after - step.delta) - 5}
        dx={isLate ? -4 : 4}
        textAnchor={isLate ? "end" : "start"}
        className="num fill-notice text-xs max-sm:hidden"
      >
        {`${formatChange(step.delta)} nach ${formatDay(step.day - 1, "short")}`}
      </text>
    );
  });
}

/** A line at each quarter, or their names: every third month. */
function Months({ history, labelled = false }: { history: CreditHistory; labelled?: boolean }) {
  const firsts: Array<{ day: number; month: number; year: number }> = [];
  for (let day = history.from; day <= history.until; day++) {
    const date = new Date(day * 86_400_000);
    if (date.getUTCDate() === 1 && date.getUTCMonth() % 3 === 2) {
      firsts.push({ day, month: date.getUTCMonth(), year: date.getUTCFullYear() });
    }
  }
  return firsts.map(({ day, month, year }, i) => {
    const x = `${place(history, day)}%`;
    if (!labelled) return <line key={day} x1={x} x2={x} y1={CEILING - 12} y2={FLOOR} className="stroke-line" />;
    const isNewYear = i === 0 || month === 2;
    const isLast = place(history, day) > 90;
    return (
      <text
        key={day}
        x={x}
        y="14"
        textAnchor={isLast ? "end" : "start"}
        className={`fill-mute text-xs ${i % 2 ? "max-sm:hidden" : ""}`}
      >
        {`${MONTH[month]}${isNewYear ? ` ${String(year).slice(2)}` : ""}`}
      </text>
    );
  });
}

const MONTH: Record<number, string> = { 2: "März", 5: "Juni", 8: "Sept.", 11: "Dez." };

/** What the picture shows, in a sentence. */
function finding({ types }: CreditHistory): string {
  const parts = types.map(({ type, usable, future }) => {
    const [next] = future;
    const lapse = next ? `, ${Math.abs(next.delta)} davon verfallen nach dem ${formatDay(next.day - 1, "full")}` : "";
    return `${CREDIT_NAME[type]} heute ${usable}${lapse}`;
  });
  return `Guthaben im Verlauf: ${parts.join("; ")}.`;
}

function Table({ history }: { history: CreditHistory }) {
  const { rows, caption } = historyRows(history);
  return (
    <table className="table mt-2">
      <caption className="text-start text-sm text-mute">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Datum</th>
          <th scope="col">Credit</th>
          <th scope="col">Vorgang</th>
          <th scope="col" className="text-end">
            Bestand
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key}>
            <th scope="row" className="num font-normal">
              {row.when}
            </th>
            <td>{row.credit}</td>
            <td>{row.what}</td>
            <td className="num text-end">{row.after}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
