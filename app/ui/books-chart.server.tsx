import { renderToStaticMarkup } from "react-dom/server";
import { CREDIT_TYPES } from "~/billing/credit-types";
import type { MonthFigures } from "~/operations/books.server";
import { totalOpen } from "./books-rows";
import { formatAmount, formatCount, formatMoney } from "./format";
import { monthName } from "./reconciliation-words";

/** Heights in px; x is in percent of the width, so that text never scales and nothing needs a style of its own. */
const HEIGHT = 172;
const CEILING = 20;
const FLOOR = 146;
/** The months end here; the labels of the lines stand to the right. */
const RIGHT = 88;
const SHORT = "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.".split(" ");

/** Both charts of the books with their values, drawn here so that no page carries a script for them. The last month runs. */
export function drawBooks(months: readonly MonthFigures[], currency: string): string {
  return renderToStaticMarkup(
    <>
      <Picture
        title="Umsatz nach Monat"
        note={`in ${currency}, schraffiert: rückerstattet, hell: laufender Monat`}
        finding={salesFinding(months, currency)}
        place="xl:col-start-1 xl:row-start-1"
      >
        <Bars months={months} />
      </Picture>
      <Values of="Umsatz nach Monat" place="xl:col-start-1 xl:row-start-2 xl:open:row-start-3 xl:open:col-span-2">
        <SalesTable months={months} currency={currency} />
      </Values>
      <Picture
        title="Offene Guthaben"
        note={`in ${currency} zum Verkaufswert, je Monatsende`}
        finding={openFinding(months, currency)}
        place="xl:col-start-2 xl:row-start-1"
      >
        <Levels months={months} />
      </Picture>
      <Values
        of="Offene Guthaben"
        place="xl:col-start-2 xl:row-start-2 xl:open:col-start-1 xl:open:row-start-4 xl:open:col-span-2"
      >
        <OpenTable months={months} currency={currency} />
      </Values>
    </>,
  );
}

function Picture(props: { title: string; note: string; finding: string; place: string; children: React.ReactNode }) {
  return (
    <section className={`min-w-0 ${props.place}`}>
      <h2 className="text-lg font-semibold tracking-tight">{props.title}</h2>
      <p className="mt-1 mb-3 text-soft">{props.note}</p>
      <div role="img" aria-label={props.finding}>
        <svg className="w-full overflow-visible" height={HEIGHT} aria-hidden="true">
          {props.children}
        </svg>
      </div>
    </section>
  );
}

function Values({ of, place, children }: { of: string; place: string; children: React.ReactNode }) {
  return (
    <details className={`min-w-0 max-xl:mb-8 ${place}`}>
      <summary className="link target w-fit">
        Werte als Tabelle<span className="sr-only">: {of}</span>
      </summary>
      {children}
    </details>
  );
}

/** The distance of three lines in round figures, so that the highest value stays below the top one. In cents. */
function lineStep(most: number): number {
  const third = Math.max(100, most / 3);
  const power = 10 ** Math.floor(Math.log10(third));
  return ([1, 2, 2.5, 5, 10].find((it) => it * power >= third) ?? 10) * power;
}

function scale(values: readonly number[]) {
  const step = lineStep(Math.max(0, ...values));
  return { step, y: (value: number) => Math.round(FLOOR - (Math.max(0, value) / (3 * step)) * (FLOOR - CEILING)) };
}

const left = (i: number, count: number) => Math.round((RIGHT * 100 * i) / count) / 100;

function Lines({ step, y }: { step: number; y: (value: number) => number }) {
  return (
    <>
      <line x1="0" x2="100%" y1={FLOOR} y2={FLOOR} className="stroke-line" />
      {[1, 2, 3].map((n) => (
        <g key={n}>
          <line x1="0" x2="100%" y1={y(n * step)} y2={y(n * step)} className="stroke-line" />
          <text x="100%" y={y(n * step) - 5} textAnchor="end" className="num fill-mute text-xs">
            {formatCount(Math.round((n * step) / 100))}
          </text>
        </g>
      ))}
    </>
  );
}

function Names({ months }: { months: readonly MonthFigures[] }) {
  return months.map(({ month }, i) => (
    <text
      key={month}
      x={`${left(i + 0.5, months.length)}%`}
      y={FLOOR + 18}
      textAnchor="middle"
      className={`fill-mute text-xs ${i % 3 === 2 ? "" : "max-sm:hidden"}`}
    >
      {SHORT[Number(month.slice(5)) - 1]}
    </text>
  ));
}

function Bars({ months }: { months: readonly MonthFigures[] }) {
  const { step, y } = scale(months.map((it) => it.soldCents));
  return (
    <>
      <defs>
        <pattern id="rueckerstattet" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" x2="0" y1="0" y2="5" className="stroke-accent stroke-2" />
        </pattern>
      </defs>
      <Lines step={step} y={y} />
      {months.map(({ month, soldCents, refundedCents }, i) => {
        const x = `${left(i + 0.2, months.length)}%`;
        const width = `${left(0.6, months.length)}%`;
        const [top, middle] = [y(soldCents), y(soldCents - refundedCents)];
        return (
          <g key={month} className={i === months.length - 1 ? "opacity-60" : undefined}>
            <rect x={x} width={width} y={top} height={middle - top} fill="url(#rueckerstattet)" />
            <rect x={x} width={width} y={middle} height={FLOOR - middle} className="fill-accent" />
          </g>
        );
      })}
      <Names months={months} />
    </>
  );
}

