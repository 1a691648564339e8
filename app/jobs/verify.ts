import { verifyBooks } from "~/billing/verification.server";
import { command } from "./command.server";

/**
 * `npm run verify`: checks every invariant of the books and names each row, lot or order that offends one; exits 1 then.
 * `-- --digest <hex>`: also that the reports still have this digest, taken from the log of a reconciliation.
 */
await command(
  async ({ sql, args, say }) => {
    const [option, digest, ...more] = args;
    // What is not understood must not pass as checked.
    if (option !== undefined && (option !== "--digest" || !digest || more.length > 0)) {
      throw new Error("npm run verify, or npm run verify -- --digest <hex>");
    }
    const began = performance.now();
    const { rows, lots, findings } = await verifyBooks(sql, { digest });
    for (const { rule, subject, detail } of findings) say(`${rule}: ${subject}: ${detail}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(`${rows} ledger rows and ${lots} lots checked in ${seconds} s: ${findings.length} faults.`);
    return findings.length === 0;
  },
  { needsStripe: false },
);
