interface Problem {
  /** The id of the input that must change; null when no input is at fault. */
  field: string | null;
  text: string;
}

/** What is wrong with a form, above it; takes the focus without JavaScript, too. */
export function ErrorSummary({ title, problems }: { title: string; problems: Problem[] }) {
  return (
    <div tabIndex={-1} autoFocus className="mb-6 rounded-md border-2 border-danger px-4 py-3">
      <div role="alert">
        <h2 className="text-base font-semibold text-danger">{title}</h2>
        <ul className="mt-1 grid gap-1">
          {problems.map(({ field, text }) => (
            <li key={text}>
              {field ? (
                <a className="link target" href={`#${field}`}>
                  {text}
                </a>
              ) : (
                text
              )}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
