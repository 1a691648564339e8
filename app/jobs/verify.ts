import { verifyBooks } from "~/billing/verification.server";
import { command } from "./command.server";

/**
 * `npm run verify`: checks every invariant of the books and names each row, lot or order that offends one; exits 1 then.
 * `-- --digest <hex>`: also that the reports still have this digest, taken from the log of a reconciliation.
 */
await command(
  async ({ sql, args, say }) => {
    const at = args.indexOf("--digest");
    const began = performance.now();
    const { rows, lots, findings } = await verifyBooks(sql, { digest: at < 0 ? undefined : args[at + 1] });
    for (const { rule, subject, detail } of findings) say(`${rule}: ${subject}: ${detail}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(`${rows} ledger rows and ${lots} lots checked in ${seconds} s: ${findings.length} faults.`);
    return findings.length === 0;
  },
  { needsStripe: false },
);
