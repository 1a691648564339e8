/** What is wrong with a form, above it; takes the focus without JavaScript, too. `fields`: input id and its sentence. */
export function ErrorSummary({ title, fields }: { title: string; fields: Array<{ id: string; text: string }> }) {
  return (
    <div tabIndex={-1} autoFocus className="mb-6 rounded-md border-2 border-danger px-4 py-3">
      <div role="alert">
        <h2 className="text-base font-semibold text-danger">{title}</h2>
        <ul className="mt-1 grid gap-1">
          {fields.map((field) => (
            <li key={field.id}>
              <a className="link target" href={`#${field.id}`}>
                {field.text}
              </a>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