function Levels({ months }: { months: readonly MonthFigures[] }) {
  const { step, y } = scale(months.map((it) => it.outstandingCents));
  return (
    <>
      {months.map(({ month, outstandingCents }, i) => (
        <rect
          key={month}
          x={`${left(i, months.length)}%`}
          width={`${left(1, months.length)}%`}
          y={y(outstandingCents)}
          height={FLOOR - y(outstandingCents)}
          className="fill-accent-wash"
        />
      ))}
      <Lines step={step} y={y} />
      {months.map(({ month, outstandingCents }, i) => {
        const [from, to] = [`${left(i, months.length)}%`, `${left(i + 1, months.length)}%`];
        const before = y(months[i - 1]?.outstandingCents ?? outstandingCents);
        const at = y(outstandingCents);
        return (
          <g key={month} className="stroke-accent stroke-2">
            {before === at ? null : <line x1={from} x2={from} y1={before} y2={at} />}
            <line x1={from} x2={to} y1={at} y2={at} />
          </g>
        );
      })}
      <Names months={months} />
    </>
  );
}

function salesFinding(months: readonly MonthFigures[], currency: string): string {
  const now = months.at(-1);
  const best = months.reduce((most, it) => (it.soldCents > most.soldCents ? it : most), months[0] as MonthFigures);
  if (!now || best.soldCents === 0) return "Umsatz nach Monat: in den letzten zwölf Monaten keine Zahlung.";
  const running = `${monthName(now.month)} bisher ${formatMoney(now.soldCents, currency)}`;
  return `Umsatz nach Monat: ${running}, am meisten im ${monthName(best.month)} mit ${formatMoney(best.soldCents, currency)}.`;
}

function openFinding(months: readonly MonthFigures[], currency: string): string {
  const [first, now] = [months[0], months.at(-1)];
  if (!first || !now) return "Offene Guthaben: keine.";
  const from = formatMoney(first.outstandingCents, currency);
  return `Offene Guthaben zum Verkaufswert: heute ${formatMoney(now.outstandingCents, currency)}, Ende ${monthName(first.month)} ${from}.`;
}

function Heads({ caption, names }: { caption: string; names: Array<[name: string, minor?: "minor"]> }) {
  return (
    <>
      <caption className="pt-2 text-start text-sm text-mute">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Monat</th>
          {names.map(([name, minor]) => (
            <th key={name} scope="col" className={`text-end ${minor ? "max-sm:hidden" : ""}`}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
    </>
  );
}

/** A month's row; on a phone the minor figures stand under the month. */
function Row({ month, minor, cells }: { month: string; minor: string; cells: Array<[text: string, minor?: "minor"]> }) {
  return (
    <tr>
      <th scope="row" className="font-normal">
        {monthName(month)}
        <span className="block text-sm text-mute sm:hidden">{minor}</span>
      </th>
      {cells.map(([text, isMinor], i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: columns do not move
        <td key={i} className={`num text-end ${isMinor ? "max-sm:hidden" : ""}`}>
          {text}
        </td>
      ))}
    </tr>
  );
}

function SalesTable({ months, currency }: { months: readonly MonthFigures[]; currency: string }) {
  const names: Array<[string, "minor"?]> = [
    ["Zahlungen"],
    ["Rückerstattet", "minor"],
    ["Verlorene Anfechtungen", "minor"],
    ["Netto"],
    ["Bestellungen", "minor"],
  ];
  return (
    <table className="table">
      <Heads caption={`Nach Monat der Zahlung, in ${currency}.`} names={names} />
      <tbody>
        {months.map((it) => (
          <Row
            key={it.month}
            month={it.month}
            minor={`${formatAmount(it.refundedCents)} rückerstattet, ${formatAmount(it.lostCents)} verloren, ${formatCount(it.orders)} ${it.orders === 1 ? "Bestellung" : "Bestellungen"}`}
            cells={[
              [formatAmount(it.soldCents)],
              [formatAmount(it.refundedCents), "minor"],
              [formatAmount(it.lostCents), "minor"],
              [formatAmount(it.netCents)],
              [formatCount(it.orders), "minor"],
            ]}
          />
        ))}
      </tbody>
    </table>
  );
}

function OpenTable({ months, currency }: { months: readonly MonthFigures[]; currency: string }) {
  const names: Array<[string, "minor"?]> = [
    ["30 Tage", "minor"],
    ["365 Tage", "minor"],
    ["Geräte-Slots", "minor"],
    ["Verfallen", "minor"],
    ["Total"],
    [`Wert in ${currency}`],
  ];
  return (
    <table className="table">
      <Heads caption="Credits am Monatsende, aller Währungen; der Wert zum Verkaufspreis." names={names} />
      <tbody>
        {months.map((it) => (
          <Row
            key={it.month}
            month={it.month}
            minor={`${CREDIT_TYPES.map((type, i) => `${formatCount(it.outstanding[type])} ${names[i]?.[0]}`).join(", ")}, ${formatCount(it.expired)} verfallen`}
            cells={[
              ...CREDIT_TYPES.map((type): [string, "minor"] => [formatCount(it.outstanding[type]), "minor"]),
              [formatCount(it.expired), "minor"],
              [formatCount(totalOpen(it))],
              [formatAmount(it.outstandingCents)],
            ]}
          />
        ))}
      </tbody>
    </table>
  );
}
