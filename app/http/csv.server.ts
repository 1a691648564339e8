const BYTE_ORDER_MARK = "\ufeff";

/** The first line of a CSV file for Excel in de-CH: UTF-8 with its mark, fields apart by semicolons. */
export function csvHead(names: readonly string[]): string {
  return BYTE_ORDER_MARK + csvLine(names);
}

/**
 * One line of CSV. Numbers stay numbers; text that a spreadsheet would take for a formula (= + - @, also after blanks) is made harmless with an
 * apostrophe; text is quoted where it must be.
 */
export function csvLine(cells: ReadonlyArray<string | number | null>): string {
  return `${cells.map(csvCell).join(";")}\r\n`;
}

function csvCell(cell: string | number | null): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text =
    /^[\s\u00a0\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212|]/.test(cell) || /^[\t\r\n]/.test(cell) ? `'${cell}` : cell;
  return /[;"\r\n,\t']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
