/** A line of the JSON viewer: blanks, the key with its colon, the value, what follows. */
export interface JsonLine {
  indent: string;
  key: string;
  value: string;
  tail: string;
  /** A number, true, false, null: set off by its colour. */
  isNumber: boolean;
  /** The value that is at fault. */
  isFaulty: boolean;
}

/** Indented JSON as lines for the viewer. `faulty`: what is marked. Run by the loader. */
export function jsonLines(json: string, faulty: { keys: string[]; value: string } | null): JsonLine[] {
  return json.split("\n").map((line) => {
    const [, indent = "", key = "", value = "", tail = ""] =
      /^(\s*)("(?:[^"\\]|\\.)*": )?("(?:[^"\\]|\\.)*"|[^,]*?)(,?)$/.exec(line) ?? [line, "", "", line, ""];
    const name = key.slice(1, -3);
    const plain = value.replaceAll('"', "").toLowerCase();
    return {
      indent,
      key,
      value,
      tail,
      isNumber: /^(-?\d|true$|false$|null$)/.test(value),
      isFaulty: faulty?.keys.includes(name) === true && plain === faulty.value,
    };
  });
}
