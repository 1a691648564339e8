import type { ReactNode } from "react";

export type Tone = "neutral" | "positive" | "notice" | "danger" | "info";

const TONE_CLASS: Record<Tone, string> = {
  neutral: "",
  positive: "badge-positive",
  notice: "badge-notice",
  danger: "badge-danger",
  info: "badge-info",
};

/** Icon, word and tone together: colour never stands alone. */
export function Badge({ tone, icon, children }: { tone: Tone; icon: ReactNode; children: ReactNode }) {
  return (
    <span className={`badge ${TONE_CLASS[tone]}`}>
      {icon}
      {children}
    </span>
  );
}
