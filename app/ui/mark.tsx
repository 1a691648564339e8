/** The logo: waves and a dot, with the name beside it. */
export function Mark() {
  return (
    <span className="inline-flex items-center gap-2.5 text-md font-semibold tracking-tight">
      <svg aria-hidden="true" className="size-6 shrink-0" viewBox="0 0 24 24" fill="none">
        <path
          d="M4 20A16 16 0 0 1 20 4M9 20a11 11 0 0 1 11-11"
          stroke="currentColor"
          strokeWidth="2"
          strokeLinecap="round"
        />
        <circle cx="17.5" cy="17.5" r="3.5" className="fill-brand" />
      </svg>
      LeadRadar
    </span>
  );
}
