import type { JsonLine } from "./json-lines";

/** JSON to look through, in a box of its own that scrolls. */
export function JsonViewer({ label, lines }: { label: string; lines: JsonLine[] }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: preformatted text that is a landmark besides
    <pre
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      role="region"
      aria-label={label}
      className="h-96 overflow-auto rounded-md bg-sunken p-4 font-mono text-xs"
    >
      {lines.map(({ indent, key, value, tail, isNumber, isFaulty }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one text keep their places
        <span key={i}>
          {indent}
          {isFaulty ? (
            <mark className="bg-danger-wash text-danger">{key + value}</mark>
          ) : (
            <>
              {key ? <span className="text-soft">{key}</span> : null}
              {isNumber ? <span className="text-accent">{value}</span> : value}
            </>
          )}
          {`${tail}\n`}
        </span>
      ))}
    </pre>
  );
}
