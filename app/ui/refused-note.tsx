/** Why a viewer's buttons are off; the buttons point at it. */
export function RefusedNote({ id }: { id: string }) {
  return (
    <p id={id} className="mb-6 text-soft">
      Nur Inhaber/in und Admin dürfen das.
    </p>
  );
}
