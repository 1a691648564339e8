import { Link } from "@remix-run/react";
import type { CreditType } from "~/billing/credit-types";
import type { CreditWords } from "./overview-words";
import { SPENDING } from "./words.de";

/** The three kinds of credits, always all three, with how many are usable now and what one of them does. */
export function CreditRows({
  credits,
  urgent,
  refusedId,
}: {
  credits: CreditWords[];
  /** The type whose activation is the page's primary action. */
  urgent: CreditType | null;
  /** The id of the sentence that says why this person may not spend; null when they may. */
  refusedId: string | null;
}) {
  return (
    <ul>
      {credits.map(({ type, name, usable, text, buy }) => (
        <li
          key={type}
          className="flex flex-wrap items-center gap-x-2 gap-y-3 border-line border-b py-4 last:border-0"
          data-testid={`credits-${type}`}
        >
          <p className={`num min-w-16 text-2xl font-semibold tracking-tight ${usable === 0 ? "text-mute" : ""}`}>
            {usable}
          </p>
          <div className="min-w-0 flex-1 basis-40">
            <h3 className="font-medium">{name}</h3>
            <p id={`text-${type}`} className="text-sm text-mute">
              {text}
              {buy ? (
                <>
                  {" "}
                  <Link className="link" to={buy.to}>
                    {buy.label}
                  </Link>
                </>
              ) : null}
            </p>
          </div>
          <Spend
            type={type}
            primary={type === urgent}
            offBecause={refusedId ?? (usable === 0 ? `text-${type}` : null)}
          />
        </li>
      ))}
    </ul>
  );
}

/** The way to the question that comes before a credit is spent. */
function Spend({ type, primary, offBecause }: { type: CreditType; primary: boolean; offBecause: string | null }) {
  const { button, ask } = SPENDING[type];
  if (offBecause) {
    return (
      <button type="button" className="btn btn-secondary min-w-44" disabled aria-describedby={offBecause}>
        {button}
      </button>
    );
  }
  return (
    <Link
      id={ask}
      to={`/admin/billing?bestaetigen=${ask}`}
      preventScrollReset
      className={`btn min-w-44 ${primary ? "btn-primary" : "btn-secondary"}`}
    >
      {button}
    </Link>
  );
}
