const CENTRE = { x: 754, y: 900 };
const RINGS = [120, 230, 340, 450, 560, 670, 780, 890];
/** Every dot lies on a ring. */
const DOTS = [
  { x: 293, y: 414 },
  { x: 491, y: 405 },
  { x: 227, y: 708 },
  { x: 498, y: 677 },
];

/** Decoration beside the login: rings, a beam over them, five finds. */
export function RadarPicture() {
  return (
    <div className="relative hidden overflow-hidden bg-sunken lg:block">
      <svg
        aria-hidden="true"
        className="absolute inset-0 size-full"
        viewBox={`0 0 ${CENTRE.x} ${CENTRE.y}`}
        preserveAspectRatio="xMaxYMax slice"
        fill="none"
      >
        {RINGS.map((radius) => (
          <circle key={radius} cx={CENTRE.x} cy={CENTRE.y} r={radius} className="stroke-line" />
        ))}
        <path d="M754 900L460 59A890 890 0 0 1 754 10z" className="fill-hover" />
        {DOTS.map((dot) => (
          <circle key={dot.x} cx={dot.x} cy={dot.y} r="5" className="fill-ink" />
        ))}
        <circle cx="436" cy="583" r="22" className="stroke-brand opacity-50" />
        <circle cx="436" cy="583" r="9" className="fill-brand" />
      </svg>
    </div>
  );
}
