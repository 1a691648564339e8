import { Link } from "@remix-run/react";
import type { CreditWords } from "./overview-words";

/** The three kinds of credits, always all three, with how many are usable now. */
export function CreditRows({ credits }: { credits: CreditWords[] }) {
  return (
    <ul>
      {credits.map(({ type, name, usable, text, buy }) => (
        <li
          key={type}
          className="flex items-center gap-x-2 border-line border-b py-4 last:border-0"
          data-testid={`credits-${type}`}
        >
          <p className={`num min-w-16 text-2xl font-semibold tracking-tight ${usable === 0 ? "text-mute" : ""}`}>
            {usable}
          </p>
          <div className="min-w-0">
            <h3 className="font-medium">{name}</h3>
            <p className="text-sm text-mute">
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
        </li>
      ))}
    </ul>
  );
}
