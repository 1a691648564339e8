import type { CreditHistory, HistoryStep } from "~/billing/credit-history";
import { formatChange, formatCount, formatDay } from "./format";
import { CREDIT_NAME, REASON_NAME } from "./words.de";

/** More rows than this are said by the month. */
const MOST_ROWS = 60;

/** The values of the chart as rows of a table, oldest first. Run by the loader. */
export function historyRows({ types, today }: CreditHistory) {
  const steps = types.flatMap((it) => [...it.past, ...it.future]).sort((a, b) => a.day - b.day);
  const byMonth = steps.length > MOST_ROWS;
  const shown = byMonth ? sumMonths(steps) : steps;
  const rows = shown.map((step, i) => ({
    key: `${step.day}-${step.type}-${step.reason}-${i}`,
    when: byMonth ? formatDay(step.day, "month") : formatDay(step.day, "full"),
    credit: CREDIT_NAME[step.type],
    what: `${REASON_NAME[step.reason]} ${formatChange(step.delta)}${step.day > today ? ", vorgesehen" : ""}`,
    after: formatCount(Math.max(0, step.after)),
  }));
  return { rows, caption: byMonth ? "Nach Monaten, Bestand am Ende." : "Jede Änderung, Bestand danach." };
}

/** One step per month, type and reason; its remainder is that of its last day. */
function sumMonths(steps: HistoryStep[]): HistoryStep[] {
  const months = new Map<string, HistoryStep>();
  for (const step of steps) {
    const key = `${formatDay(step.day, "month")} ${step.type} ${step.reason}`;
    const sum = months.get(key);
    months.set(key, sum ? { ...step, day: sum.day, delta: sum.delta + step.delta } : step);
  }
  return [...months.values()].filter((step) => step.delta !== 0);
}
