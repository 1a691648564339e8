const RINGS = [110, 210, 310, 410, 510, 610, 710, 830];
const DOTS = [
  { x: 25, y: 46 },
  { x: 49, y: 34 },
  { x: 16, y: 79 },
  { x: 64, y: 75 },
];

/** Decoration beside the login: rings, a beam, five finds. */
export function RadarPicture() {
  return (
    <div className="relative hidden overflow-hidden bg-sunken lg:block">
      <svg
        aria-hidden="true"
        className="absolute inset-0 size-full"
        viewBox="0 0 100 120"
        preserveAspectRatio="xMaxYMax slice"
        fill="none"
      >
        <path d="M100 120L61 8A118 118 0 0 1 100 1z" className="fill-hover" />
        {RINGS.map((radius) => (
          <circle key={radius} cx="100" cy="120" r={radius / 7} className="stroke-line" strokeWidth="0.150" />
        ))}
        {DOTS.map((dot) => (
          <circle key={dot.x} cx={dot.x} cy={dot.y} r="0.800" className="fill-ink" />
        ))}
        <circle cx="58" cy="62" r="3" className="stroke-brand" strokeWidth="0.150" />
        <circle cx="58" cy="62" r="1.200" className="fill-brand" />
      </svg>
    </div>
  );
}
