/** Above this many slots single segments would be too thin to count. */
const MAX_SEGMENTS = 12;

/** The slots as a row of bars, drawn with percentages so that no inline style is needed. */
export function Segments({ taken, all }: { taken: number; all: number }) {
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
