import { expireLots } from "~/billing/credits.server";
import { command } from "./command.server";

/** `npm run expire`: books what has lapsed, so that the ledger's sum is what can be used. A second run finds nothing. */
await command(
  async ({ sql, say }) => {
    const booked = await expireLots(sql);
    say(booked === 1 ? "1 lot booked as lapsed." : `${booked} lots booked as lapsed.`);
    return true;
  },
  { needsStripe: false },
);
