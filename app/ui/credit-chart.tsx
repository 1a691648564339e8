/** The chart of credits over time, with its values as a table. */
export function CreditChart({ drawing }: { drawing: string }) {
  // biome-ignore lint/security/noDangerouslySetInnerHtml: drawn by ui/credit-chart.server from numbers and fixed words
  return <figure className="min-w-0" dangerouslySetInnerHTML={{ __html: drawing }} />;
}
