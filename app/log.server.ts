import pino from "pino";

/**
 * JSON lines on standard output. The level comes straight from the environment, because the log must work
 * before the environment has been checked.
 */
export const log = pino({ level: process.env.LOG_LEVEL || "info", base: null });
