import { expect, test } from "vitest";
import { FINDINGS } from "./audit";
import { runChaos } from "./run";

/** `npm run chaos` in small: its own database, local Stripe and servers, one seed. */
test("150 purchases while servers are killed, PostgreSQL crashes and replies get lost: the books agree with Stripe", {
  timeout: 180_000,
}, async () => {
  const { figures, faults } = await runChaos({
    purchases: 150,
    seed: 20_260,
    buyers: 8,
    killEveryMs: 3_000,
    restartEveryMs: 4_000,
    restarts: 1,
    apiTroubleEveryMs: 1_500,
    cutPercent: 3,
    limitMs: 120_000,
    quietMs: 10_000,
    signal: new AbortController().signal,
  });
  expect(faults).toEqual([]);
  for (const kind of Object.keys(FINDINGS)) expect([kind, figures[kind]]).toEqual([kind, 0]);
  expect(figures).toMatchObject({ purchases: 150, "database restarts": 1, "servers that ended by themselves": 0 });
  // the run means nothing unless all of it happened
  for (const name of ["kills", "duplicates", "corrupted copies", "dropped attempts", "commits cut"]) {
    expect([name, Number(figures[name]) > 0]).toEqual([name, true]);
  }
});
