import pino from "pino";

// Straight from the environment, because the log must work before the environment has been checked.
const asked = process.env.LOG_LEVEL ?? "";
const level = asked === "silent" || asked in pino.levels.values ? asked : "info";

/** JSON lines on standard output. */
export const log = pino({ level, base: null });
